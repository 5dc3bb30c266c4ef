#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <cstdint>
#include <vector>

#include "kiln/core/tensor.h"

namespace kiln {

/// The channel of a pixel that each feature map stands for: map i of `maps` belongs to a block of
/// neighbours, one block for each channel; where the channels do not divide the maps, the first
/// blocks have one map more.
std::vector<std::int64_t> channel_groups(std::int64_t maps, std::int64_t channels);
/// `times` such lists behind each other: the halves of a gate, the four gates of an LSTM.
std::vector<std::int64_t> repeated(const std::vector<std::int64_t>& groups, std::int64_t times);

/// What an output at a pixel may read.
enum class ConvMask {
  a,    ///< Pixels before it, and of the pixel itself channels before its own.
  b,    ///< And its own channel.
  rows  ///< The rows that the kernel reaches, whole: for maps that are read one row further down.
};

struct MaskedConvOptions {
  std::vector<std::int64_t> in, out;   ///< The channel of each map.
  std::int64_t rows = 1, columns = 1;  ///< Of the kernel.
  bool to_the_left = false;            ///< Its own column is the last one, not the middle.
  ConvMask mask = ConvMask::b;
  bool wrap = false;  ///< To the left of a row lies the end of the row above, as far as it goes.
  bool bias = true;
  double gain = 1;  ///< Times the deviation of the first weights; sqrt 2 before a ReLU.
};

/// Where a weight of a kernel reads, seen from the output's pixel.
struct Tap {
  std::int64_t down, right;
};

/// A convolution of stride 1 that keeps the size of a picture and reads nothing that comes later.
/// arXiv:1601.06759, section 3.4; arXiv:1606.05328, section 2.2.
///
/// The kernel's own pixel is its middle; of one with mask `rows` the middle of its last row.
/// Weights that the mask forbids are 0 and stay 0; rows and columns of which nothing is allowed are
/// not computed.  Weights begin normal with deviation gain / sqrt(n), biases uniform in +-1 /
/// sqrt(n), n the inputs of an output that are allowed: at biases of 0 the first pixel, which reads
/// nothing, would stand on the corner of every ReLU.
class MaskedConv2dImpl : public torch::nn::Module {
 public:
  explicit MaskedConv2dImpl(const MaskedConvOptions& options);

  Tensor forward(const Tensor& maps);  ///< [B, in, H, W] -> [B, out, H, W].

  const MaskedConvOptions& options() const { return options_; }
  std::vector<Tap> taps() const;  ///< Those of which something is allowed, in reading order.
  Tensor tap_weights() const;     ///< [taps, out, in] of them, masked.
  Tensor masked_weight() const;   ///< [out, in, rows, columns].

  Tensor weight, bias;  ///< [out, in, rows, columns]; [out] or undefined.

 private:
  std::int64_t own_row() const;
  std::int64_t own_column() const;
  Tensor make_mask() const;

  MaskedConvOptions options_;
  Tensor mask_;
};
TORCH_MODULE(MaskedConv2d);

}  // namespace kiln
