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
};

/// h_l = g(b_l + (W_l * M_l) h_{l-1}), logits = c + (V * M^V) h_L + (A * M^A) x.  x [B, D] -> [B,
/// D]: logit d depends on the inputs before d in the order alone.  arXiv:1502.03509, equations 8 to
/// 15.
Tensor masked_logits(const Tensor& x, const MaskedNetwork& network, const Degrees& degrees);

/// The same logits one place after the other, for a sampler: a unit is computed once, when the last
/// input that it may see is known.  All D places together cost less than one masked_logits.  Units
/// are kept in the order of their degrees, so that what a unit may see is one block of memory. No
/// gradient.
class DegreeOrderedPass {
 public:
  DegreeOrderedPass(const MaskedNetwork& network, const Degrees& degrees, std::int64_t batch);

  Tensor logit(std::int64_t place) const;             ///< [B]; needs x of every earlier place.
  void observe(std::int64_t place, const Tensor& x);  ///< x [B] of that place; places in turn.

 private:
  struct Layer {
    Tensor weight, bias;             // by rising degree of units (rows) and of what they see
    std::vector<std::int64_t> upto;  // upto[m]: units of degree <= m
  };
  void add_layer(const MaskedNetwork& network, const Degrees& degrees, std::size_t layer);

  MaskedActivation activation_;
  std::vector<Layer> layers_;
  std::vector<Tensor> sorted_;  // of each layer, int64: its units by rising degree
  std::vector<Tensor> values_;  // [D, B] of x, then [H, B] of each hidden layer
  Tensor output_, output_bias_, direct_;
};

}  // namespace kiln
