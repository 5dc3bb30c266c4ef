#include "apps/kiln/eval_modes.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>

#include "kiln/data/synthetic/toy2d.h"

namespace kiln::program {

bool is_mode_metric(const std::string& metric) {
  return std::find(kModeMetrics.begin(), kModeMetrics.end(), metric) != kModeMetrics.end();
}

std::optional<IsotropicModes> isotropic_modes(const std::string& spec) {
  const auto law = std::dynamic_pointer_cast<const GaussiansLaw>(plane_law(parse_source(spec)));
  if (!law) return std::nullopt;
  IsotropicModes modes{torch::empty({law->modes(), 2}, torch::kFloat64),
                       law->parts().front().along};
  auto* centre = modes.centres.data_ptr<double>();
  for (const auto& part : law->parts()) {
    if (part.along != part.across || part.along != modes.deviation) return std::nullopt;
    *centre++ = part.x, *centre++ = part.y;
  }
  return modes;
}

ModeCoverage modes_of(const LoadedRun& run, const std::optional<IsotropicModes>& law,
                      std::int64_t samples, Rng rng) {
  if (!law)
    throw ConfigError("eval.metric", "modes are known of ring8 and grid25; use data of those");
  auto& sampler = run.as<Sampler>("sampler");
  return mode_coverage(sampler.sample({.count = samples}, rng).cpu(), law->centres, law->deviation);
}

double mode_figure(const ModeCoverage& modes, const std::string& metric) {
  if (metric == "modes") return static_cast<double>(modes.covered);
  return metric == "high_quality" ? modes.high_quality : modes.reverse_kl;
}

std::string mode_protocol(const ModeCoverage& modes, const std::string& metric,
                          std::int64_t samples) {
  if (metric == "modes")
    return fmt::format("of {} ({} samples, one within 3 deviations)", modes.modes, samples);
  if (metric == "high_quality")
    return fmt::format("of {} samples within 3 deviations of a mode", samples);
  return fmt::format("nats, KL(modes || even), at most {:.3f}",
                     std::log(static_cast<double>(modes.modes)));
}

}  // namespace kiln::program
