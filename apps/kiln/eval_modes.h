#pragma once

#include <array>
#include <optional>
#include <string>

#include "kiln/metrics/modes.h"
#include "kiln/registry/load_run.h"

namespace kiln::program {

/// Figures of `kiln eval` about the modes of a mixture of Gaussians on the plane.
inline constexpr std::array<const char*, 3> kModeMetrics{"modes", "high_quality", "modes_kl"};
bool is_mode_metric(const std::string& metric);

/// Centres [K, 2] and deviation of a source's Gaussians, where all are round and of one size.
struct IsotropicModes {
  Tensor centres;
  double deviation;
};
std::optional<IsotropicModes> isotropic_modes(const std::string& spec);

/// Of samples of the run.  Throws ConfigError where it cannot sample or the source has no such law.
ModeCoverage modes_of(const LoadedRun& run, const std::optional<IsotropicModes>& law,
                      std::int64_t samples, Rng rng);

double mode_figure(const ModeCoverage& modes, const std::string& metric);
std::string mode_protocol(const ModeCoverage& modes, const std::string& metric,
                          std::int64_t samples);

}  // namespace kiln::program
