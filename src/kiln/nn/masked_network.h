#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "kiln/core/tensor.h"
#include "kiln/nn/masked_linear.h"

namespace kiln {

enum class MaskedActivation { relu, sigmoid, tanh };
std::vector<std::pair<MaskedActivation, std::string_view>> enum_names(MaskedActivation);

/// The degrees of one mask set: an input's is its place in the order, 1 .. D; a hidden unit's is
/// the last place that it may see.
struct Degrees {
  Tensor order;                ///< [D] int64, CPU: the input at each place.
  std::vector<Tensor> layers;  ///< int32, CPU: [D] of the inputs, then [H] of each hidden layer.

  /// Of the matrix that leads to hidden layer l = 1 .. L, and of the one that leads to the logits.
  DegreeMask hidden_mask(std::size_t layer) const;
  DegreeMask output_mask() const;
  DegreeMask direct_mask() const;
};

/// Hidden degrees uniform in [smallest of the layer below, max(1, D - 1)], from `key`.  A unit of
/// degree D would feed no logit.
Degrees draw_degrees(const std::vector<std::int64_t>& order, std::int64_t layers,
                     std::int64_t hidden, std::uint64_t key);

/// The weights of a masked autoencoder.  L hidden layers of H units, D inputs.
struct MaskedNetwork {
  std::vector<Tensor> weights;  ///< [H, D], then [H, H] of each further hidden layer.
  std::vector<Tensor> biases;   ///< [H] of each.
  Tensor output;                ///< [D, H], or undefined if L = 0.
  Tensor output_bias;           ///< [D].
  Tensor direct;                ///< [D, D] from inputs to logits, or undefined.
  MaskedActivation activation = MaskedActivation::relu;
  /// What a condition adds to the first hidden layer [B, H], or to the logits [B, D] if L = 0;
  /// undefined: nothing.
  Tensor shift = {};
};

/// h_l = g(b_l + (W_l * M_l) h_{l-1}), logits = c + (V * M^V) h_L + (A * M^A) x.  x [B, D] -> [B,
/// D]: logit d depends on the inputs before d in the order alone.  arXiv:1502.03509, equations 8 to
/// 15.
Tensor masked_logits(const Tensor& x, const MaskedNetwork& network, const Degrees& degrees);

Tensor masked_activation(const Tensor& a, MaskedActivation activation);  ///< g.

}  // namespace kiln
