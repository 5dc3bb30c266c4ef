#include "kiln/use/sample.h"

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>

#include "kiln/core/text.h"
#include "kiln/data/code_files.h"
#include "kiln/data/source.h"
#include "kiln/models/seen_as.h"

namespace kiln {
namespace {

constexpr std::string_view kWhere = "sample.condition";

// A class by number, or by the name that the run's data give it.
std::int64_t class_of(const std::string& label, const TrainedModel& run) {
  if (const auto number = parse_integer(label)) return *number;
  const auto& config = run.config;
  const auto source = open_source(
      parse_source(config.data),
      {.seed = static_cast<std::uint64_t>(config.train.seed), .skip_bad = config.skip_bad});
  const auto& names = source.splits.train->info().class_names;
  const auto found = std::find(names.begin(), names.end(), label);
  if (found != names.end()) return found - names.begin();
  const auto hint = did_you_mean(label, names);
  throw ConfigError(
      kWhere, names.empty()
                  ? fmt::format("the classes of {} have no names; say label=N", config.data)
                  : fmt::format("no class '{}'{} Classes: {}", label, hint.empty() ? "." : hint,
                                join(names, ", ")));
}

// The rows of a file, again and again for as many as are asked for.
Tensor codes_of_file(const std::string& path, const TrainedModel& run, std::int64_t count) {
  const auto known = run.as<Sampler>("sampler").conditions().more;
  if (!known.contains("code"))
    throw ConfigError(kWhere, "the run was trained without codes; leave code= out");
  auto file = read_codes(path);
  const auto size = known.at("code");
  if (file.columns != size || file.rows == 0)
    throw ConfigError(path, fmt::format("holds {} codes of {} numbers, the model is given {}",
                                        file.rows, file.columns, size));
  const auto rows = torch::tensor(file.z).reshape({file.rows, file.columns});
  return rows.index_select(0, torch::arange(count).remainder(file.rows));
}

// A model with a decoder whose draws of x are more than the decoder's mean.
bool adds_noise(const Model& model) {
  return seen_as<Decoder>(model) && seen_as<Prior>(model) &&
         (seen_as<Bound>(model) || seen_as<Likelihood>(model));
}

bool learned_pictures(const TrainedModel& run) {
  const auto channels = run.config.model_options.find("channels");
  return channels != run.config.model_options.end() && channels->second != "0";
}

bool draws_means(const TrainedModel& run, const SampleAsk& ask) {
  if (ask.drawn == Drawn::means && (!ask.given.empty() || ask.temperature != 1))
    throw ConfigError("sample",
                      "means are those of codes drawn from the prior as it is, with no "
                      "condition and temperature 1; leave one of both out");
  if (ask.drawn != Drawn::as_previews) return ask.drawn == Drawn::means;
  return learned_pictures(run) && adds_noise(*run.model) && ask.given.empty() &&
         ask.temperature == 1;
}

}  // namespace

SampleRequest request_of(const TrainedModel& run, const SampleAsk& ask) {
  if (ask.count < 1)
    throw ConfigError("sample", fmt::format("count must be positive, got {}", ask.count));
  Given given;
  if (!ask.given.codes.empty())
    given.more.emplace("code", codes_of_file(ask.given.codes, run, ask.count));
  if (!ask.given.label.empty())
    given.labels = Given::of_class(class_of(ask.given.label, run)).labels;
  return {.count = ask.count, .temperature = ask.temperature, .given = std::move(given)};
}

Samples sample(const TrainedModel& run, const SampleAsk& ask, Rng& rng) {
  if (!draws_means(run, ask))
    return {.x = run.as<Sampler>("sampler").sample(request_of(run, ask), rng)};
  torch::NoGradGuard no_grad;
  auto& decoder = run.as<Decoder>("decoder");
  return {.x = decoder.decode_mean(run.as<Prior>("prior").sample_prior(ask.count, rng)),
          .means = true};
}

}  // namespace kiln
