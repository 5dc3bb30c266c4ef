#include "kiln/prob/log_mean_exp.h"

#include <ATen/ATen.h>

#include <cmath>

#include "kiln/core/error.h"

namespace kiln {

void LogMeanExp::add(const Tensor& values) {
  const auto part = torch::logsumexp(values, 0);
  log_sum_ = log_sum_.defined() ? torch::logaddexp(log_sum_, part) : part;
  count_ += values.size(0);
}

Tensor LogMeanExp::value() const {
  KILN_ASSERT(count_ > 0);
  return log_sum_ - std::log(static_cast<double>(count_));
}

}  // namespace kiln
