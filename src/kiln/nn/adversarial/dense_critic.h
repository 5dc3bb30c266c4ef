#pragma once

#include <torch/nn/module.h>

#include <vector>

#include "kiln/core/tensor.h"

namespace kiln {

struct DenseCriticOptions {
  std::int64_t inputs = 2, hidden = 128, layers = 2;
  double slope = .2;           ///< Of the leaky ReLU left of 0.
  bool spectral_norm = false;  ///< Every weight divided by its largest singular value.
};

/// Dense layers with leaky ReLUs, [B, ...] -> outputs [B], as a function of its own parameters:
/// unrolling evaluates it at parameters that it never had.  Weights start orthogonal (Saxe et al.
/// 2014, arXiv:1312.6120), biases 0.
///
/// Spectral normalisation, Miyato et al. 2018, arXiv:1802.05957: W / sigma, sigma = u^T W v with
/// gradient through W alone, u and v by power iteration: some at the start, one a turn afterwards.
class DenseCritic : public torch::nn::Module {
 public:
  explicit DenseCritic(const DenseCriticOptions& options);

  Tensor forward(const Tensor& x) { return apply(parameters(), x); }
  /// With other parameters of the same shapes in the order of parameters().
  Tensor apply(const std::vector<Tensor>& parameters, const Tensor& x) const;

  void power_step();  ///< One step of the power iteration of every layer.
  /// Weights as they are used, [out, in] each: divided by their singular value if so asked.
  std::vector<Tensor> used_weights() const;

 private:
  Tensor used(const Tensor& weight, std::size_t layer) const;

  DenseCriticOptions options_;
  std::vector<Tensor> u_, v_;  // buffers, one pair for each layer
};

}  // namespace kiln
