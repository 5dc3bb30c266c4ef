#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/functional/instancenorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/instancenorm.h>
#include <torch/nn/pimpl.h>

#include <string_view>
#include <vector>

#include "kiln/core/rng.h"
#include "kiln/core/tensor.h"
#include "kiln/nn/conv2d.h"
#include "kiln/nn/transposed_conv.h"

namespace kiln {

struct UnetOptions {
  std::int64_t in = 3, out = 3;  ///< Channels.
  std::int64_t filters = 64;     ///< Next to the picture; they double up to 8 times that.
  std::int64_t halvings = 8;
  double dropout = 0.5;  ///< In the three widest layers on the way up.
  bool skip = false;     ///< The picture is added: see with_picture.
};

/// How often a picture can be halved: until a side is 1 or odd, at most 8 times.
std::int64_t most_halvings(std::int64_t height, std::int64_t width);

/// Throws ConfigError, beginning with `where`, unless both sides can be halved so often, and at
/// least twice.
void check_halvings(std::string_view where, std::int64_t halvings, std::int64_t height,
                    std::int64_t width);

/// A U-Net: a picture is halved `halvings` times and doubled again, and every layer on the way up
/// also sees the layer of its size on the way down.  Isola et al. 2017, arXiv:1611.07004, appendix
/// 6.1.1.  x [B, in, H, W] -> [B, out, H, W] in [-1, 1]; sides that 2^halvings does not divide are
/// padded by their edges and cut off again.
/// Differs from the paper: instance normalisation, which is what its batch normalisation of single
/// items is; so no item depends on its companions.  None at the bottleneck.
class UnetImpl : public torch::nn::Cloneable<UnetImpl> {
 public:
  explicit UnetImpl(const UnetOptions& options);
  void reset() override;

  /// With `dropout` units are dropped by its numbers, also when the net is used: that is its only
  /// noise.  Null: none is.
  Tensor forward(const Tensor& x, Rng* dropout);

 private:
  std::int64_t filters_at(std::int64_t level) const;
  Tensor down(const Tensor& x, std::size_t level);

  UnetOptions options_;
  std::vector<Conv2d> down_;
  std::vector<TransposedConv2d> up_;
  std::vector<torch::nn::InstanceNorm2d> down_norm_, up_norm_;  // of levels 1 .. halvings - 2, ...
};
TORCH_MODULE(Unet);

}  // namespace kiln
