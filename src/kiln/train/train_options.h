#pragma once

#include <optional>
#include <string>

#include "kiln/core/optimizer_options.h"
#include "kiln/core/options.h"
#include "kiln/train/schedule.h"

namespace kiln {

constexpr double kMostRounds = 1e12;  ///< No run is longer; products of such counts are exact.

/// How to train, whatever the model: the flags of `kiln train` that are not the model's own.
struct TrainOptions {
  std::int64_t steps = 0;
  std::int64_t epochs = 10;
  std::int64_t least_steps = 0;
  std::int64_t batch = 100;
  std::int64_t accumulate = 1;
  std::int64_t seed = 1;
  std::optional<OptimizerKind> optimizer;
  std::optional<double> learning_rate;
  std::optional<double> beta1;
  std::optional<double> beta2;
  std::optional<double> momentum;
  std::optional<double> weight_decay;
  Schedule schedule = Schedule::constant;
  double hold = 0;
  std::int64_t warmup_steps = 0;
  std::int64_t step_every = 1000;
  double step_factor = 0.5;
  double clip = 0;
  double ema = 0;
  std::int64_t validate_every = 0;
  std::int64_t validation_items = 0;
  double validation_fraction = 0.1;
  std::int64_t patience = 0;
  std::int64_t checkpoint_every = 0;
  std::int64_t keep = 2;
  std::int64_t sample_every = 0;
  std::int64_t log_every = 50;
  std::int64_t threads = 0;
  std::int64_t loader_threads = 1;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    visit("steps", self.steps,
          Field{.help = "rounds to train; 0: as many as `epochs` makes",
                .low = 0,
                .high = kMostRounds});
    visit("epochs", self.epochs,
          Field{.help = "passes over the data when `steps` is 0", .low = 1, .high = kMostRounds});
    visit("least_steps", self.least_steps,
          Field{.help = "rounds at the least, where `epochs` says how long",
                .low = 0,
                .high = kMostRounds});
    visit("batch", self.batch, Field{.help = "items in a batch", .low = 1, .high = 1e6});
    visit("accumulate", self.accumulate,
          Field{.help = "parts of a batch that are gone through one by one, for batches whose "
                        "whole does not fit into memory",
                .low = 1,
                .high = 1e6});
    visit("seed", self.seed, Field{.help = "seed of weights, order, noise and samples", .low = 0});
    visit("optimizer", self.optimizer, Field{.help = "update rule; auto: the model's own"});
    visit("learning_rate", self.learning_rate,
          Field{.help = "step size; auto: the model's own", .low = 0});
    visit("beta1", self.beta1,
          Field{.help = "Adam's decay of the first moment", .low = 0, .high = 0.9999999});
    visit("beta2", self.beta2,
          Field{.help = "Adam's and RMSprop's decay of the second moment",
                .low = 0,
                .high = 0.9999999});
    visit("momentum", self.momentum, Field{.help = "SGD's momentum", .low = 0, .high = 0.9999999});
    visit("weight_decay", self.weight_decay,
          Field{.help = "adds this times the parameter to its gradient", .low = 0});
    visit("schedule", self.schedule,
          Field{.help = "how the learning rate falls; linear and cosine reach 0 at the last step"});
    visit("hold", self.hold,
          Field{.help = "share of the rounds before linear and cosine begin to fall",
                .low = 0,
                .high = 0.99});
    visit("warmup_steps", self.warmup_steps,
          Field{.help = "rounds in which the learning rate climbs", .low = 0});
    visit("step_every", self.step_every,
          Field{.help = "schedule step: rounds between drops", .low = 1});
    visit("step_factor", self.step_factor,
          Field{.help = "schedule step: what a drop multiplies by", .low = 0, .high = 1});
    visit("clip", self.clip,
          Field{.help = "largest gradient norm of a player; 0: no clipping", .low = 0});
    visit(
        "ema", self.ema,
        Field{.help = "decay of the weights' moving average used for judging and sampling; 0: none",
              .low = 0,
              .high = 0.9999999});
    visit("validate_every", self.validate_every,
          Field{.help = "rounds between validations; 0: every epoch, of short ones several",
                .low = 0});
    visit("validation_items", self.validation_items,
          Field{.help = "items of the validation part to use; 0: all", .low = 0});
    visit("validation_fraction", self.validation_fraction,
          Field{.help = "share of train to hold out when the source has no validation part",
                .low = 0.001,
                .high = 0.9});
    visit(
        "patience", self.patience,
        Field{.help = "validations without a better one before stopping; 0: never. Needs a figure "
                      "that tells the best state",
              .low = 0});
    visit("checkpoint_every", self.checkpoint_every,
          Field{.help = "rounds between checkpoints; 0: every epoch, of short ones several, at "
                        "most 1000 rounds",
                .low = 0});
    visit("keep", self.keep,
          Field{.help = "newest checkpoints to keep, besides the best", .low = 1});
    visit("sample_every", self.sample_every,
          Field{.help = "rounds between preview pictures; 0: ten in the run", .low = 0});
    visit("log_every", self.log_every, Field{.help = "rounds between records", .low = 1});
    visit("threads", self.threads,
          Field{.help = "processor threads; 0: all available", .low = 0, .high = 1024});
    visit(
        "loader_threads", self.loader_threads,
        Field{.help = "threads that prepare batches; 0: none of their own", .low = 0, .high = 64});
  }
};

/// The player's own optimizer settings, overridden by what the options set.
OptimizerOptions override_optimizer(OptimizerOptions own, const TrainOptions& options);

}  // namespace kiln
