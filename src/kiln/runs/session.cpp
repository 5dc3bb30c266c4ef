#include "kiln/runs/session.h"

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>

#include "kiln/metrics/likelihood.h"
#include "kiln/models/seen_as.h"
#include "kiln/runs/coded_data.h"
#include "kiln/runs/fit.h"
#include "kiln/runs/prepare.h"
#include "kiln/runs/watch.h"
#include "kiln/train/stages.h"
#include "kiln/train/weights.h"

namespace kiln {

Session::Session(RunFolder folder, TrainingData data, std::shared_ptr<Model> model,
                 torch::Device device, Hooks hooks)
    : folder_(std::move(folder)),
      data_(std::move(data)),
      model_(std::move(model)),
      device_(device),
      hooks_(std::move(hooks)),
      metric_(validation_metric(*model_)) {}

Session Session::start(const TrainRequest& request, const Hooks& hooks) {
  const auto& entry = find_model(request.model);
  RunConfig config{.model = entry.name,
                   .model_options = {},
                   .data = parse_source(request.data).text(),
                   .data_b = request.data_b.empty() ? "" : parse_source(request.data_b).text(),
                   .encoder = request.encoder,
                   .valid = request.valid,
                   .skip_bad = request.skip_bad,
                   .train = {}};
  assign("train", config.train, request.train_options);
  check_sources(entry, request.data_b);
  entry.complete(request.model_options);  // refuses a wrong option before anything is opened
  check_validates_elsewhere(config);
  auto data = open_training_data(config);
  std::optional<TrainedModel> encoder;
  if (!request.encoder.empty()) {
    encoder = load_run(request.encoder);
    add_codes(data, *encoder);
  }
  auto ready = prepare_training(std::move(config), std::move(data), request.model_options,
                                request.train_options);
  for (const auto& line : ready.remarks) hooks.say(line);
  ready.model->to(request.device);
  Session session(RunFolder::create(request.out, ready.config, entry.fields), std::move(ready.data),
                  std::move(ready.model), request.device, hooks);
  if (encoder) save_model(session.folder_.encoder_path(), *encoder);
  session.keep_provenance(request.command);
  session.build_trainer();
  session.checkpoint(0);
  return session;
}

void Session::keep_provenance(const std::string& command) const {
  write_provenance(folder_.path(), command, parts_of(folder_.config(), data_));
}

// A run that was stopped before its first checkpoint stood.
void Session::begin() const {
  hooks_.say(
      fmt::format("no checkpoint yet: starting at step 0 of {}", folder_.config().train.steps));
  checkpoint(0);
}

namespace {

// Another length of a run that has one.
void change_steps(RunConfig& config, std::int64_t steps) {
  if (steps == config.train.steps) return;
  if (config.train.schedule == Schedule::linear || config.train.schedule == Schedule::cosine)
    throw ConfigError(
        "resume.steps",
        fmt::format("the run's {} schedule ends at step {}; it cannot go on to {}: "
                    "train a new run with --steps {}, or with --schedule constant",
                    enum_name(config.train.schedule), config.train.steps, steps, steps));
  config.train.steps = steps;
}

}  // namespace

Session Session::resume(const std::filesystem::path& run, std::optional<std::int64_t> steps,
                        torch::Device device, const Hooks& hooks) {
  auto folder = RunFolder::open_for_training(run);
  auto config = folder.config();
  const auto& entry = find_model(config.model);
  check_sources(entry, config.data_b);
  if (steps) change_steps(config, *steps);
  folder.plan(config);
  auto data = open_training_data(config);
  check_same_data(folder.path(), parts_of(config, data));
  auto model = make_model(entry, config.model_options, config.seed());
  // A training that was stopped before its encoder stood takes that of the run it names once more.
  if (!config.encoder.empty() && !std::filesystem::exists(folder.encoder_path()))
    save_model(folder.encoder_path(), load_run(config.encoder));
  if (const auto encoder = kept_encoder(folder, *model, torch::kCPU)) add_codes(data, *encoder);
  fit_to(data, *model);
  for (const auto& line : remarks_on(config, data)) hooks.say(line);
  const bool begun = !folder.checkpoint_steps().empty();
  if (!begun) begin_with(*model, data, config.seed());
  model->to(device);
  Session session(std::move(folder), std::move(data), std::move(model), device, hooks);
  session.build_trainer();
  if (begun)
    session.restore();
  else
    session.begin();
  if (steps) session.folder_.write_config(entry.fields);  // now that it can go on
  return session;
}

void Session::build_trainer() {
  const auto& train = folder_.config().train;
  feed_ = std::make_unique<TrainingFeed>(data_, *model_, train);
  trainer_ = std::make_unique<Trainer>(*model_, feed_->feed(), train, device_);
}

void Session::restore() {
  const auto loaded = folder_.newest();
  for (const auto& warning : loaded.warnings) hooks_.say("warning: " + warning);
  trainer_->restore(loaded.path.string(), loaded.file);
  if (trainer_->step() > folder_.config().train.steps)
    throw ConfigError("resume.steps", fmt::format("the run stands at step {} already, beyond {}",
                                                  trainer_->step(), folder_.config().train.steps));
  folder_.prune();
  hooks_.say(
      fmt::format("resuming from step {} of {}", trainer_->step(), folder_.config().train.steps));
}

TrainEnd Session::run() {
  const auto& config = folder_.config();
  auto* game = seen_as<Game>(*model_);
  const auto stages = game ? game->stages() : std::vector<Stage>();
  if (const auto first = last_stage_begins(stages); first >= config.train.steps)
    hooks_.say(
        fmt::format("{} rounds end before the last of the {} stages of this model, which "
                    "begins at round {}; see --steps and the options of its stages",
                    config.train.steps, stages.size(), first));
  Records records(folder_.path(), trainer_->step(), config.train.batch, stages);
  TrainHooks hooks;
  if (!metric_.empty()) hooks.validate = [this] { return validate(); };
  LossWatch losses;
  hooks.record = [&](const TrainRecord& record) {
    records.add(record);
    losses.add(record.loss);
    for (const auto& [name, scalar] : record.scalars) scalars_[name] = scalar;
  };
  hooks.selects = tells_the_best(metric_, *model_);
  if (!hooks.selects && folder_.forget_best())
    hooks_.say("this model has no best state any more; the last one counts");
  hooks.validated = [&](std::int64_t step, double value, bool best) {
    note_validation(records, step, value, best);
    if (best) save_best(step);
  };
  hooks.preview = [this](std::int64_t step) { preview(step); };
  hooks.checkpoint = [this](std::int64_t step) { checkpoint(step); };
  hooks.progress = [this, steps = config.train.steps](std::int64_t step, double loss) {
    if (hooks_.progress) hooks_.progress(step, steps, loss);
  };
  hooks.interrupted = hooks_.interrupted;
  const auto end = trainer_->run(hooks);
  if (game && game->players().size() == 1) warn("losses", losses.warning());
  return end;
}

void Session::checkpoint(std::int64_t step) const {
  folder_.save_checkpoint(step, trainer_->snapshot());
}

void Session::save_best(std::int64_t step) const {
  folder_.save_best(for_use(trainer_->snapshot(), step));
}

}  // namespace kiln
