#include "kiln/nn/adversarial/minibatch_deviation.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "kiln/core/error.h"

namespace kiln {

// sqrt(variance + 1e-8) keeps a slope where the items are equal.
Tensor minibatch_deviation(const Tensor& x, std::int64_t group) {
  const auto groups = x.size(0) / group;
  if (groups * group != x.size(0))
    throw ShapeError("critic.minibatch_deviation",
                     fmt::format("{} rows are no multiple of {}; give such a number of items or of "
                                 "packs",
                                 x.size(0), group));
  const auto variance = x.reshape({groups, group, -1}).var(1, /*unbiased=*/false);
  return (variance + 1e-8).sqrt().mean(1).repeat_interleave(group, 0);
}

}  // namespace kiln
