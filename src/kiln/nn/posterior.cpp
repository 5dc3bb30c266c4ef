#include "kiln/nn/posterior.h"

#include <fmt/format.h>
#include <torch/nn/init.h>
#include <torch/nn/modules/linear.h>
#include <torch/types.h>

#include "kiln/core/error.h"
#include "kiln/core/options.h"
#include "kiln/nn/layer_size.h"

namespace kiln {
namespace {

constexpr std::int64_t kDefaultSteps = 4;

// Numbers per item beside mean and variance.
std::int64_t extra_numbers(const PosteriorOptions& o, std::int64_t steps) {
  switch (o.kind) {
    case PosteriorKind::full_covariance:
      return o.latent * (o.latent - 1) / 2;
    case PosteriorKind::planar:
      return steps * (2 * o.latent + 1);
    case PosteriorKind::iaf:
      return steps * o.features;
    default:
      return 0;
  }
}

bool is_normal(PosteriorKind kind) {
  return kind == PosteriorKind::diagonal || kind == PosteriorKind::full_covariance;
}

void check_together(std::string_view model, const PosteriorOptions& o) {
  const auto refuse = [&](std::string_view option, std::string_view what) {
    throw ConfigError(fmt::format("{}.{}", model, option),
                      fmt::format("posterior {} {}", enum_name(o.kind), what));
  };
  if (o.latent == 1 && (o.kind == PosteriorKind::iaf || o.kind == PosteriorKind::full_covariance))
    refuse("posterior", "needs at least 2 latent variables, got 1; use diagonal or planar");
  if (o.steps && is_normal(o.kind))
    refuse("flow_steps", "has no steps; leave it out, or use posterior planar or iaf");
  if (o.kl == KlEstimate::closed && !is_normal(o.kind))
    refuse("kl", "has no divergence in closed form; use sampled");
}

}  // namespace

std::vector<std::pair<KlEstimate, std::string_view>> enum_names(KlEstimate) {
  return {{KlEstimate::closed, "closed"}, {KlEstimate::sampled, "sampled"}};
}

std::vector<std::pair<PosteriorKind, std::string_view>> enum_names(PosteriorKind) {
  return {{PosteriorKind::diagonal, "diagonal"},
          {PosteriorKind::full_covariance, "full_covariance"},
          {PosteriorKind::planar, "planar"},
          {PosteriorKind::iaf, "iaf"}};
}

PosteriorImpl::PosteriorImpl(std::string_view model, const PosteriorOptions& o) : options_(o) {
  check_together(model, o);
  const auto extra = extra_numbers(o, steps());
  if (extra == 0) return;
  check_layer_size(fmt::format("{}.posterior", model), extra, o.features);
  extra_ = register_module("extra", torch::nn::Linear(o.features, extra));
  if (o.kind == PosteriorKind::full_covariance) {  // starts as the diagonal law
    torch::nn::init::zeros_(extra_->weight);
    torch::nn::init::zeros_(extra_->bias);
  }
  for (std::int64_t t = 0; o.kind == PosteriorKind::iaf && t < steps(); ++t)
    steps_.push_back(
        register_module(fmt::format("step{}", t), IafStep(o.latent, o.features, t % 2 == 1)));
}

PosteriorLaw PosteriorImpl::law(const DiagNormal& base, const Tensor& features) {
  return {base, extra_.is_empty() ? Tensor() : extra_(features)};
}

PosteriorDraws PosteriorImpl::at_noise(const PosteriorLaw& q, const Tensor& noise) {
  auto z = q.base.at_noise(noise);
  auto log_prob = q.base.log_prob_at_noise(noise);
  if (options_.kind == PosteriorKind::full_covariance) {
    // Items first, draws last, so that one triangle serves all draws of its item.
    const auto draws = noise.reshape({-1, noise.size(-2), noise.size(-1)}).permute({1, 2, 0});
    z = z + triangle(q.extra).bmm(draws).permute({2, 0, 1}).reshape(z.sizes());
  }
  for (std::int64_t t = 0; t < steps(); ++t) {
    const auto step = options_.kind == PosteriorKind::planar
                          ? planar_step(z, q.extra, t)
                          : steps_[static_cast<std::size_t>(t)](
                                z, q.extra.narrow(1, t * options_.features, options_.features));
    z = step.z;
    log_prob = log_prob - step.log_det;
  }
  return {z, log_prob};
}

Tensor PosteriorImpl::triangle(const Tensor& extra) const {
  const auto latent = options_.latent;
  const auto places = torch::tril_indices(latent, latent, -1, extra.device());
  const auto flat = places[0] * latent + places[1];
  return torch::zeros({extra.size(0), latent * latent}, extra.options())
      .index_copy(1, flat, extra)
      .view({-1, latent, latent});
}

// Per item and step: w, u, b.
FlowResult PosteriorImpl::planar_step(const Tensor& z, const Tensor& extra,
                                      std::int64_t step) const {
  const auto latent = options_.latent, first = step * (2 * latent + 1);
  return planar_flow(z, extra.narrow(1, first, latent), extra.narrow(1, first + latent, latent),
                     extra.narrow(1, first + 2 * latent, 1));
}

std::int64_t PosteriorImpl::steps() const {
  return is_normal(options_.kind) ? 0 : options_.steps.value_or(kDefaultSteps);
}

bool PosteriorImpl::kl_is_closed() const {
  return is_normal(options_.kind) && options_.kl != KlEstimate::sampled;
}

Tensor PosteriorImpl::kl_to_standard(const PosteriorLaw& q, const PosteriorDraws& draws) {
  if (!kl_is_closed()) return draws.log_prob - standard_normal_log_prob(draws.z);
  const auto kl = q.base.kl_to_standard();
  if (options_.kind == PosteriorKind::diagonal) return kl;
  return kl + 0.5 * q.extra.pow(2).sum(-1);
}

}  // namespace kiln
