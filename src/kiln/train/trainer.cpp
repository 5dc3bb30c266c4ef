#include "kiln/train/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "kiln/core/check.h"
#include "kiln/train/weights.h"

namespace kiln {

namespace {

// Where a checkpoint keeps the position of a source.
std::string position_key(const std::string& source) {
  return source.empty() ? "data" : "data/" + source;
}

// The sums of a log that was not written down when the checkpoint was.  A sum that is not finite is
// null in JSON.
std::vector<std::pair<std::string, ScalarMeans::Sum>> sums_of(const nlohmann::json& state) {
  std::vector<std::pair<std::string, ScalarMeans::Sum>> sums;
  if (!state.contains("log")) return sums;
  for (const auto& entry : state.at("log")) {
    const auto& total = entry.at(1);
    sums.push_back({entry.at(0).get<std::string>(),
                    {.total = total.is_null() ? std::nan("") : total.get<double>(),
                     .count = std::max<std::int64_t>(1, entry.at(2).get<std::int64_t>())}});
  }
  return sums;
}

}  // namespace

TrainOptions resolve(TrainOptions options, std::int64_t batches_per_epoch) {
  if (options.steps == 0) {
    const double rounds =
        static_cast<double>(options.epochs) * static_cast<double>(batches_per_epoch);
    if (rounds > kMostRounds)
      throw ConfigError("train.epochs",
                        fmt::format("{} passes of {} batches are more than {} rounds",
                                    options.epochs, batches_per_epoch, kMostRounds));
    options.steps = std::max(options.least_steps, static_cast<std::int64_t>(rounds));
  }
  if (options.validate_every == 0) options.validate_every = batches_per_epoch;
  if (options.checkpoint_every == 0)
    options.checkpoint_every = std::min<std::int64_t>(1000, batches_per_epoch);
  if (options.sample_every == 0)
    options.sample_every = std::max<std::int64_t>(1, options.steps / 10);
  return options;
}

Trainer::Trainer(Model& model, Feed feed, const TrainOptions& options, torch::Device device)
    : model_(model),
      options_(checked("train", options)),
      learning_(make_learning(model, std::move(feed), options, device)) {
  check_positive("trainer", "steps", options.steps);
}

TrainEnd Trainer::run(const TrainHooks& hooks) {
  model_.train();
  if (!hooks.selects) best_.reset(), best_step_ = waited_ = 0;
  if (owes_validation_)
    if (const auto ended = after_step(hooks, {})) return *ended;
  while (!last()) {
    const auto end = learning_->step(step_, log_);
    ++step_;
    if (hooks.progress) hooks.progress(step_, log_.first());
    if (const auto ended = after_step(hooks, end)) return *ended;
  }
  return TrainEnd::finished;
}

// Records, validation, pictures and checkpoint of the step that has just been made.
std::optional<TrainEnd> Trainer::after_step(const TrainHooks& hooks, const StepEnd& end) {
  const bool save_due = last() || due(options_.checkpoint_every);
  if (save_due || end.pass_ended || due(options_.log_every)) flush_record(hooks);
  if (hooks.validate && (last() || (end.whole && due(options_.validate_every)))) {
    owes_validation_ = true;
    try {
      validate(hooks);
    } catch (const Interrupted&) {
      model_.train();
      save(hooks);
      return TrainEnd::interrupted;
    }
    owes_validation_ = false;
  }
  if (hooks.preview && (last() || due(options_.sample_every))) {
    Ema::Scope averaged(learning_->ema());
    hooks.preview(step_);
    model_.train();
  }
  const bool tired = options_.patience > 0 && waited_ >= options_.patience;
  const bool stop = hooks.interrupted && hooks.interrupted();
  if (save_due || tired || stop) save(hooks);
  if (last()) return TrainEnd::finished;
  if (stop) return TrainEnd::interrupted;
  if (tired) return TrainEnd::stopped_early;
  return std::nullopt;
}

void Trainer::save(const TrainHooks& hooks) {
  learning_->check_parameters(step_);
  if (hooks.checkpoint) hooks.checkpoint(step_);
}

void Trainer::flush_record(const TrainHooks& hooks) {
  if (log_.empty()) return;
  const TrainRecord record{.step = step_, .loss = log_.first(), .scalars = log_.means()};
  log_.clear();
  if (hooks.record) hooks.record(record);
}

void Trainer::validate(const TrainHooks& hooks) {
  double value = 0;
  {
    Ema::Scope averaged(learning_->ema());
    value = hooks.validate();
    model_.train();
  }
  const bool improved = hooks.selects && std::isfinite(value) && (!best_ || value < *best_);
  if (hooks.selects) waited_ = improved ? 0 : waited_ + 1;
  if (improved) best_ = value, best_step_ = step_;
  if (hooks.validated) hooks.validated(step_, value, improved);
}

SafetensorsFile Trainer::snapshot() const {
  SafetensorsFile file;
  append_model(file, model_);
  nlohmann::json state{{"step", step_}, {"best_step", best_step_}, {"waited", waited_}};
  Counts counts;
  learning_->save(file, counts);
  state["counts"] = counts;
  for (const auto& [name, at] : learning_->feed().state())
    state[position_key(name)] = {at.epoch, at.batch};
  if (best_) state["best"] = *best_;
  if (owes_validation_) state["owes_validation"] = true;
  for (const auto& [name, sum] : log_.sums()) state["log"].push_back({name, sum.total, sum.count});
  file.metadata["kiln.state"] = state.dump();
  return file;
}

void Trainer::restore(const std::string& source, const SafetensorsFile& file) {
  load_weights(source, file, model_);
  const auto found = file.metadata.find("kiln.state");
  if (found == file.metadata.end())
    throw IoError(source,
                  "holds weights but no training state; it can be sampled and judged, not resumed");
  load_training_state(source, file, model_);
  try {
    const auto state = nlohmann::json::parse(found->second);
    learning_->restore(source, file, state.at("counts").get<Counts>());
    step_ = state.at("step").get<std::int64_t>();
    best_step_ = state.at("best_step").get<std::int64_t>();
    waited_ = state.at("waited").get<std::int64_t>();
    if (state.contains("best")) best_ = state.at("best").get<double>();
    owes_validation_ = state.value("owes_validation", false);
    log_.restore(sums_of(state));
    auto positions = learning_->feed().state();
    for (auto& [name, at] : positions) {
      const auto& stored = state.at(position_key(name));
      at = {stored.at(0).get<std::int64_t>(), stored.at(1).get<std::int64_t>()};
    }
    learning_->feed().restore(positions);
  } catch (const std::out_of_range&) {
    throw IoError(source, "the training state is damaged: a count is missing");
  } catch (const nlohmann::json::exception& error) {
    throw IoError(source, fmt::format("the training state is damaged: {}", error.what()));
  }
}

}  // namespace kiln
