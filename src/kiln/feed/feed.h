#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "kiln/core/batch.h"
#include "kiln/data/loader.h"

namespace kiln {

/// Throws ConfigError where items have a part that a second source is to give.
void check_part_is_free(const DataInfo& items, const std::string& part);

/// What a step of training sees, from one source or from several that know nothing of each other.
///
/// The first source gives a batch its x, y and parts; the x of every other source arrives as the
/// part that bears the source's name, `batch.at("b")`.  Each is shuffled by itself, and begins
/// again when it ends; an epoch is one of the first.
class Feed {
 public:
  /// Keeps references to the loaders.
  Feed(Loader& first) : first_(first) {}  // NOLINT: one loader is a feed
  /// Throws ConfigError where a part is called so already.
  void add(const std::string& name, Loader& loader);

  /// As many batches as asked, joined.  Throws ShapeError where the sources give different numbers
  /// of items.
  Batch next(torch::Device device = torch::kCPU, std::int64_t batches = 1);

  bool at_start_of_epoch() const { return first_.state().batch == 0; }

  /// Where every loader stands; "" is the first.
  std::map<std::string, LoaderState> state() const;
  /// Throws std::out_of_range where one is missing.
  void restore(const std::map<std::string, LoaderState>& state);

 private:
  Batch next_one(torch::Device device);

  Loader& first_;
  std::vector<std::pair<std::string, Loader*>> others_;
};

}  // namespace kiln
