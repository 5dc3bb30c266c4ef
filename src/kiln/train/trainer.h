#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kiln/feed/feed.h"
#include "kiln/io/safetensors.h"
#include "kiln/models/model.h"
#include "kiln/train/learning.h"
#include "kiln/train/train_options.h"

namespace kiln {

/// What happened since the last record; scalars are means over those rounds.
struct TrainRecord {
  std::int64_t step = 0;                                ///< Rounds done.
  double loss = 0;                                      ///< The first player's.
  std::vector<std::pair<std::string, double>> scalars;  ///< "player/name".
};

/// What the trainer asks of its surroundings.  Every hook may be empty.
struct TrainHooks {
  /// A figure of the model as it stands; smaller is better.  May throw Interrupted: the run then
  /// ends so, and a run resumed from its checkpoint validates before it goes on.
  std::function<double()> validate = {};
  bool selects = true;  ///< Whether the least figure tells the best model; else none is the best.
  std::function<void(const TrainRecord&)> record = {};
  std::function<void(std::int64_t step, double value, bool best)> validated = {};
  std::function<void(std::int64_t step)> preview =
      {};  ///< Draw pictures of the model as it stands.
  std::function<void(std::int64_t step)> checkpoint = {};  ///< Save snapshot().
  std::function<void(std::int64_t step, double loss)> progress =
      {};  ///< After every round; the loss is NaN while there is none.
  std::function<bool()> interrupted = {};  ///< True: checkpoint and stop; records do not show it.
};

enum class TrainEnd { finished, stopped_early, interrupted };

/// Trains a model for a number of steps: rounds of a game, or batches of a fitted model's passes.
///
/// Same seed, same options, same thread count: same bits.  A trainer restored from a snapshot goes
/// on as if it had never stopped.  It never asks which model it holds.
class Trainer {
 public:
  /// `options.steps` must be resolved (at least 1).  Keeps references to the model and to what the
  /// feed keeps.
  Trainer(Model& model, Feed feed, const TrainOptions& options, torch::Device device = torch::kCPU);

  /// Trains to options.steps, or until the model has learned all it can.  Throws NumericError when
  /// a loss or a parameter is not finite, naming the player and the first bad parameter; nothing is
  /// saved then.
  TrainEnd run(const TrainHooks& hooks);

  std::int64_t step() const { return step_; }
  std::optional<double> best() const { return best_; }
  std::int64_t best_step() const { return best_step_; }

  /// Everything that exact resumption needs: weights, moments, averages, random streams, data
  /// position, counters.
  SafetensorsFile snapshot() const;
  /// Throws IoError if `file` does not fit; the trainer must then be thrown away.
  void restore(const std::string& source, const SafetensorsFile& file);

 private:
  std::optional<TrainEnd> after_step(const TrainHooks& hooks, const StepEnd& end);
  void save(const TrainHooks& hooks);
  void flush_record(const TrainHooks& hooks);
  void validate(const TrainHooks& hooks);
  bool last() const { return step_ >= options_.steps || learning_->done(); }
  bool due(std::int64_t every) const { return every > 0 && step_ % every == 0; }

  Model& model_;
  TrainOptions options_;
  std::unique_ptr<Learning> learning_;
  std::int64_t step_ = 0;
  std::optional<double> best_;
  std::int64_t best_step_ = 0;
  std::int64_t waited_ = 0;       // validations since the best
  bool owes_validation_ = false;  // of the step that it stands at, interrupted in the middle
  ScalarMeans log_;
};

/// Fills what `auto` and 0 leave open: steps, and how often to validate, save and preview.  Throws
/// ConfigError where the epochs make more rounds than kMostRounds.
TrainOptions resolve(TrainOptions options, std::int64_t batches_per_epoch);

}  // namespace kiln
