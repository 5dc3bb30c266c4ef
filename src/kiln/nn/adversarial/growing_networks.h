#pragma once

#include <cstdint>
#include <vector>

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include "kiln/core/tensor.h"
#include "kiln/nn/equalized.h"

namespace kiln {

// The two networks of Karras et al. 2018, arXiv:1710.10196, table 2, at every size that they grow
// through.  Level l makes and sees pictures of first 2^l pixels a side.  Between two levels both
// are blended: alpha 0 is the lower level alone, its pictures enlarged, alpha 1 the higher one
// alone.

struct GrowingOptions {
  std::int64_t channels = 3;
  std::int64_t first = 4;       ///< Pixels a side at level 0.
  std::int64_t levels = 4;      ///< first 2^(levels - 1) pixels a side at last.
  std::int64_t features = 512;  ///< Maps of the first four levels; halved with every one on.
  std::int64_t latent = 512;    ///< J.
  bool deviation = true;        ///< The critic sees the deviation among kGroup neighbours.
};

/// Where a network stands in its growth.
struct Growth {
  std::int64_t level = 0;
  double alpha = 1;  ///< Of this level, beside the one below.
};

/// Maps at a level: `features` at the first four (to 32 pixels from 4), then halved, 1 at least.
std::int64_t growing_features(const GrowingOptions& options, std::int64_t level);

/// Upsampling by nearest neighbours: [B, C, S, S] -> [B, C, 2 S, 2 S].
Tensor doubled(const Tensor& x);
/// Average pooling of 2 x 2 pixels: [B, C, 2 S, 2 S] -> [B, C, S, S].
Tensor halved(const Tensor& x);
/// Low + alpha (high - low); for alpha 1 `high` itself.
Tensor blended(const Tensor& low, const Tensor& high, double alpha);

/// z [B, J] -> [B, C, side, side], about -1 to 1.  Convolutions with bias, leaky ReLUs of slope 0.2
/// and pixel normalisation, two a level behind a doubling; a linear 1 x 1 layer makes the picture.
class GrowingGeneratorImpl : public torch::nn::Module {
 public:
  explicit GrowingGeneratorImpl(const GrowingOptions& options);
  Tensor forward(const Tensor& z, const Growth& growth);

 private:
  Tensor first(const Tensor& z);

  GrowingOptions options_;
  EqualizedLinear dense_{nullptr};
  Tensor dense_bias_;                      // one number a map
  std::vector<EqualizedConv2d> convs_;     // one at level 0, then two a level
  std::vector<EqualizedConv2d> pictures_;  // "to_picture", the paper's toRGB, one a level
};
TORCH_MODULE(GrowingGenerator);

/// [B, C, side, side] -> outputs [B].  Mirrors the generator, without normalisation, halving by
/// average pooling.
class GrowingCriticImpl : public torch::nn::Module {
 public:
  static constexpr std::int64_t kGroup = 4;

  explicit GrowingCriticImpl(const GrowingOptions& options);
  /// With the deviation B must be a multiple of kGroup; throws ShapeError.
  Tensor forward(const Tensor& x, const Growth& growth);

 private:
  Tensor seen(const Tensor& x, std::int64_t level);

  GrowingOptions options_;
  std::vector<EqualizedConv2d> pictures_;  // "from_picture", the paper's fromRGB, one a level
  std::vector<EqualizedConv2d> convs_;     // two a level from level 1 up, then that of level 0
  EqualizedLinear dense_{nullptr}, out_{nullptr};
};
TORCH_MODULE(GrowingCritic);

}  // namespace kiln
