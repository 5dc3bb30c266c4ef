#include "kiln/models/gan_options.h"

#include <fmt/format.h>

namespace kiln {
namespace {

void refuse(bool wrong, const char* field, const char* message) {
  if (wrong) throw ConfigError(fmt::format("gan.{}", field), message);
}

// Options that would do nothing, or not what they say.
void check_objective(const GanOptions& o) {
  const bool clips = o.objective == "wasserstein", penalised = o.objective == "wasserstein_gp";
  refuse(o.unroll > 0 && (clips || penalised), "unroll",
         "steps ahead know neither clipping nor the penalty; use another objective");
  refuse(o.unroll > 0 && o.discriminators > 1, "unroll",
         "looks ahead of one critic; leave out --discriminators");
  refuse(o.clip_weights && !clips, "clip_weights", "only --objective wasserstein clips weights");
  refuse(o.penalty && !penalised, "penalty", "belongs to --objective wasserstein_gp; or use --r1");
  refuse(clips && o.spectral_norm, "spectral_norm", "undoes the clipping; use another objective");
  refuse(o.unroll == 0 && (o.unroll_rule || o.unroll_first_order), "unroll",
         "there are no steps ahead; set --unroll");
  refuse(o.discriminators == 1 && o.mix, "mix", "there is one critic; set --discriminators");
  refuse(o.mix_sharpness && o.mix != CriticMix::softmax, "mix_sharpness",
         "belongs to --mix softmax");
}

void check_network(const GanOptions& o) {
  const bool conv = o.network == GanNetwork::conv, labels = o.condition == Condition::label;
  if (conv) check_conv_image("gan.network", o.channels, o.height, o.width);
  refuse(conv && (o.hidden || o.layers || o.critic_hidden), "network",
         "conv has filters, not layers of units; leave out --hidden, --layers and "
         "--critic-hidden");
  refuse(!conv && o.filters.has_value(), "filters", "belongs to --network conv");
  refuse(labels && o.classes < 2, "condition",
         "label needs data with at least 2 classes; leave it out");
  refuse(!labels && o.critic_label, "critic_label", "belongs to --condition label");
  refuse(o.critic_label == CriticLabel::projection && o.pack > 1, "critic_label",
         "projection judges single items; leave out --pack");
  refuse(!o.augment.empty() && o.channels == 0, "augment", "changes images, and these are none");
}

// Chosen against mode collapse.
bool has_remedy(const GanOptions& o) {
  return o.r1 > 0 || o.spectral_norm || o.minibatch_deviation || o.pack > 1 ||
         o.discriminators > 1 || o.unroll > 0;
}

bool is_wasserstein(const GanOptions& o) { return o.objective.starts_with("wasserstein"); }

bool of_pictures(const GanOptions& o) { return o.network == GanNetwork::conv; }

bool of_the_plane(const GanOptions& o) {
  return o.network == GanNetwork::dense && o.channels == 0 && o.data_dim == 2;
}

}  // namespace

const GanOptions& checked_gan_options(const GanOptions& o) {
  checked("gan", o);
  check_objective(o);
  check_network(o);
  return o;
}

std::vector<RecipeFor<GanOptions>> gan_recipes() {
  return {{"points of the plane, looking ahead",
           [](const GanOptions& o, std::int64_t) { return of_the_plane(o) && o.unroll > 0; },
           {{"latent", "16"},
            {"critic_rate", "0.0003"},
            {"generator_rate", "0.001"},
            {"batch", "128"},
            {"steps", "8000"},
            {"schedule", "linear"},
            {"ema", "0.995"}}},
          {"points of the plane, no remedy of mode collapse among the flags",
           [](const GanOptions& o, std::int64_t) {
             return of_the_plane(o) && !has_remedy(o) && !is_wasserstein(o);
           },
           {{"latent", "16"},
            {"hidden", "256"},
            {"minibatch_deviation", "true"},
            {"batch", "128"},
            {"steps", "15000"},
            {"schedule", "linear"},
            {"ema", "0.995"}}},
          {"points of the plane",
           [](const GanOptions& o, std::int64_t) { return of_the_plane(o); },
           {{"latent", "16"},
            {"batch", "128"},
            {"steps", "10000"},
            {"schedule", "linear"},
            {"ema", "0.995"}}},
          {"dense layers",
           [](const GanOptions& o, std::int64_t) { return !of_pictures(o); },
           {{"hidden", "256"},
            {"batch", "64"},
            {"steps", "10000"},
            {"schedule", "linear"},
            {"ema", "0.999"}}},
          {"convolutions, Wasserstein",
           [](const GanOptions& o, std::int64_t) { return of_pictures(o) && is_wasserstein(o); },
           {{"filters", "16"},
            {"generator_rate", "0.0005"},
            {"critic_rate", "0.0005"},
            {"batch", "64"},
            {"steps", "2000"},
            {"schedule", "linear"},
            {"ema", "0.99"}}},
          {"convolutions",
           always<GanOptions>,
           {{"filters", "16"},
            {"generator_rate", "0.0005"},
            {"critic_rate", "0.0005"},
            {"batch", "64"},
            {"steps", "10000"},
            {"schedule", "linear"},
            {"ema", "0.999"}}}};
}

}  // namespace kiln
