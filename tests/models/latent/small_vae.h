#pragma once

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>

#include "kiln/models/latent/vae.h"
#include "tests/support/finite_differences.h"

namespace kiln {

inline Tensor numbers(std::vector<double> values) { return torch::tensor(values, torch::kDouble); }

// A Vae in float64 whose weights are draws of N(0, 1) times `scale`.
inline std::shared_ptr<Vae> drawn_vae(const VaeOptions& options, double scale = 1) {
  auto vae = std::make_shared<Vae>(options);
  vae->to(torch::kDouble);
  torch::NoGradGuard no_grad;
  Rng rng(2);
  for (auto& p : vae->parameters()) p.copy_(scale * rng.normal(p.sizes()));
  return vae;
}

inline void set_zero(Vae& vae) {
  torch::NoGradGuard no_grad;
  for (auto& p : vae.parameters()) p.zero_();
}

// Every 0/1 row of D numbers: [2^D, D].
inline Tensor every_image(int dims) {
  auto images = torch::zeros({1 << dims, dims}, torch::kDouble);
  for (int i = 0; i < 1 << dims; ++i)
    for (int d = 0; d < dims; ++d) images[i][d] = (i >> d) & 1;
  return images;
}

// x = W z + noise of deviation 1/2, z ~ N(0, I): everything is known in closed form.  A pair of
// ReLUs passes z on: relu(z) - relu(-z) = z.
struct LinearGaussian {
  std::shared_ptr<Vae> vae;
  Tensor weights;
  Tensor x = numbers({.4, -1, .7}).view({1, 3});
  Tensor precision;  // of the posterior

  explicit LinearGaussian(PosteriorKind kind = PosteriorKind::diagonal,
                          Tensor w = numbers({1, .5, 0, 1, .3, -.7}).view({3, 2}))
      : vae(drawn_vae({.data_dim = 3,
                       .latent = 2,
                       .decoder = VaeDecoder::gaussian,
                       .hidden = 4,
                       .layers = 1,
                       .sigma = .5,
                       .posterior = kind},
                      0)),
        weights(std::move(w)),
        precision(torch::eye(2, torch::kDouble) + weights.t().mm(weights) / .25) {
    torch::NoGradGuard no_grad;
    auto p = vae->named_parameters();
    const auto signs = numbers({1, 0, -1, 0, 0, 1, 0, -1}).view({4, 2});
    p["decoder.0.weight"].copy_(signs);
    p["decoder.2.weight"].copy_(weights.mm(signs.t()));
    // The best diagonal q: the posterior's mean, and the inverse of its precision's diagonal.
    const auto mean = torch::linalg_solve(precision, weights.t().mm(x.t()) / .25).view(-1);
    p["encoder_mean.bias"].copy_(mean);
    p["encoder_log_var.bias"].copy_(-precision.diag().log());
  }
};

}  // namespace kiln
