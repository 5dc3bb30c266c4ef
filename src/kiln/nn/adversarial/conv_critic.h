#pragma once

#include "kiln/nn/adversarial/critic_network.h"

namespace kiln {

struct ConvCriticOptions {
  std::int64_t channels = 1, side = 28, filters = 32;
  CriticSettings settings = {};
};

/// Strided 4x4 convolutions with leaky ReLUs, filters doubling from `filters` next to the image:
/// x [B, C, S, S] -> outputs [B].  The critic of Radford, Metz & Chintala 2016, arXiv:1511.06434,
/// without batch normalisation: each output is of its own item alone, as penalties need it, and the
/// whole is a function of its weights, as unrolling needs it.
class ConvCritic : public CriticNetwork {
 public:
  explicit ConvCritic(const ConvCriticOptions& options);

 protected:
  Tensor trunk(const std::vector<Tensor>& parameters, const Tensor& x) const override;
  /// One-hot y as K constant maps.
  Tensor beside(const Tensor& x, const Tensor& y) const override;

 private:
  std::int64_t halvings_;
};

}  // namespace kiln
