#pragma once

#include <torch/nn/modules/linear.h>

#include "kiln/core/options.h"
#include "kiln/core/values.h"
#include "kiln/nn/coder.h"
#include "kiln/prob/item_shape.h"

namespace kiln {

enum class CodeLoss { squared, bernoulli };
std::vector<std::pair<CodeLoss, std::string_view>> enum_names(CodeLoss);

struct CodeNetworkOptions {
  CoderOptions coder;  ///< coder.latent is what the decoder takes; no layers: linear maps.
  std::int64_t code_outputs = 1;  ///< What the encoder gives for each item.
  CodeLoss loss = CodeLoss::squared;
};

/// The options of a model that is built on a CodeNetwork, as its `fields()` lists them.
template <class Options, class Visitor>
void visit_code_network(Options& o, Visitor&& visit) {
  visit_item_shape(o, visit, 1 << 24);
  visit("latent", o.latent, Field{.help = "numbers in a code", .low = 1, .high = 4096});
  visit("network", o.network, Field{.help = "dense layers, or convolutions for images"});
  visit("hidden", o.hidden, Field{.help = "units per dense layer", .low = 1, .high = 8192});
  visit("layers", o.layers,
        Field{.help = "dense layers each side; 0: linear maps only", .low = 0, .high = 16});
  visit("filters", o.filters, Field{.help = "first filters (conv)", .low = 1, .high = 256});
}

/// Those options as the network takes them, with `decoder_inputs` numbers into the decoder.
template <class Options>
CoderOptions coder_of(const Options& o, std::int64_t decoder_inputs) {
  return {.network = o.network,
          .data_dim = o.data_dim,
          .channels = o.channels,
          .height = o.height,
          .width = o.width,
          .latent = decoder_inputs,
          .hidden = o.hidden,
          .layers = o.layers,
          .filters = o.filters};
}

/// An encoder that gives each item some numbers, and the decoder that mirrors it.
///
/// Shapes: B batch, D numbers of an item, J decoder inputs; x is [B, D], or [B, C, H, W] of images.
/// Modules: encoder, code (the encoder's last, linear layer), decoder.  Squared loss keeps the mean
/// of an image in (0, 1) by a sigmoid, unless the network is linear.  No layer looks across the
/// batch.
class CodeNetwork : public torch::nn::Module {
 public:
  /// Throws ConfigError, in the name of `owner`, if the sizes or choices do not fit together.
  CodeNetwork(std::string_view owner, const CodeNetworkOptions& options);

  Tensor encode(const Tensor& x);             ///< -> [B, code_outputs].
  Tensor decode_parameters(const Tensor& z);  ///< z [B, J] -> [B, D]: logits (bernoulli), or means.
  Tensor decode_mean(const Tensor& z);        ///< z [B, J] -> shaped as in Batch.

  /// How far the decoded z lies from x, [B].  Squared: sum_d (x_d - mean_d)^2.  Bernoulli, x in
  /// [0, 1]: sum_d -[x_d ln m_d + (1 - x_d) ln(1 - m_d)], nats.
  Tensor error(const Tensor& x, const Tensor& z);

  Values values() const;  ///< unit for images and for the Bernoulli loss, else real.
  /// The output bias becomes the mean of the data, or its log-odds (clamped to [0.001, 0.999]).
  void start_from_mean(const Tensor& mean);

 private:
  bool linear() const { return options_.coder.layers == 0; }
  bool squashed() const;  // the mean of x is a sigmoid of what the decoder gives
  ItemShape shape() const;

  std::string owner_;
  CodeNetworkOptions options_;
  torch::nn::Sequential encoder_;
  torch::nn::Linear code_;
  torch::nn::Sequential decoder_;  // its last parameter is the output bias
};

}  // namespace kiln
