#pragma once

#include "kiln/nn/adversarial/critic_network.h"

namespace kiln {

struct DenseCriticOptions {
  std::int64_t inputs = 2, hidden = 128, layers = 2;
  CriticSettings settings = {};
};

/// Dense layers with leaky ReLUs: x [B, ...] -> outputs [B].
class DenseCritic : public CriticNetwork {
 public:
  explicit DenseCritic(const DenseCriticOptions& options);

  /// Layers of weights, biases and leaky ReLUs and nothing else.
  bool is_plain() const;
  double slope() const { return settings().slope; }
  std::int64_t inputs() const { return inputs_; }  ///< Concatenated classes included.
  /// What the first layer sees: [B, inputs()].
  Tensor input(const Tensor& x, const Tensor& y) const;

 protected:
  Tensor trunk(const std::vector<Tensor>& parameters, const Tensor& x) const override;
  Tensor beside(const Tensor& x, const Tensor& y) const override;

 private:
  std::int64_t inputs_, layers_;
};

}  // namespace kiln
