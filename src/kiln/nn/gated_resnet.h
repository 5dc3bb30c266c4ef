#pragma once

#include "kiln/core/rng.h"
#include "kiln/nn/shifted_conv.h"

namespace kiln {

struct GatedResnetOptions {
  std::int64_t maps;       ///< F.
  std::int64_t side = 0;   ///< Maps of a second input; 0: none.
  ShiftedKernel kernel;    ///< Of both convolutions.
  double dropout = 0;      ///< Share of the numbers before the second one that training drops.
  std::int64_t given = 0;  ///< K, numbers that it is given; 0: nothing.
};

/// A residual block of PixelCNN++, arXiv:1701.05517, section 2.5 and the authors' code:
///
///   t = conv(cELU(x)) + 1x1(cELU(side)),  a, b = conv(dropped cELU(t)) + V_y,  x + a sigmoid(b)
///
/// cELU(x) = ELU([x, -x]).  The second convolution begins with a tenth of the usual deviation.
class GatedResnetImpl : public torch::nn::Module {
 public:
  explicit GatedResnetImpl(const GatedResnetOptions& options);

  /// x [B, F, H, W], side [B, S, H, W] or undefined, given [B, K] or undefined -> [B, F, H, W].
  /// With `dropout` numbers are dropped by what it draws.
  Tensor forward(const Tensor& x, const Tensor& side, const Tensor& given, Rng* dropout);

  ShiftedConv first, second;
  ShiftedConv beside{nullptr};  ///< Without a second input: none.
  Tensor label;                 ///< V [K, 2F], or undefined.

 private:
  double dropout_;
};
TORCH_MODULE(GatedResnet);

/// ELU([x, -x]) along the maps: [B, F, H, W] -> [B, 2F, H, W].
Tensor concat_elu(const Tensor& maps);

/// The same at one pixel, in three steps, so that a row can be finished before a kernel that reads
/// to the right goes on.
class LaneGatedResnet {
 public:
  LaneGatedResnet(const GatedResnetImpl& block, const Tensor& given, std::int64_t width,
                  std::int64_t lanes);
  void enter(std::int64_t row, std::int64_t column, const float* x);
  /// side: [S, lanes] or null.
  void middle(std::int64_t row, std::int64_t column, const float* side);
  void leave(std::int64_t row, std::int64_t column, const float* x, float* out);

 private:
  std::int64_t maps_, side_, lanes_;
  LaneConv first_, second_, beside_;
  LaneRows in_, middle_;  // cELU of what the convolutions read
  LaneMemory sum_, side_in_, gates_, label_;
};

}  // namespace kiln
