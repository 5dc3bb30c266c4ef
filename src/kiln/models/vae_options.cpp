#include "kiln/models/vae_options.h"

#include <fmt/format.h>

namespace kiln {
namespace {

// Options that would do nothing, or not what they say.
void check_objective(const VaeOptions& o) {
  if (o.objective == VaeObjective::iwae && (o.kl || o.free_bits > 0))
    throw ConfigError(o.kl ? "vae.kl" : "vae.free_bits",
                      "the importance-weighted objective weighs draws and has no divergence of its "
                      "own; use objective elbo, or leave it out");
  if (o.gradient_draws && (o.objective != VaeObjective::iwae || o.gradient_draws > o.k))
    throw ConfigError("vae.gradient_draws",
                      "chooses among the k draws of objective iwae, so it needs that objective and "
                      "at most k of them; leave it out for all of them");
  if (o.free_bits > 0 && (o.posterior != PosteriorKind::diagonal || o.kl == KlEstimate::sampled))
    throw ConfigError("vae.free_bits",
                      "needs the divergence of each latent variable in closed "
                      "form; use posterior diagonal and kl closed");
}

}  // namespace

std::vector<std::pair<VaeObjective, std::string_view>> enum_names(VaeObjective) {
  return {{VaeObjective::elbo, "elbo"}, {VaeObjective::iwae, "iwae"}};
}

CoderOptions coder_of(const VaeOptions& o) {
  return {.network = o.network,
          .data_dim = o.data_dim,
          .channels = o.channels,
          .height = o.height,
          .width = o.width,
          .latent = o.latent,
          .hidden = o.hidden,
          .layers = o.layers,
          .filters = o.filters,
          .activation = o.activation,
          .outputs = DecoderLaw("vae", decoder_law_of(o)).parameters_per_number(),
          .classes = o.condition == Condition::label ? o.classes : 0};
}

PosteriorOptions posterior_of(const VaeOptions& o) {
  return {.kind = o.posterior,
          .latent = o.latent,
          .features = o.hidden,
          .steps = o.flow_steps,
          .kl = o.kl};
}

const VaeOptions& checked_vae_options(const VaeOptions& o) {
  checked("vae", o);
  check_condition("vae", o.condition, o.classes);
  check_coder("vae", coder_of(o));
  check_objective(o);
  return o;
}

std::vector<RecipeFor<VaeOptions>> vae_recipes() {
  return {{"binary data, dense layers",
           [](const VaeOptions& o, std::int64_t) {
             return o.decoder == VaeDecoder::bernoulli && o.network == CoderNetwork::dense;
           },
           {{"activation", "tanh"},
            {"hidden", "200"},
            {"latent", "50"},
            {"epochs", "200"},
            {"least_steps", "10000"},
            {"schedule", "cosine"},
            {"learning_rate", "0.0015"},
            {"ema", "0.999"}}},
          {"dense layers",
           [](const VaeOptions& o, std::int64_t) { return o.network == CoderNetwork::dense; },
           {{"hidden", "400"},
            {"latent", "50"},
            {"epochs", "50"},
            {"least_steps", "10000"},
            {"schedule", "cosine"},
            {"ema", "0.999"}}},
          {"convolutions",
           always<VaeOptions>,
           {{"epochs", "30"}, {"least_steps", "1000"}, {"schedule", "cosine"}, {"ema", "0.99"}}}};
}

}  // namespace kiln
