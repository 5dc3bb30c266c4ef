#pragma once

#include <torch/nn/module.h>

#include <string_view>

#include "kiln/core/tensor.h"

namespace kiln {

/// Throws ConfigError, naming the first, for a column that does not vary: it has no density.
/// mean and deviation [D].
void check_columns_vary(std::string_view where, const Tensor& mean, const Tensor& deviation);

/// y = (x - shift) / scale, number by number, in float64.  shift and scale [D] are buffers, 0 and 1
/// until they are set.
class Standardiser : public torch::nn::Module {
 public:
  explicit Standardiser(std::int64_t dims);

  /// shift = mean, scale = deviation, each [D].  Throws ShapeError for another size, ConfigError
  /// for a column that does not vary.
  void set(std::string_view where, const Tensor& mean, const Tensor& deviation);
  Tensor standard(const Tensor& x) const { return (x - shift_) / scale_; }  ///< [..., D].
  Tensor own_units(const Tensor& y) const { return y * scale_ + shift_; }   ///< [..., D].
  double log_volume() const;  ///< sum_d log scale_d, nats: log p(x) = log p(y) - this.

 private:
  Tensor shift_, scale_;
};

}  // namespace kiln
