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

 protected:
  Tensor trunk(const std::vector<Tensor>& parameters, const Tensor& x) const override;
  Tensor beside(const Tensor& x, const Tensor& y) const override;

 private:
  std::int64_t layers_;
};

}  // namespace kiln
