#pragma once

#include <torch/nn/module.h>

#include "kiln/core/rng.h"
#include "kiln/core/tensor.h"

namespace kiln {

/// Pictures that a generator made in earlier rounds, so that the critic does not forget what it has
/// seen.  Shrivastava et al. 2017, arXiv:1612.07828, section 2.3, in the form of Zhu et al. 2017,
/// arXiv:1703.10593, section 4.
///
/// Buffers: "pictures" [N, C, H, W] and "held", how many of them there are; training state.
class ImagePool : public torch::nn::Module {
 public:
  /// N = `most` pictures; 0: none, and every picture goes through.
  ImagePool(std::int64_t most, std::int64_t channels, std::int64_t height, std::int64_t width);

  /// One picture after the other: while there is room it is kept and given back; then, with
  /// probability 1/2 each, it is given back, or takes the place of one of the pool, which is given
  /// back instead.  x [B, C, H, W] -> the same shape, without gradient.
  Tensor exchange(const Tensor& x, Rng& rng);

  std::int64_t held() const;

 private:
  Tensor pictures_, held_;
};

}  // namespace kiln
