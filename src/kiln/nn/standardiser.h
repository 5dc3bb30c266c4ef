#pragma once

#include <torch/nn/module.h>

#include <string_view>

#include "kiln/core/tensor.h"

namespace kiln {

/// Throws ConfigError, naming the first, for a column that does not vary: it has no density.
/// mean and deviation [D].
void check_columns_vary(std::string_view where, const Tensor& mean, const Tensor& deviation);

/// y = (x - shift) / scale, number by number, in the type that is given.
struct NumberScale {
  Tensor shift, scale;  ///< Each [D].

  Tensor standard(const Tensor& x) const;   ///< [..., D].
  Tensor own_units(const Tensor& y) const;  ///< [..., D].
  double log_volume() const;  ///< sum_d log scale_d, nats: log p(x) = log p(y) - this.
};

/// The mean and the root mean square deviation of items [N, D], in float64; a number that does not
/// vary is only shifted.  Throws ShapeError.
NumberScale scale_of_items(std::string_view where, const Tensor& items);

/// A scale that a model keeps in float64: buffers shift and scale, 0 and 1 until they are set.
class Standardiser : public torch::nn::Module {
 public:
  explicit Standardiser(std::int64_t dims);

  /// shift = mean, scale = deviation, each [D].  Throws ShapeError for another size, ConfigError
  /// for a column that does not vary.
  void set(std::string_view where, const Tensor& mean, const Tensor& deviation);
  const NumberScale& scale() const { return scale_; }

 private:
  NumberScale scale_;
};

}  // namespace kiln
