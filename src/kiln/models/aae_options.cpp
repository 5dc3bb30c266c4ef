#include "kiln/models/aae_options.h"

#include <fmt/format.h>

#include "kiln/core/check.h"
#include "kiln/core/error.h"

namespace kiln {
namespace {

constexpr std::int64_t kUsualModes = 10, kUsualLabels = 100;

bool has_parts(const AaeOptions& o) {
  return o.prior == PriorKind::ring || o.prior == PriorKind::swiss_roll;
}

void check_supervision(const AaeOptions& o) {
  if (o.supervision == Supervision::none) {
    if (o.labels)
      throw ConfigError("aae.labels", "nobody uses them; use supervision label or semi");
    return;
  }
  if (o.classes < 2)
    throw ConfigError("aae.supervision", fmt::format("needs data of at least 2 classes, got {}; "
                                                     "use supervision none",
                                                     o.classes));
  if (o.labelled() < o.classes)
    throw ConfigError("aae.labels", fmt::format("{} labels cannot name {} classes; give each at "
                                                "least one",
                                                o.labelled(), o.classes));
  if (o.supervision == Supervision::label && !has_parts(o))
    throw ConfigError("aae.prior", "supervision label needs a prior of parts: ring or swiss_roll");
}

}  // namespace

std::vector<std::pair<AaePosterior, std::string_view>> enum_names(AaePosterior) {
  return {{AaePosterior::deterministic, "deterministic"}, {AaePosterior::gaussian, "gaussian"}};
}

std::vector<std::pair<Supervision, std::string_view>> enum_names(Supervision) {
  return {{Supervision::none, "none"}, {Supervision::label, "label"}, {Supervision::semi, "semi"}};
}

std::int64_t AaeOptions::code() const {
  if (latent) return *latent;
  if (has_parts(*this)) return 2;
  return supervision == Supervision::semi ? 10 : 8;
}

std::int64_t AaeOptions::class_size() const {
  return supervision == Supervision::semi ? classes : 0;
}

std::int64_t AaeOptions::labelled() const {
  return supervision == Supervision::none ? 0 : labels.value_or(kUsualLabels);
}

std::int64_t AaeOptions::parts() const {
  return supervision == Supervision::label ? classes : modes.value_or(kUsualModes);
}

const AaeOptions& checked_together(const AaeOptions& o) {
  checked("aae", o);
  if (o.class_adversary && o.supervision != Supervision::semi)
    throw ConfigError("aae.class_adversary", "there is no class in the code; use supervision semi");
  check_supervision(o);
  if (o.modes && (o.prior != PriorKind::ring || o.supervision == Supervision::label))
    throw ConfigError("aae.modes",
                      o.prior == PriorKind::ring
                          ? "with supervision label the ring has one Gaussian for each class"
                          : "only the ring has modes; use prior ring");
  return o;
}

std::vector<RecipeFor<AaeOptions>> aae_recipes() {
  return {{"all data",
           always<AaeOptions>,
           {{"epochs", "30"}, {"least_steps", "5000"}, {"schedule", "linear"}, {"ema", "0.999"}}}};
}

}  // namespace kiln
