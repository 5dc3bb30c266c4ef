#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include "kiln/nn/lane_network.h"

namespace kiln {

/// A kernel of a shifted convolution: rows and columns, and where its first number lies, seen from
/// the output's pixel.
struct ShiftedKernel {
  std::int64_t rows = 1, columns = 1;
  std::int64_t down = 0, right = 0;  ///< Of the first number: -1, -1 is above and to the left.
};

struct ShiftedConvOptions {
  std::int64_t in, out;
  ShiftedKernel kernel = {};
  std::int64_t stride = 1;  ///< 2: every second pixel of every second row.
  bool transposed = false;  ///< With stride 2: twice as many rows and columns.
  double scale = 1;         ///< Deviation of the outputs of the first batch.
};

/// A convolution whose kernel lies above and to the left of a pixel, with weight normalisation:
/// W = g v / |v| for each output.  Salimans et al. 2017, arXiv:1701.05517; Salimans & Kingma 2016,
/// arXiv:1602.07868, section 3, whose start from data it takes: on the first batch every output map
/// has mean 0 and deviation `scale`; one that does not vary there keeps g = `scale`.
class ShiftedConvImpl : public torch::nn::Module {
 public:
  explicit ShiftedConvImpl(const ShiftedConvOptions& options);

  Tensor forward(const Tensor& maps);  ///< [B, in, H, W] -> [B, out, H', W'].
  /// While it is true, forward() first sets g and b by what it is given.
  void start_from_data(bool yes) { starting_ = yes; }

  Tensor effective_weight() const;  ///< W, [out, in, rows, columns], of transposed [in, out, ...].
  /// At one pixel; of a strided one at twice the output's row and column.
  LaneConv lane(std::int64_t lanes) const;
  /// Of a transposed one: at pixels of these row and column numbers' remainders by two.  It reads
  /// the coarse maps at half of the numbers.
  LaneConv lane_at(std::int64_t row, std::int64_t column, std::int64_t lanes) const;

  Tensor weight_v, weight_g, bias;  ///< v shaped as W; [out]; [out].

 private:
  Tensor convolved(const Tensor& maps, const Tensor& weight, const Tensor& added) const;

  ShiftedConvOptions options_;
  bool starting_ = false;
};
TORCH_MODULE(ShiftedConv);

}  // namespace kiln
