#include "kiln/use/judge_network.h"

#include <torch/types.h>

#include "kiln/metrics/label_network.h"

namespace kiln {
namespace {

constexpr double kHeldOut = .1;  // of the items, where a source has no part of its own for it

std::shared_ptr<FeatureNetwork> own_network(const std::string& spec, bool skip_bad,
                                            const Hooks& hooks) {
  const OpenOptions options{.skip_bad = skip_bad};
  const auto splits = with_validation(open_source(parse_source(spec), options).splits, kHeldOut, 1);
  return label_network(splits.train, splits.test ? splits.test : splits.valid,
                       {.cache = cache_folder(), .note = hooks.note, .progress = hooks.progress});
}

}  // namespace

std::shared_ptr<FeatureNetwork> judge_network(const NetworkChoice& a, const TrainedModel& run,
                                              const std::string& spec, const Hooks& hooks) {
  if (!a.features.empty()) return scripted_network(a.features, a.side);
  if (a.side)
    throw ConfigError("eval.resize",
                      "belongs to --features FILE; Kiln's own judge takes the "
                      "source's size");
  return own_network(spec, run.config.skip_bad, hooks);
}

Tensor samples_in_unit_range(const TrainedModel& run, std::int64_t count, Rng& rng) {
  auto& sampler = run.as<Sampler>("sampler");
  return in_unit_range(sampler.sample({.count = count}, rng).cpu(), run.model->value_set());
}

}  // namespace kiln
