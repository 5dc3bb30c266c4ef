#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/pimpl.h>

#include "kiln/core/tensor.h"

namespace kiln {

struct ResidualGeneratorOptions {
  std::int64_t in = 3, out = 3;  ///< Channels.
  std::int64_t filters = 64;     ///< Next to the picture; 4 times that in the blocks.
  std::int64_t blocks = 9;
  bool skip = false;  ///< The picture is added: see with_picture.
};

/// A picture becomes another one of its size: a 7 x 7 layer, two halvings, residual blocks of two
/// 3 x 3 layers, two doublings by transposed convolutions, a 7 x 7 layer and tanh.  Zhu, Park,
/// Isola & Efros 2017, arXiv:1703.10593, appendix 7.2, after Johnson, Alahi & Fei-Fei 2016,
/// arXiv:1603.08155.  Reflection padding in the 7 x 7 layers and the blocks; instance normalisation
/// with weights of its own behind every layer but the last, which alone has a bias: elsewhere the
/// normalisation would take it away.
///
/// x [B, in, H, W] -> [B, out, H, W] in [-1, 1]; sides below 16, or that 4 does not divide, are
/// padded by their edges and cut off again.
class ResidualGeneratorImpl : public torch::nn::Cloneable<ResidualGeneratorImpl> {
 public:
  explicit ResidualGeneratorImpl(const ResidualGeneratorOptions& options);
  void reset() override;
  Tensor forward(const Tensor& x);

 private:
  ResidualGeneratorOptions options_;
  torch::nn::Sequential layers_{nullptr};
};
TORCH_MODULE(ResidualGenerator);

}  // namespace kiln
