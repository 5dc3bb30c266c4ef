#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "kiln/core/tensor.h"

namespace kiln {

enum class MixtureComponent { gaussian, laplace };
std::vector<std::pair<MixtureComponent, std::string_view>> enum_names(MixtureComponent);

enum class RnadeActivation { relu, sigmoid };
std::vector<std::pair<RnadeActivation, std::string_view>> enum_names(RnadeActivation);

/// What is not learned.
struct RnadeLaw {
  MixtureComponent component = MixtureComponent::gaussian;
  RnadeActivation activation = RnadeActivation::relu;
  double min_log_sigma = -7;
  bool scaled_mean_gradient = false;  ///< Multiplies the gradient that reaches mu by sigma.
};

/// RNADE's weights, and the number that each step visits.  D dims, H hidden, K components.
struct RnadeTensors {
  Tensor W;      ///< [D, H]: x_d times row d is added to a.
  Tensor rho;    ///< [D].
  Tensor c;      ///< [H].
  Tensor V;      ///< [D, H, 3K]: the columns of alpha, then mu's, then sigma's.
  Tensor b;      ///< [D, 3K].
  Tensor order;  ///< [D] int64 on the CPU: order[i] is the number visited at step i.
};

// Plain tensor versions of the functions of rnade_scan.h: any device, any floating type, every
// derivative.  B batch.

/// Heads [B, D, 3K] of every conditional in natural places, all steps at once: a = c + cumulative
/// sum of x_d W_d before d, then one batched matrix product.  x [B, D].  Memory B D (H + 3K).
Tensor rnade_heads_cumsum(const Tensor& x, const RnadeTensors& rnade, const RnadeLaw& law);

/// The same by a loop over the steps.
Tensor rnade_heads_loop(const Tensor& x, const RnadeTensors& rnade, const RnadeLaw& law);

/// A mixture of K components, each [..., K]; sigma is a Gaussian's deviation or a Laplace's scale.
struct ScaleMixture {
  Tensor log_alpha, mu, log_sigma;
};

/// log alpha = log_softmax(z_alpha), mu = z_mu, log sigma = m + softplus(z_sigma - m) with m =
/// min_log_sigma: sigma = exp(z_sigma) + exp(m), which has a slope everywhere.
ScaleMixture rnade_mixture(const Tensor& heads, const RnadeLaw& law);

/// log sum_k alpha_k f(x; mu_k, sigma_k): x [...] -> [...], nats.
Tensor mixture_log_prob(const ScaleMixture& mixture, const Tensor& x, const RnadeLaw& law);

/// P(X <= x): x [...] -> [...].
Tensor mixture_cdf(const ScaleMixture& mixture, const Tensor& x, MixtureComponent component);

/// A draw from one uniform in [0, 1): its place among the cumulated alphas picks the component, its
/// place inside that component's share is the quantile.  `temperature` divides the logits of alpha
/// and multiplies a Laplace's sigma and a Gaussian's variance.  No gradient.
Tensor mixture_draw(const ScaleMixture& mixture, const Tensor& uniform, double temperature,
                    MixtureComponent component);

/// Draws in visiting order: uniform [B, D] -> [B, D] in W's type.  Where known [B, D] (or
/// undefined) is true, x is kept.  O(D (H + 3HK)) per item.
Tensor rnade_draw(const Tensor& uniform, const Tensor& known, const Tensor& x, double temperature,
                  const RnadeTensors& rnade, const RnadeLaw& law);

}  // namespace kiln
