#include "kiln/use/judged_data.h"

#include <fmt/format.h>

#include <algorithm>

#include "kiln/models/seen_as.h"
#include "kiln/registry/models.h"
#include "kiln/runs/coded_data.h"
#include "kiln/runs/training_data.h"

namespace kiln {
namespace {

// What data to judge by, whatever the run says of them.
struct DataAsk {
  std::string spec, split;
  std::map<std::string, std::string> keys = {};
  bool second = false;  // of the second kind of pictures
};

// The facts of the data must be those of the training data.
void check_facts(const TrainedModel& run, const JudgedData& judged, const DataAsk& ask,
                 const std::optional<Binarize>& binarize) {
  const auto& options = run.config.model_options;
  const auto own = data_facts(find_model(run.config.model), judged.data->info(), binarize);
  const bool of_b = ask.second && !judged.data->info().field("b");
  // A class is a number: among other classes it would be another one.  Data without labels may do.
  const auto* sampler = seen_as<Sampler>(*run.model);
  const bool told_classes = sampler && sampler->conditions().classes > 0;
  for (const auto& [name, value] : own) {
    if (name == "states" || (name == "classes" && !(told_classes && value != "0"))) continue;
    const auto& trained = options.at(of_b && name == "channels" ? "channels_b" : name);
    if (trained != value)
      throw ConfigError("data", fmt::format("{} has {} {}, the run was trained with {}; give "
                                            "--data a source of items like those of {}",
                                            judged.name, name, value, trained,
                                            of_b ? run.config.data_b : run.config.data));
  }
}

JudgedData open_judged(const TrainedModel& run, const DataAsk& ask) {
  const auto& config = run.config;
  const auto& own_spec = ask.second ? config.data_b : config.data;
  auto parsed = parse_source(ask.spec.empty() ? own_spec : ask.spec);
  const bool validated_elsewhere =
      !ask.second && !config.valid.empty() && parsed.text() == config.data;
  const bool own_second = ask.second && parsed.text() == config.data_b;
  parsed = without_augmentation(std::move(parsed));
  for (const auto& [key, value] : ask.keys) parsed.keys[key] = value;
  const auto source = open_source(
      parsed, {.seed = own_second ? config.seed_b() : config.seed(), .skip_bad = config.skip_bad});
  auto splits = source.splits;
  JudgedData judged;
  if (!ask.spec.empty() && ask.split.empty()) {
    judged.data = splits.train;
    judged.name = ask.spec;
  } else {
    const auto part =
        ask.split.empty() ? (splits.test ? std::string("test") : std::string("valid")) : ask.split;
    if (validated_elsewhere && part == "valid") {  // the run learned from all of its own source
      judged = judged_data(run, config.valid, "", ask.keys);
      judged.name += " (valid)";
      return judged;
    }
    if (!validated_elsewhere)
      splits = with_validation(splits, config.train.validation_fraction, config.seed());
    judged.data = part == "train" ? splits.train : part == "valid" ? splits.valid : splits.test;
    judged.name = fmt::format("{} ({})", source.spec.text(), part);
    if (!judged.data)
      throw ConfigError("split",
                        fmt::format("{} has no test part; give --data SPEC or --split valid",
                                    source.spec.text()));
  }
  if (run.encoder) judged.data = with_codes(judged.data, source, *run.encoder);
  judged.transform = transform_for(source, judged.data->info(), *run.model);
  check_facts(run, judged, ask, source.binarize);
  return judged;
}

}  // namespace

JudgedData judged_data(const TrainedModel& run, const std::string& spec, const std::string& split,
                       const std::map<std::string, std::string>& keys) {
  return open_judged(run, {.spec = spec, .split = split, .keys = keys});
}

JudgedData pictures_to_translate(const TrainedModel& run, const std::string& spec,
                                 const std::string& split, std::string_view direction) {
  const bool second = direction == "b2a" && !run.config.data_b.empty();
  return open_judged(run, {.spec = spec, .split = split, .second = second});
}

std::string direction_of(const TrainedModel& run, const std::string& direction) {
  auto* translator = seen_as<Translator>(*run.model);
  if (!translator) {
    if (direction.empty()) return "";
    throw ConfigError("direction",
                      fmt::format("{} translates nothing; leave it out", run.config.model));
  }
  if (direction.empty()) return translator->directions().front();
  check_direction(*translator, direction);
  return direction;
}

bool has_test_part(const TrainedModel& run, const std::string& spec) {
  const auto& config = run.config;
  const OpenOptions options{.seed = static_cast<std::uint64_t>(config.train.seed),
                            .skip_bad = config.skip_bad};
  return open_source(parse_source(spec.empty() ? config.data : spec), options).splits.test !=
         nullptr;
}

}  // namespace kiln
