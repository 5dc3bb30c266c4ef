#include "kiln/train/learning.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "kiln/core/text.h"
#include "kiln/models/batch_groups.h"
#include "kiln/models/seen_as.h"
#include "kiln/train/game_learning.h"
#include "kiln/train/trainer.h"
#include "kiln/train/weights.h"

namespace kiln {
namespace {

// Passes over the data, a batch a step.  Where a pass stands is the loader's position; what it has
// gathered stands in the model's buffers.
class PassLearning : public Learning {
 public:
  PassLearning(Fitted& model, Feed feed, torch::Device device)
      : model_(model), feed_(std::move(feed)), device_(device) {}

  Feed& feed() override { return feed_; }

  StepEnd step(std::int64_t, ScalarMeans& log) override {
    if (feed_.at_start_of_epoch()) model_.begin_pass();
    model_.observe(feed_.next(device_));
    if (!feed_.at_start_of_epoch()) return {.whole = false};
    done_ = model_.end_pass();
    ++passes_;
    if (const auto most = model_.most_passes(); most > 0 && passes_ >= most) done_ = true;
    log.add("model/loss", model_.loss());
    for (const auto& [name, value] : model_.figures()) log.add("model/" + name, value);
    return {.whole = true, .pass_ended = true};
  }

  bool done() const override { return done_; }

  void check_parameters(std::int64_t steps_done) const override {
    for (const auto& [name, tensor] : weights_of(model_))
      if (!tensor.isfinite().all().item<bool>())
        throw NumericError("train",
                           fmt::format("'{}' is not finite after {} batches", name, steps_done),
                           steps_done);
  }

  void save(SafetensorsFile&, Counts& counts) const override {
    counts["done"] = done_;
    counts["passes"] = static_cast<std::uint64_t>(passes_);
  }
  void restore(const std::string&, const SafetensorsFile&, const Counts& counts) override {
    done_ = counts.at("done") != 0;
    passes_ = static_cast<std::int64_t>(counts.at("passes"));
  }

 private:
  Fitted& model_;
  Feed feed_;
  torch::Device device_;
  std::int64_t passes_ = 0;
  bool done_ = false;
};

// Options that say how gradients move parameters.
void refuse_gradient_options(const TrainOptions& o) {
  std::vector<std::string> set;
  const auto add = [&](bool given, const char* flag) {
    if (given) set.emplace_back(flag);
  };
  add(o.optimizer.has_value(), "--optimizer");
  add(o.learning_rate.has_value(), "--learning-rate");
  add(o.beta1.has_value(), "--beta1");
  add(o.beta2.has_value(), "--beta2");
  add(o.momentum.has_value(), "--momentum");
  add(o.weight_decay.has_value(), "--weight-decay");
  add(o.schedule != Schedule::constant, "--schedule");
  add(o.warmup_steps > 0, "--warmup-steps");
  add(o.accumulate > 1, "--accumulate");
  add(o.clip > 0, "--clip");
  add(o.ema > 0, "--ema");
  if (!set.empty())
    throw ConfigError("train", fmt::format("this model learns in passes over the data, without "
                                           "gradients; leave out {}",
                                           join(set, ", ")));
}

// As many items as there are at most, whole groups of them.  Throws ConfigError for a batch that
// the model would refuse at its first step.
std::int64_t batch_of(const Model& model, std::int64_t asked, std::int64_t items) {
  const auto* grouped = seen_as<BatchGroups>(model);
  const auto group = grouped ? grouped->group_size() : 1;
  const auto batch =
      asked > items && items >= group ? items / group * group : std::min(asked, items);
  if (batch % group == 0) return batch;
  throw ConfigError("train.batch",
                    batch < group
                        ? fmt::format("the model looks at {} items at once, and a batch holds {}; "
                                      "give more items or make --batch larger",
                                      group, batch)
                        : fmt::format("the model looks at {} items at once; set --batch to a "
                                      "multiple of it, as {}, got {}",
                                      group, batch / group * group, batch));
}

void check_accumulation(const Model& model, const TrainOptions& o) {
  const auto* game = seen_as<Game>(model);
  if (o.accumulate == 1 || !game) return;
  if (!game->adds_over_items())
    throw ConfigError(
        "train.accumulate",
        "this model's loss is no mean over single items, so the parts of a batch have "
        "other gradients than the whole; leave out --accumulate and make --batch "
        "smaller");
  if (o.batch % o.accumulate != 0)
    throw ConfigError("train.accumulate",
                      fmt::format("a batch of {} items has no {} equal parts; set --batch to a "
                                  "multiple of --accumulate",
                                  o.batch, o.accumulate));
}

}  // namespace

void ScalarMeans::add(const std::string& name, double value) {
  auto found = std::find_if(sums_.begin(), sums_.end(),
                            [&](const auto& entry) { return entry.first == name; });
  if (found == sums_.end()) found = sums_.insert(sums_.end(), {name, Sum{}});
  found->second.total += value;
  ++found->second.count;
}

std::vector<std::pair<std::string, double>> ScalarMeans::means() const {
  std::vector<std::pair<std::string, double>> list;
  for (const auto& [name, sum] : sums_)
    list.emplace_back(name, sum.total / static_cast<double>(sum.count));
  return list;
}

double ScalarMeans::first() const {
  return empty() ? std::numeric_limits<double>::quiet_NaN()
                 : sums_.front().second.total / static_cast<double>(sums_.front().second.count);
}

std::unique_ptr<Learning> make_learning(Model& model, Feed feed, const TrainOptions& options,
                                        torch::Device device) {
  if (auto* game = seen_as<Game>(model))
    return std::make_unique<GameLearning>(*game, std::move(feed), options, device);
  if (auto* fitted = seen_as<Fitted>(model))
    return std::make_unique<PassLearning>(*fitted, std::move(feed), device);
  throw ConfigError("trainer", "this model learns neither by gradients nor in passes");
}

namespace {

// Epochs of less than ten rounds are validated and kept several at a time.
TrainOptions with_short_epochs_together(TrainOptions options, std::int64_t batches) {
  constexpr std::int64_t kLeast = 10;
  if (batches >= kLeast) return options;
  const auto rounds = batches * ((kLeast + batches - 1) / batches);
  if (options.validate_every == 0) options.validate_every = rounds;
  if (options.checkpoint_every == 0) options.checkpoint_every = rounds;
  return options;
}

}  // namespace

TrainOptions resolve_for(const Model& model, TrainOptions options, std::int64_t items) {
  options.batch = batch_of(model, options.batch, items);
  check_accumulation(model, options);
  const auto* fitted = seen_as<Fitted>(model);
  if (!fitted) {
    const auto batches = items / options.batch;
    return resolve(with_short_epochs_together(std::move(options), batches), batches);
  }
  refuse_gradient_options(options);
  if (fitted->most_passes() > 0) options.epochs = std::min(options.epochs, fitted->most_passes());
  return resolve(options, (items + options.batch - 1) / options.batch);
}

LoaderOptions loader_options(const Model& model, const TrainOptions& options) {
  return {.batch = options.batch,
          .drop_last = seen_as<Fitted>(model) == nullptr,
          .seed = derive_key(static_cast<std::uint64_t>(options.seed), "data"),
          .threads = static_cast<int>(options.loader_threads)};
}

}  // namespace kiln
