#include "kiln/use/counted_modes.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>

#include "kiln/data/stacked.h"
#include "kiln/data/synthetic/toy2d.h"

namespace kiln {
namespace {

constexpr std::int64_t kPlaneSamples = 2500, kTripleSamples = 26000, kTriples = 1000;
constexpr std::int64_t kRowsAtOnce = 500;
constexpr const char* kNear = "one within 3 deviations";

// Centres [K, 2] and deviation of a source's Gaussians, where all are round and of one size.
struct IsotropicModes {
  Tensor centres;
  double deviation;
};

std::optional<IsotropicModes> isotropic_modes(const SourceSpec& spec) {
  const auto law = std::dynamic_pointer_cast<const GaussiansLaw>(plane_law(spec));
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

// The three planes are judged one by one, as pictures of the stack's own source.
CountedModes count_triples(const TrainedModel& run, const SourceSpec& spec, const ModeOptions& a,
                           Rng& rng, const Hooks& hooks) {
  const auto network = judge_network(a.network, run, stacked_inner(spec).text(), hooks);
  const auto samples = a.samples.value_or(kTripleSamples);
  std::vector<Tensor> found;
  for (std::int64_t done = 0; done < samples; done += kRowsAtOnce) {
    const auto x = samples_in_unit_range(run, std::min(kRowsAtOnce, samples - done), rng);
    auto triple = torch::zeros({x.size(0)}, torch::kInt64);
    for (std::int64_t plane = 0; plane < 3; ++plane) {
      const auto log_probs = network->class_log_probs(x.narrow(1, plane, 1));
      if (log_probs.size(1) != 10)
        throw ConfigError("eval.features", "triples of digits need a judge of ten classes");
      triple = 10 * triple + log_probs.argmax(1);
    }
    found.push_back(triple);
  }
  return {mode_coverage(torch::cat(found), kTriples), samples, network->name()};
}

}  // namespace

bool has_modes(const std::string& spec) {
  const auto parsed = parse_source(spec);
  return parsed.name == stacked_kind().name || isotropic_modes(parsed);
}

CountedModes count_modes(const TrainedModel& run, const ModeOptions& a, Rng rng,
                         const Hooks& hooks) {
  const auto spec = parse_source(a.source);
  if (spec.name == stacked_kind().name) return count_triples(run, spec, a, rng, hooks);
  const auto law = isotropic_modes(spec);
  if (!law)
    throw ConfigError("eval.metric",
                      "modes are known of ring8, grid25 and stacked:...; use data of those");
  const auto samples = a.samples.value_or(kPlaneSamples);
  auto& sampler = run.as<Sampler>("sampler");
  return {
      mode_coverage(sampler.sample({.count = samples}, rng).cpu(), law->centres, law->deviation),
      samples, kNear};
}

double mode_figure(const CountedModes& modes, const std::string& metric) {
  if (metric == "modes") return static_cast<double>(modes.coverage.covered);
  if (metric == "modes_kl") return modes.coverage.reverse_kl;
  if (metric == "modes_birthday") return modes.coverage.birthday;
  if (modes.judge != kNear)
    throw ConfigError("eval.metric", "high_quality is known of modes on the plane alone");
  return modes.coverage.high_quality;
}

std::string mode_protocol(const CountedModes& modes, const std::string& metric) {
  if (metric == "modes")
    return fmt::format("of {} ({} samples, {})", modes.coverage.modes, modes.samples, modes.judge);
  if (metric == "high_quality")
    return fmt::format("of {} samples within 3 deviations of a mode", modes.samples);
  if (metric == "modes_birthday") return "modes by the birthday paradox: pairs that share one";
  return fmt::format("nats, KL(modes || even), at most {:.3f}",
                     std::log(static_cast<double>(modes.coverage.modes)));
}

}  // namespace kiln
