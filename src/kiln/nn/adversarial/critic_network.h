#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/container/modulelist.h>

#include <vector>

#include "kiln/core/tensor.h"

namespace kiln {

/// How a critic sees the class y of an item.
enum class CriticLabel {
  concatenation,  ///< One-hot beside x. Mirza & Osindero 2014, arXiv:1411.1784.
  projection,     ///< a = w phi(x) + b + v_y phi(x). Miyato & Koyama 2018, arXiv:1802.05637.
};
std::vector<std::pair<CriticLabel, std::string_view>> enum_names(CriticLabel);

struct CriticSettings {
  double slope = .2;           ///< Of the leaky ReLU left of 0.
  bool spectral_norm = false;  ///< Every weight divided by its largest singular value.
  std::int64_t classes = 0;    ///< K; 0: it sees no class.
  CriticLabel label = CriticLabel::concatenation;
  bool minibatch_deviation = false;
};

/// A weight and a bias [out], and under spectral normalisation u [out] and v [in kh kw].
struct CriticLayer : torch::nn::Module {
  Tensor weight, bias, u, v;  ///< The vectors v_y of a projection are a layer without a bias.
};

/// A critic as a function of its own parameters: unrolling evaluates it at parameters that it never
/// had.  x [B, ...] and, with classes, one-hot y [B, K] -> outputs [B].  Layers give features
/// phi(x) [B, F]; the last one makes an output of them.  Weights and the vectors v_y start
/// orthogonal (Saxe et al. 2014, arXiv:1312.6120), biases at 0.
///
/// Spectral normalisation, Miyato et al. 2018, arXiv:1802.05957: W / sigma, sigma = u^T W v with
/// gradient through W alone, W a kernel's [out, in kh kw] matrix, u and v by power iteration: some
/// at the start, one a turn afterwards.
///
/// Minibatch deviation, Karras et al. 2018, arXiv:1710.10196, section 3: four neighbours in a batch
/// also see the mean over the features of their standard deviation among the four.  Outputs then
/// depend on an item's companions.
class CriticNetwork : public torch::nn::Module {
 public:
  static constexpr std::int64_t kGroup = 4;  ///< Items that share a deviation.

  Tensor forward(const Tensor& x, const Tensor& y = {}) { return apply(parameters(), x, y); }
  /// With other parameters of the same shapes in the order of parameters().  Throws ShapeError for
  /// a batch that is no multiple of the group.
  Tensor apply(const std::vector<Tensor>& parameters, const Tensor& x, const Tensor& y = {}) const;
  Tensor features(const Tensor& x, const Tensor& y = {}) const;       ///< phi(x), [B, F].
  Tensor output(const Tensor& features, const Tensor& y = {}) const;  ///< phi [B, F] -> [B].
  std::int64_t feature_count() const { return features_; }            ///< F.

  void power_step();  ///< One step of the power iteration of every layer.
  /// Weights as they are used, [out, ...] each: divided by their singular value if so asked.
  std::vector<Tensor> used_weights() const;

 protected:
  explicit CriticNetwork(const CriticSettings& settings);

  /// Registers layers.I.weight of this shape and layers.I.bias, I counting up.
  void add_layer(at::IntArrayRef shape, double gain);
  /// Ends the layers: the output's weights for `features` numbers, then the power iteration.
  void add_head(std::int64_t features);
  double hidden_gain() const;         ///< Keeps the size of what passes a leaky ReLU.
  std::int64_t concatenated() const;  ///< Numbers of y beside x: K or 0.
  const CriticSettings& settings() const { return settings_; }

  /// The layers before the last: x, with y beside it where it is concatenated -> [B, F].
  virtual Tensor trunk(const std::vector<Tensor>& parameters, const Tensor& x) const = 0;
  virtual Tensor beside(const Tensor& x, const Tensor& y) const = 0;
  Tensor used(const std::vector<Tensor>& parameters, std::size_t layer) const;

 private:
  void add_power_vectors(CriticLayer& layer);
  std::size_t depth() const { return layers_->size(); }  // of the layers with a weight and a bias
  Tensor phi(const std::vector<Tensor>& all, const Tensor& x, const Tensor& y) const;
  Tensor head(const std::vector<Tensor>& all, const Tensor& phi, const Tensor& y) const;

  CriticSettings settings_;
  torch::nn::ModuleList layers_;
  std::int64_t features_ = 0;
  std::vector<Tensor> u_, v_;  // buffers of the layers, one pair for each weight
};

}  // namespace kiln
