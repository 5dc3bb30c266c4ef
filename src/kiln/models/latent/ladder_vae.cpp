#include "kiln/models/latent/ladder_vae.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "kiln/core/check.h"
#include "kiln/core/text.h"
#include "kiln/nn/importance.h"
#include "kiln/nn/layer_size.h"

namespace kiln {
namespace {

constexpr double kLogVarLimit = 10;
constexpr std::size_t kMostLevels = 5;
constexpr std::int64_t kMostLatents = 4096, kMostHidden = 8192;
constexpr std::int64_t kNumbersAtOnce = 1 << 22;  // floats per activation while averaging draws
constexpr std::int64_t kItemsAtOnce = 256;        // items decoded together while sampling

std::vector<std::int64_t> size_list(std::string_view where, std::string_view text,
                                    std::int64_t most) {
  std::vector<std::int64_t> sizes;
  for (const auto& part : split(text, ',')) {
    const auto size = parse_integer(part);
    if (!size || *size < 1 || *size > most)
      throw ConfigError(where,
                        fmt::format("must be whole numbers from 1 to {} with commas between them, "
                                    "such as 64,32, got '{}'",
                                    most, text));
    sizes.push_back(*size);
  }
  return sizes;
}

std::vector<std::int64_t> latents_of(const LadderVaeOptions& o) {
  const auto sizes = size_list("ladder_vae.latents", o.latents, kMostLatents);
  if (sizes.empty() || sizes.size() > kMostLevels)
    throw ConfigError("ladder_vae.latents", fmt::format("must name 1 to {} levels, got {} in '{}'",
                                                        kMostLevels, sizes.size(), o.latents));
  return sizes;
}

std::vector<std::int64_t> hidden_of(const LadderVaeOptions& o, std::size_t levels) {
  if (!o.hidden) {
    std::vector<std::int64_t> sizes;
    for (std::size_t l = 0; l < levels; ++l) sizes.push_back(std::max<std::int64_t>(64, 512 >> l));
    return sizes;
  }
  auto sizes = size_list("ladder_vae.hidden", *o.hidden, kMostHidden);
  if (sizes.size() == 1) sizes.resize(levels, sizes[0]);
  if (sizes.size() != levels)
    throw ConfigError("ladder_vae.hidden",
                      fmt::format("must have one number for each of the {} levels of latents, or "
                                  "one for all, got {} in '{}'",
                                  levels, sizes.size(), *o.hidden));
  return sizes;
}

const LadderVaeOptions& checked_ladder(const LadderVaeOptions& o) {
  checked("ladder_vae", o);
  ItemShape{o.data_dim, o.channels, o.height, o.width}.check("ladder_vae");
  const auto hidden = hidden_of(o, latents_of(o).size());
  const DecoderLaw law("ladder_vae", decoder_law_of(o));
  check_layer_size("ladder_vae", o.data_dim * law.parameters_per_number(), hidden[0]);
  return o;
}

DenseLayer linear(std::int64_t in, std::int64_t out) {
  return DenseLayer(in, out, Activation::none);
}

// A mean and a log variance, side by side in one product.
DiagNormal law_of(DenseLayer& both, const Tensor& h) {
  const auto parts = both(h).chunk(2, -1);
  return {parts[0], parts[1].clamp(-kLogVarLimit, kLogVarLimit)};
}

}  // namespace

LadderVae::LadderVae(const LadderVaeOptions& o)
    : options_(checked_ladder(o)),
      latents_(latents_of(o)),
      hidden_(hidden_of(o, latents_.size())),
      code_size_(std::accumulate(latents_.begin(), latents_.end(), std::int64_t{0})),
      decoder_(make_network("decoder", latents_[0], hidden_[0])),
      law_("ladder_vae", decoder_law_of(o)),
      decoder_out_(register_module("decoder_out",
                                   linear(hidden_[0], o.data_dim * law_.parameters_per_number()))),
      warmup_(o.kl_warmup) {
  for (std::size_t l = 0; l < latents_.size(); ++l) {
    const auto below = l == 0 ? o.data_dim : hidden_[l - 1];
    up_.push_back(make_network(fmt::format("up{}", l + 1), below, hidden_[l]));
    up_head_.push_back(
        register_module(fmt::format("up_head{}", l + 1), linear(hidden_[l], 2 * latents_[l])));
  }
  for (std::size_t l = 0; l + 1 < latents_.size(); ++l) {
    down_.push_back(make_network(fmt::format("down{}", l + 1), latents_[l + 1], hidden_[l + 1]));
    down_head_.push_back(register_module(fmt::format("down_head{}", l + 1),
                                         linear(hidden_[l + 1], 2 * latents_[l])));
  }
  if (law_.learns_log_var())
    law_.set_log_var(register_parameter("decoder_log_var", law_.first_log_var()));
  if (warmup_.is_on()) register_buffer("round", warmup_.count());
}

torch::nn::Sequential LadderVae::make_network(const std::string& name, std::int64_t in,
                                              std::int64_t units) {
  torch::nn::Sequential network;
  push_dense_layers(network, in, units, options_.layers, Activation::leaky_relu);
  return register_module(name, network);
}

ItemShape LadderVae::shape() const {
  return {options_.data_dim, options_.channels, options_.height, options_.width};
}

// d_l = network_l(d_{l-1}), d_0 = x; mu^_l and ln s^_l^2 are linear in d_l.
std::vector<DiagNormal> LadderVae::evidence(const Tensor& x) {
  auto d = shape().flat("ladder_vae.evidence", "x", x);
  std::vector<DiagNormal> laws;
  for (std::size_t l = 0; l < latents_.size(); ++l) {
    d = up_[l]->forward(d);
    laws.push_back(law_of(up_head_[l], d));
  }
  return laws;
}

// p(z_l|z_{l+1}) = N(mu_p(z_{l+1}), s_p^2(z_{l+1})).
DiagNormal LadderVae::prior(std::int64_t level, const Tensor& above) {
  const auto l = static_cast<std::size_t>(level - 1);
  return law_of(down_head_.at(l), down_[l]->forward(above));
}

Tensor LadderVae::decode_parameters(const Tensor& z) { return decoder_out_(decoder_->forward(z)); }

// From the top down: q(z_L|x) = N(mu^_L, s^_L^2), and below it q(z_l|z_{l+1}, x) is the product of
// the evidence N(mu^_l, s^_l^2) and the prior p(z_l|z_{l+1}).
std::vector<LadderVae::Rung> LadderVae::descend(const std::vector<DiagNormal>& evidence,
                                                const Tensor& noise) {
  const auto parts = noise.split_with_sizes(latents_, -1);
  std::vector<Rung> rungs(latents_.size());
  for (auto l = latents_.size(); l-- > 0;) {
    auto& rung = rungs[l];
    if (l + 1 == latents_.size()) {
      const auto zero = torch::zeros({latents_[l]}, noise.options());
      rung.p = {zero, zero};
      rung.q = evidence[l];
    } else {
      rung.p = prior(static_cast<std::int64_t>(l) + 1, rungs[l + 1].z);
      rung.q = product(evidence[l], rung.p);
    }
    rung.noise = parts[l];
    rung.z = rung.q.at_noise(rung.noise);
  }
  return rungs;
}

// L(x) = E_q[log p(x|z_1)] - sum_l E_q[KL(q(z_l|z_{l+1}, x) || p(z_l|z_{l+1}))], one draw of z.
LadderVae::Terms LadderVae::bound_terms(const Tensor& x, const Tensor& noise) {
  const auto rungs = descend(evidence(x), noise);
  const auto reconstruction = law_.log_prob(x, decode_parameters(rungs[0].z));
  std::vector<Tensor> divergences;
  for (const auto& rung : rungs) divergences.push_back(rung.q.kl_to(rung.p));
  const auto kl = torch::stack(divergences, 1);
  return {reconstruction - kl.sum(1), reconstruction, kl};
}

LadderVae::Terms LadderVae::bound_terms(const Tensor& x, Rng& rng) {
  const auto items = shape().flat("ladder_vae.bound_terms", "x", x);
  return bound_terms(items, normal({x.size(0), code_size_}, rng));
}

Tensor LadderVae::elbo(const Batch& batch, Rng& rng) { return bound_terms(batch.x, rng).elbo; }

// log w_k = log p(x|z_1) + sum_l log p(z_l|z_{l+1}) - log q(z_l|z_{l+1}, x).
Tensor LadderVae::log_weights(const Tensor& x, const std::vector<DiagNormal>& evidence,
                              std::int64_t draws, Rng& rng) {
  const auto noise = noise_of_draws(draws, {x.size(0), code_size_}, rng);
  const auto rungs = descend(evidence, noise.to(decoder_out_->bias.options()));
  auto weights = law_.log_prob(x, decode_parameters(rungs[0].z));
  for (const auto& rung : rungs)
    weights = weights + rung.p.log_prob(rung.z) - rung.q.log_prob_at_noise(rung.noise);
  return weights;
}

Tensor LadderVae::log_weights(const Tensor& x, std::int64_t draws, Rng& rng) {
  check_positive("ladder_vae.log_weights", "draws", draws);
  const auto items = shape().flat("ladder_vae.log_weights", "x", x);
  return log_weights(items, evidence(items), draws, rng);
}

// arXiv:1509.00519: L_K = log (1/K) sum_k w_k.
Tensor LadderVae::log_prob_iwae(const Batch& batch, std::int64_t draws, Rng& rng) {
  check_positive("ladder_vae.log_prob_iwae", "draws", draws);
  const auto items = shape().flat("ladder_vae.log_prob_iwae", "x", batch.x);
  const auto laws = evidence(items);
  const auto widest = std::max({options_.data_dim * law_.parameters_per_number(), code_size(),
                                *std::max_element(hidden_.begin(), hidden_.end())});
  return importance_bound(draws, draws_at_once(kNumbersAtOnce, items.size(0), widest),
                          [&](std::int64_t count) { return log_weights(items, laws, count, rng); });
}

void LadderVae::start_from_data(const DataMoments& moments) {
  torch::NoGradGuard no_grad;
  if (moments.mean.numel() != options_.data_dim)
    check_shape("ladder_vae.start_from_data", "mean", moments.mean, {options_.data_dim});
  const auto flat = [](const Tensor& x) { return x.defined() ? x.flatten() : x; };
  decoder_out_->bias.copy_(law_.start(flat(moments.mean), flat(moments.deviation)));
}

void LadderVae::begin_round(const Batch&, Rng&) { warmup_.begin_round(); }

// Sec. 2: in the warm-up the divergence counts less than the reconstruction.
std::vector<Player> LadderVae::players() {
  return {{.name = "model",
           .parameters = trainable(),
           .objective = [this](const Batch& batch, Rng& rng) {
             const auto terms = bound_terms(batch.x, rng);
             const auto kl = terms.kl.mean(0);
             const auto reconstruction = terms.reconstruction.mean();
             Objective objective{
                 .loss = kl_weight() * kl.sum() - reconstruction,
                 .log = {{"elbo", terms.elbo.mean()}, {"reconstruction", reconstruction}}};
             for (std::int64_t l = 0; l < levels(); ++l)
               objective.log.emplace_back(fmt::format("kl{}", l + 1), kl[l]);
             return objective;
           }}};
}

// c_l = (z_l - mu_p) / s_p on the path of means.
Tensor LadderVae::encode_mean(const Batch& batch) {
  return codes_at(batch.x,
                  torch::zeros({batch.x.size(0), code_size_}, decoder_out_->bias.options()));
}

Tensor LadderVae::encode_draw(const Batch& batch, Rng& rng) {
  return codes_at(batch.x, normal({batch.x.size(0), code_size_}, rng));
}

Tensor LadderVae::codes_at(const Tensor& x, const Tensor& noise) {
  const auto items = shape().flat("ladder_vae.encode", "x", x);
  std::vector<Tensor> code;
  for (const auto& rung : descend(evidence(items), noise))
    code.push_back((rung.z - rung.p.mean) * torch::exp(-0.5 * rung.p.log_var));
  return torch::cat(code, -1);
}

// z_1 of codes [..., J]: z_L = c_L, z_l = mu_p(z_{l+1}) + s_p(z_{l+1}) c_l.
Tensor LadderVae::lowest_level(const Tensor& code) {
  const auto parts = code.split_with_sizes(latents_, -1);
  auto z = parts.back();
  for (auto level = levels() - 1; level > 0; --level)
    z = prior(level, z).at_noise(parts[static_cast<std::size_t>(level - 1)]);
  return z;
}

Tensor LadderVae::decode_mean(const Tensor& code) {
  check_shape("ladder_vae.decode_mean", "z", code, {kAny, code_size_});
  return shape().shaped(law_.mean(decode_parameters(lowest_level(code))));
}

Tensor LadderVae::log_likelihood(const Batch& batch, const Tensor& code) {
  const auto items = shape().flat("ladder_vae.log_likelihood", "x", batch.x);
  return law_.log_prob(items, decode_parameters(lowest_level(code)));
}

Tensor LadderVae::draw_given(const Tensor& code, const Tensor&, Rng& rng) {
  torch::NoGradGuard no_grad;
  std::vector<Tensor> parts;
  for (const auto& part : code.split(kItemsAtOnce))
    parts.push_back(law_.draw(decode_parameters(lowest_level(part)), rng));
  return shape().shaped(torch::cat(parts));
}

Tensor LadderVae::sample_prior(std::int64_t count, Rng& rng) {
  check_positive("ladder_vae.sample_prior", "count", count);
  return normal({count, code_size_}, rng);
}

Tensor LadderVae::draw_samples(const SampleRequest& request, Rng& rng) {
  return draw_given(sample_prior(request.count, rng).mul(std::sqrt(request.temperature)), {}, rng);
}

Tensor LadderVae::normal(at::IntArrayRef shape, Rng& rng) const {
  return rng.normal(shape).to(decoder_out_->bias.options());
}

std::vector<RecipeFor<LadderVaeOptions>> LadderVae::recipes() {
  return {{"all data",
           always<LadderVaeOptions>,
           {{"latents", "50,20"},
            {"hidden", "200,100"},
            {"epochs", "200"},
            {"least_steps", "10000"},
            {"schedule", "cosine"},
            {"learning_rate", "0.0015"},
            {"ema", "0.999"}}}};
}

}  // namespace kiln
