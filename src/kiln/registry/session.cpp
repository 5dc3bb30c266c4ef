#include "kiln/registry/session.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>

#include "kiln/feed/batches.h"
#include "kiln/io/atomic_file.h"
#include "kiln/metrics/likelihood.h"
#include "kiln/registry/watch.h"
#include "kiln/train/weights.h"

namespace kiln {
namespace {

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
  hooks.say(
      fmt::format("an epoch is {} steps of {} items and leaves {} of {} out, others each "
                  "time; a smaller --batch takes more steps and leaves fewer out",
                  items / options.batch, options.batch, left, items));
}

}  // namespace

Transform transform_for(const Source& source, const DataInfo& info, const Model& model) {
  const auto transform =
      make_transform(info, model.value_set(), source.binarize, source.dequantize);
  return with_noise(transform, info, source.noise);
}

DataInfo with_part_b(DataInfo info, const DataInfo& second) {
  info.more.push_back({"b", second.shape});
  return info;
}

// Generators of the same name make other scenes than those of the first source: nothing is paired.
Session::SecondSource Session::open_second(const RunConfig& config, const DataInfo& first) {
  check_part_is_free(first, "b");
  SecondSource b;
  b.source = open_source(parse_source(config.data_b),
                         {.seed = config.seed_b(), .skip_bad = config.skip_bad});
  const auto splits =
      with_validation(b.source.splits, config.train.validation_fraction, config.seed());
  b.train = splits.train, b.valid = splits.valid;
  const auto& shape = b.train->info().shape;
  if (!first.is_image() || !b.train->info().is_image() || shape[1] != first.shape[1] ||
      shape[2] != first.shape[2])
    throw ConfigError("data", fmt::format("items of {} are [{}], those of {} [{}]; two sources "
                                          "need pictures of one height and width",
                                          config.data, fmt::join(first.shape, ", "), config.data_b,
                                          fmt::join(shape, ", ")));
  return b;
}

std::vector<DataPart> Session::parts_of(const RunConfig& config, const Data& data) {
  std::vector<DataPart> parts{
      {"train", config.data, data.train},
      {"validation", config.valid.empty() ? config.data : config.valid, data.valid}};
  if (data.b) {
    parts.push_back({"train_b", config.data_b, data.b->train});
    parts.push_back({"validation_b", config.data_b, data.b->valid});
  }
  return parts;
}

Session::Data Session::open_data(const RunConfig& config, const SessionHooks& hooks) {
  const OpenOptions options{.seed = config.seed(), .skip_bad = config.skip_bad};
  Data data;
  data.source = open_source(parse_source(config.data), options);
  data.valid_source =
      config.valid.empty() ? data.source : open_source(parse_source(config.valid), options);
  auto splits = data.source.splits;
  if (!config.valid.empty()) splits.valid = data.valid_source.splits.train;
  splits = with_validation(splits, config.train.validation_fraction, config.seed());
  data.train = splits.train;
  data.valid = splits.valid;
  if (data.valid->info().shape != data.train->info().shape)
    throw ConfigError("data",
                      fmt::format("items of --valid {} have another shape than those of --data {}",
                                  config.valid, config.data));
  if (!config.data_b.empty()) data.b = open_second(config, data.train->info());
  for (const auto& [name, spec, part] : parts_of(config, data)) {
    if (!name.starts_with("train")) continue;
    if (part->info().skipped > 0)
      hooks.say(fmt::format("left out {} broken items of {}", part->info().skipped, spec));
    for (const auto& note : part->info().notes) hooks.say(note);
  }
  return data;
}

// A state that only the validation data show is a state all the same.
OptionMap Session::facts_of(const ModelEntry& entry, const Data& data) {
  const auto& first = data.train->info();
  auto facts = data_facts(entry, data.b ? with_part_b(first, data.b->train->info()) : first,
                          data.source.binarize);
  if (const auto found = facts.find("states"); found != facts.end())
    found->second = std::to_string(std::max(
        std::stoll(found->second),
        std::stoll(
            data_facts(entry, data.valid->info(), data.valid_source.binarize).at("states"))));
  return facts;
}

namespace {

// The validation items need the parts that training needs.
void check_fields(const Model& model, const DataInfo& train, const DataInfo& valid) {
  for (const auto& name : model.needed_fields()) {
    const auto *of_train = train.field(name), *of_valid = valid.field(name);
    if (!of_train || !of_valid || of_train->shape != of_valid->shape)
      throw ConfigError("data", fmt::format("the items of {} have no part {} of the shape that {} "
                                            "has",
                                            valid.name, name, train.name));
  }
}

}  // namespace

void Session::fit_data(Data& data, const Model& model, const SessionHooks& hooks) {
  if (data.b)
    data.b->transform = transform_for(data.b->source, data.b->train->info(), model);
  else
    check_fields(model, data.train->info(), data.valid->info());
  data.transform = transform_for(data.source, data.train->info(), model);
  data.valid_transform = transform_for(data.valid_source, data.valid->info(), model);
  hooks.say(fmt::format("data: {} for training, {} for validation; {}", data.train->size(),
                        data.valid->size(), data.transform.describe()));
  if (data.b)
    hooks.say(fmt::format("data b: {} for training, {} for validation; {}", data.b->train->size(),
                          data.b->valid->size(), data.b->transform.describe()));
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
                   .data_b = request.data_b.empty() ? "" : parse_source(request.data_b).text(),
                   .valid = request.valid,
                   .skip_bad = request.skip_bad,
                   .train = {}};
  assign("train", config.train, request.train_options);
  check_sources(entry, request.data_b);
  entry.complete(request.model_options);  // refuses a wrong option before anything is opened
  auto data = open_data(config, hooks);
  const auto recipe =
      follow_recipe(config, entry, request, facts_of(entry, data), data.train->size());
  auto model = make_model(entry, config.model_options, config.seed());
  check_patience(*model, config.train);
  if (data.train->size() < 2 && dynamic_cast<Standardised*>(model.get()))
    throw ConfigError("data", fmt::format("{} leaves 1 item to train on beside the validation "
                                          "part; a density of real numbers needs more",
                                          config.data));
  fit_data(data, *model, hooks);
  if (data.b) config.train.batch = std::min(config.train.batch, data.b->train->size());
  config.train = resolve_for(*model, config.train, data.train->size());
  if (!recipe.empty()) hooks.say(recipe);
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
  write_provenance(folder_.path(), command, parts_of(folder_.config(), data_));
}

// A run that was stopped before its first checkpoint stood.
void Session::begin() const {
  hooks_.say(
      fmt::format("no checkpoint yet: starting at step 0 of {}", folder_.config().train.steps));
  checkpoint(0);
}

void Session::begin_with(Model& model, const Data& data, const RunConfig& config) {
  model.start_from_data(data_moments(data.train, data.transform, 50000, config.seed()));
  if (const auto count = model.labelled_items(); count > 0)
    model.start_from_labelled(labelled_batch(data.train, data.transform, count, config.seed()));
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
  check_same_data(folder.path(), parts_of(config, data));
  auto model = make_model(entry, config.model_options, config.seed());
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
  Feed feed(*loader_);
  if (data_.b) {
    auto options = loader_options(*model_, train);
    options.seed = derive_key(options.seed, "b");
    loader_b_ = std::make_unique<Loader>(data_.b->train, data_.b->transform, options);
    feed.add("b", *loader_b_);
  }
  trainer_ = std::make_unique<Trainer>(*model_, std::move(feed), train, device_);
}

void Session::restore() {
  const auto loaded = folder_.newest();
  for (const auto& warning : loaded.warnings) hooks_.say("warning: " + warning);
  trainer_->restore(loaded.path.string(), loaded.file);
  if (trainer_->step() > folder_.config().train.steps)
    throw ConfigError("resume.steps", fmt::format("the run stands at step {} already, beyond {}",
                                                  trainer_->step(), folder_.config().train.steps));
  folder_.prune(folder_.config().train.keep);
  hooks_.say(
      fmt::format("resuming from step {} of {}", trainer_->step(), folder_.config().train.steps));
}

TrainEnd Session::run() {
  const auto& config = folder_.config();
  Records records(folder_.path(), trainer_->step(), config.train.batch);
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
  if (auto* game = dynamic_cast<Game*>(model_.get()); game && game->players().size() == 1)
    warn("losses", losses.warning());
  return end;
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
