#include "kiln/registry/session.h"

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>

#include "kiln/io/atomic_file.h"
#include "kiln/metrics/likelihood.h"
#include "kiln/registry/provenance.h"
#include "kiln/registry/watch.h"
#include "kiln/train/feed.h"
#include "kiln/train/pictures.h"
#include "kiln/train/weights.h"

namespace kiln {
namespace {

std::uint64_t seed_of(const RunConfig& config) {
  return static_cast<std::uint64_t>(config.train.seed);
}

void say(const SessionHooks& hooks, const std::string& line) {
  if (hooks.note) hooks.note(line);
}

void check_patience(const Model& model, const TrainOptions& options) {
  if (options.patience > 0 && !tells_the_best(validation_metric(model), model))
    throw ConfigError("train.patience",
                      "this model has no figure of validation that tells the best state; leave "
                      "patience out");
}

// The last, smaller batch of an epoch is not trained on; among few batches that is much.
void note_lost_items(const Model& model, const TrainOptions& options, std::int64_t items,
                     const SessionHooks& hooks) {
  const auto left = items % options.batch;
  if (!dynamic_cast<const Game*>(&model) || items < options.batch || 20 * left < items) return;
  say(hooks, fmt::format("an epoch is {} steps of {} items and leaves {} of {} out, others each "
                         "time; a smaller --batch takes more steps and leaves fewer out",
                         items / options.batch, options.batch, left, items));
}

}  // namespace

Transform transform_for(const Source& source, const DataInfo& info, const Model& model) {
  const auto transform =
      make_transform(info, model.value_set(), source.binarize, source.dequantize);
  return with_noise(transform, info, source.noise);
}

Session::Data Session::open_data(const RunConfig& config, const SessionHooks& hooks) {
  const OpenOptions options{.seed = seed_of(config), .skip_bad = config.skip_bad};
  Data data;
  data.source = open_source(parse_source(config.data), options);
  data.valid_source =
      config.valid.empty() ? data.source : open_source(parse_source(config.valid), options);
  auto splits = data.source.splits;
  if (!config.valid.empty()) splits.valid = data.valid_source.splits.train;
  splits = with_validation(splits, config.train.validation_fraction, seed_of(config));
  data.train = splits.train;
  data.valid = splits.valid;
  if (data.valid->info().shape != data.train->info().shape)
    throw ConfigError("data",
                      fmt::format("items of --valid {} have another shape than those of --data {}",
                                  config.valid, config.data));
  if (data.train->info().skipped > 0)
    say(hooks,
        fmt::format("left out {} broken items of {}", data.train->info().skipped, config.data));
  for (const auto& note : data.train->info().notes) say(hooks, note);
  return data;
}

// A state that only the validation data show is a state all the same.
OptionMap Session::facts_of(const ModelEntry& entry, const Data& data) {
  auto facts = data_facts(entry, data.train->info(), data.source.binarize);
  if (const auto found = facts.find("states"); found != facts.end())
    found->second = std::to_string(std::max(
        std::stoll(found->second),
        std::stoll(
            data_facts(entry, data.valid->info(), data.valid_source.binarize).at("states"))));
  return facts;
}

void Session::fit_data(Data& data, const Model& model, const SessionHooks& hooks) {
  data.transform = transform_for(data.source, data.train->info(), model);
  data.valid_transform = transform_for(data.valid_source, data.valid->info(), model);
  say(hooks, fmt::format("data: {} for training, {} for validation; {}", data.train->size(),
                         data.valid->size(), data.transform.describe()));
}

Session::Session(RunFolder folder, Data data, std::shared_ptr<Model> model, torch::Device device,
                 SessionHooks hooks)
    : folder_(std::move(folder)),
      data_(std::move(data)),
      model_(std::move(model)),
      device_(device),
      hooks_(std::move(hooks)),
      metric_(validation_metric(*model_)) {}

namespace {

// What was given, the data say, and the recipe has.  Returns what the recipe added, for a person.
std::string follow_recipe(RunConfig& config, const ModelEntry& entry, const TrainRequest& request,
                          OptionMap facts, std::int64_t items) {
  std::string added;
  auto options = request.model_options;
  options.merge(facts);
  auto train = request.train_options;
  if (const auto recipe = entry.recipe_for(options, items)) {
    const auto followed = follow(*recipe, entry.fields, options, train);
    options = followed.model;
    train = followed.train;
    if (!followed.added.empty())
      added = fmt::format("recipe for {}: {}", recipe->when, as_flags(followed.added));
  }
  config.model_options = entry.complete(options);
  assign("train", config.train, train);
  return added;
}

}  // namespace

Session Session::start(const TrainRequest& request, const SessionHooks& hooks) {
  const auto& entry = find_model(request.model);
  RunConfig config{.model = entry.name,
                   .model_options = {},
                   .data = parse_source(request.data).text(),
                   .valid = request.valid,
                   .skip_bad = request.skip_bad,
                   .train = {}};
  assign("train", config.train, request.train_options);
  entry.complete(request.model_options);  // refuses a wrong option before anything is opened
  auto data = open_data(config, hooks);
  const auto recipe =
      follow_recipe(config, entry, request, facts_of(entry, data), data.train->size());
  auto model = make_model(entry, config.model_options, seed_of(config));
  check_patience(*model, config.train);
  fit_data(data, *model, hooks);
  config.train = resolve_for(*model, config.train, data.train->size());
  if (!recipe.empty()) say(hooks, recipe);
  note_lost_items(*model, config.train, data.train->size(), hooks);
  begin_with(*model, data, config);
  model->to(request.device);
  Session session(RunFolder::create(request.out, config, entry.fields), std::move(data),
                  std::move(model), request.device, hooks);
  session.keep_provenance(request.command);
  session.build_trainer();
  session.checkpoint(0);
  return session;
}

void Session::keep_provenance(const std::string& command) const {
  const auto& config = folder_.config();
  write_provenance(folder_.path(), command, config.data, *data_.train,
                   config.valid.empty() ? config.data : config.valid, *data_.valid);
}

// A run that was stopped before its first checkpoint stood.
void Session::begin() const {
  say(hooks_,
      fmt::format("no checkpoint yet: starting at step 0 of {}", folder_.config().train.steps));
  checkpoint(0);
}

void Session::begin_with(Model& model, const Data& data, const RunConfig& config) {
  model.start_from_data(data_moments(data.train, data.transform, 50000, seed_of(config)));
  if (const auto count = model.labelled_items(); count > 0)
    model.start_from_labelled(labelled_batch(data.train, data.transform, count, seed_of(config)));
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
                        torch::Device device, const SessionHooks& hooks) {
  auto folder = RunFolder::open_for_training(run);
  auto config = folder.config();
  const auto& entry = find_model(config.model);
  if (steps) change_steps(config, *steps);
  folder.plan(config);
  auto data = open_data(config, hooks);
  check_same_data(folder.path(), *data.train, *data.valid);
  auto model = make_model(entry, config.model_options, seed_of(config));
  fit_data(data, *model, hooks);
  const bool begun = !folder.checkpoint_steps().empty();
  if (!begun) begin_with(*model, data, config);
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
  loader_ = std::make_unique<Loader>(data_.train, data_.transform, loader_options(*model_, train));
  trainer_ = std::make_unique<Trainer>(*model_, *loader_, train, device_);
}

void Session::restore() {
  const auto loaded = folder_.newest();
  for (const auto& warning : loaded.warnings) say(hooks_, "warning: " + warning);
  trainer_->restore(loaded.path.string(), loaded.file);
  if (trainer_->step() > folder_.config().train.steps)
    throw ConfigError("resume.steps", fmt::format("the run stands at step {} already, beyond {}",
                                                  trainer_->step(), folder_.config().train.steps));
  folder_.prune(folder_.config().train.keep);
  say(hooks_,
      fmt::format("resuming from step {} of {}", trainer_->step(), folder_.config().train.steps));
}

TrainEnd Session::run() {
  const auto& config = folder_.config();
  Records records(folder_.path(), trainer_->step(), config.train.batch);
  TrainHooks hooks;
  if (!metric_.empty()) hooks.validate = [this] { return validate(); };
  LossWatch watch;
  hooks.record = [&](const TrainRecord& record) {
    records.add(record);
    watch.add(record.loss);
  };
  hooks.selects = tells_the_best(metric_, *model_);
  if (!hooks.selects && folder_.forget_best())
    say(hooks_, "this model has no best state any more; the last one counts");
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
  if (auto* game = dynamic_cast<Game*>(model_.get()); game && game->players().size() == 1)
    if (const auto warning = watch.warning(); !warning.empty()) say(hooks_, warning);
  return end;
}

void Session::note_validation(Records& records, std::int64_t step, double value, bool best) const {
  const auto note = [&](const std::string& metric, double figure, const char* remark) {
    records.add_validation(step, metric, figure);
    say(hooks_, fmt::format("step {}: validation {} {:.{}f} {}{}", step, metric, figure,
                            metric == "error" || metric == "code_mmd" ? 4 : 3, metric_unit(metric),
                            remark));
  };
  note(metric_, rises(metric_) ? -value : value, best ? " (best)" : "");
  if (matches_a_prior(*model_)) note("code_mmd", code_mmd_, "");
  if (metric_ == kCoverage && -value < kLeastCoverage)
    say(hooks_, fmt::format("warning: near {:.0f} % of the data's items there is no sample: the "
                            "samples repeat themselves or are not like the data yet; "
                            "docs/models/gan.md lists remedies for mode collapse",
                            100 * (1 + value)));
}

// Both figures are of the same weights: the averaged ones, where there are any.
double Session::validate() {
  if (matches_a_prior(*model_)) code_mmd_ = judged("code_mmd");
  const double value = judged(metric_);
  return rises(metric_) ? -value : value;
}

double Session::judged(const std::string& metric) const {
  if (metric == kCoverage)
    return sample_coverage(*model_, data_.valid, data_.valid_transform, seed_of(folder_.config()),
                           device_);
  const auto* bound = dynamic_cast<const Bound*>(model_.get());
  const JudgeOptions options{.draws = bound ? bound->training_draws() : 1,
                             .batch = std::max<std::int64_t>(100, folder_.config().train.batch),
                             .most_items = folder_.config().train.validation_items,
                             .seed = seed_of(folder_.config()),
                             .stopped = hooks_.interrupted};
  return judge(*model_, metric, data_.valid, data_.valid_transform, device_, options).mean;
}

// Points of the plane are many enough to show their law, and kept as numbers for `kiln film`.
void Session::preview(std::int64_t step) const {
  auto* sampler = dynamic_cast<Sampler*>(model_.get());
  if (!sampler) return;
  model_->eval();
  Rng noise(seed_of(folder_.config()), "preview",
            device_);  // the same noise every time: one sees the samples learn
  auto* decoder = dynamic_cast<Decoder*>(model_.get());
  auto* prior = dynamic_cast<Prior*>(model_.get());
  const bool plane = data_.train->info().shape == std::vector<std::int64_t>{2};
  const std::int64_t count = plane ? 500 : 64;
  torch::NoGradGuard no_grad;
  const auto x = decoder && prior ? decoder->decode_mean(prior->sample_prior(count, noise))
                                  : sampler->sample({.count = count}, noise);
  std::filesystem::create_directories(folder_.path() / "samples");
  const auto stem = folder_.path() / "samples" / fmt::format("step-{:08}", step);
  for (const auto* ending : {".png", ".svg", ".npy"}) drop_link(stem.string() + ending);
  write_samples(stem, x, model_->value_set(),
                {{"model", folder_.config().model},
                 {"seed", std::to_string(folder_.config().train.seed)},
                 {"step", std::to_string(step)}});
  if (plane) write_tensor(stem.string() + ".npy", x);
}

void Session::checkpoint(std::int64_t step) const {
  folder_.save_checkpoint(step, trainer_->snapshot(), folder_.config().train.keep);
}

void Session::save_best(std::int64_t step) const {
  auto file = trainer_->snapshot();
  file.metadata.erase("kiln.state");
  file.metadata["kiln.step"] = std::to_string(step);
  std::erase_if(file.tensors, [](const RawTensor& tensor) {
    return tensor.name.starts_with("optimizer/") || tensor.name.starts_with("training/");
  });
  folder_.save_best(std::move(file));
}

}  // namespace kiln
