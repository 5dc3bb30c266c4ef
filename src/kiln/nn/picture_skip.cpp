#include "kiln/nn/picture_skip.h"

#include <torch/types.h>

namespace kiln {

Tensor with_picture(const Tensor& y, const Tensor& x) {
  constexpr double kWithin = .98;
  return at::tanh(y + at::atanh(kWithin * x));
}

}  // namespace kiln
