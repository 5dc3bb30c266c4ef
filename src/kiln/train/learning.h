#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kiln/feed/feed.h"
#include "kiln/io/safetensors.h"
#include "kiln/models/model.h"
#include "kiln/train/ema.h"
#include "kiln/train/train_options.h"

namespace kiln {

/// Means of named scalars since the last record, in the order of their first appearance.
class ScalarMeans {
 public:
  void add(const std::string& name, double value);
  std::vector<std::pair<std::string, double>> means() const;
  bool empty() const { return sums_.empty(); }
  double first() const;  ///< NaN while empty.
  void clear() { sums_.clear(); }

  /// What a checkpoint keeps between two records.
  struct Sum {
    double total = 0;
    std::int64_t count = 0;
  };
  const std::vector<std::pair<std::string, Sum>>& sums() const { return sums_; }
  void restore(std::vector<std::pair<std::string, Sum>> sums) { sums_ = std::move(sums); }

 private:
  std::vector<std::pair<std::string, Sum>> sums_;
};

/// What a step has come to.
struct StepEnd {
  bool whole = true;        ///< The model can be judged; false in the middle of a pass.
  bool pass_ended = false;  ///< A pass over the data has just ended.
};

/// Counts that a checkpoint keeps, by name.
using Counts = std::map<std::string, std::uint64_t>;

/// How a model learns, step by step: as a game of players or in passes.  The trainer's loop asks
/// for nothing else.
class Learning {
 public:
  virtual ~Learning() = default;
  /// What the steps see; a checkpoint holds where it stands.
  virtual Feed& feed() = 0;
  /// Step `number`, from 0.  Throws NumericError when a loss is not finite.
  virtual StepEnd step(std::int64_t number, ScalarMeans& log) = 0;
  virtual bool done() const { return false; }  ///< Another step would change nothing.
  /// Throws NumericError naming the first parameter that is not finite.
  virtual void check_parameters(std::int64_t steps_done) const = 0;
  virtual Ema* ema() { return nullptr; }

  virtual void save(SafetensorsFile& file, Counts& counts) const = 0;
  /// Throws IoError or std::out_of_range if `file` or `counts` does not fit.
  virtual void restore(const std::string& source, const SafetensorsFile& file,
                       const Counts& counts) = 0;
};

/// For a Game or a Fitted model; keeps references to the model and to what the feed keeps.  Throws
/// ConfigError for another model.
std::unique_ptr<Learning> make_learning(Model& model, Feed feed, const TrainOptions& options,
                                        torch::Device device);

/// The options with all that is left open filled in for a model and a number of items.  Throws
/// ConfigError for options of gradients when the model learns in passes, for a batch that is no
/// multiple of a BatchGroups model's group, and for parts of a batch that would not add up to it.
TrainOptions resolve_for(const Model& model, TrainOptions options, std::int64_t items);

/// How training items come: a game leaves out an epoch's last, smaller batch; a pass sees them all.
LoaderOptions loader_options(const Model& model, const TrainOptions& options);

}  // namespace kiln
