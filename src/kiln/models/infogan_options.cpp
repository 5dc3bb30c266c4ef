#include "kiln/models/infogan_options.h"

#include "kiln/core/check.h"
#include "kiln/core/error.h"
#include "kiln/nn/conv_halvings.h"

namespace kiln {

std::vector<std::pair<CriticNorm, std::string_view>> enum_names(CriticNorm) {
  return {{CriticNorm::batch, "batch"}, {CriticNorm::layer, "layer"}};
}

std::int64_t InfoganOptions::code_numbers() const {
  return latent + categorical * categories + continuous;
}

std::int64_t InfoganOptions::features() const {
  return network == GanNetwork::conv ? critic_units.value_or(kCriticUnits)
                                     : hidden.value_or(kHidden);
}

const InfoganOptions& checked_together(const InfoganOptions& o) {
  checked("infogan", o);
  const bool conv = o.network == GanNetwork::conv;
  if (conv) check_conv_image("infogan.network", o.channels, o.height, o.width);
  if (conv && (o.hidden || o.layers))
    throw ConfigError("infogan.network",
                      "conv has filters, not layers of units; leave out --hidden and --layers");
  if (!conv && (o.filters || o.critic_units))
    throw ConfigError(o.filters ? "infogan.filters" : "infogan.critic_units",
                      "belongs to --network conv");
  if (!conv && o.critic_norm != CriticNorm::batch)
    throw ConfigError("infogan.critic_norm", "belongs to --network conv; dense layers have none");
  if (o.categorical + o.continuous == 0)
    throw ConfigError("infogan", "has no code to inform about; set --categorical or --continuous");
  return o;
}

// A critic of few units that normalises real and generated batches apart wins at once, and the
// generator ends in noise; over single items it learns.  With enough units batches find the classes
// of the data more often.
std::vector<RecipeFor<InfoganOptions>> infogan_recipes() {
  const OptionMap pictures{{"filters", "16"},
                           {"critic_units", "512"},
                           {"continuous_information", "0.05"},
                           {"batch", "64"},
                           {"steps", "12000"}};
  auto narrow = pictures;
  narrow.insert({"critic_norm", "layer"});
  const auto fits = [](const InfoganOptions& o, std::int64_t) {
    return o.network == GanNetwork::conv && o.features() < 512;
  };
  return {{"convolutions, a critic of less than 512 units", fits, std::move(narrow)},
          {"convolutions",
           [](const InfoganOptions& o, std::int64_t) { return o.network == GanNetwork::conv; },
           pictures},
          {"dense layers", always<InfoganOptions>, {{"batch", "64"}, {"steps", "10000"}}}};
}

}  // namespace kiln
