#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "kiln/data/augmentation.h"
#include "kiln/data/dataset.h"
#include "kiln/data/transforms.h"

namespace kiln {

/// Rows of a batch in host memory.
struct HostBatch {
  std::vector<float> x;         ///< rows * stored_size numbers, x before the fields of each item.
  std::vector<std::int64_t> y;  ///< rows labels; empty when the source has none.
  std::int64_t rows = 0;
};

struct LoaderOptions {
  std::int64_t batch = 100;
  bool shuffle = true;  ///< A new seeded order every epoch; otherwise 0, 1, 2 ...
  bool repeat = true;   ///< Start the next epoch at the end of one; otherwise next() gives 0 rows.
  bool drop_last =
      true;  ///< Leave out an epoch's last, smaller batch (never when it is the only one).
  std::uint64_t seed = 1;
  int threads = 1;                     ///< Prefetching threads; 0 reads in next() itself.
  int prefetch = 4;                    ///< Batches held ready at most.
  DataAugmentation augmentation = {};  ///< How pictures are moved, before the transform.

  /// Every item once, in order.
  static LoaderOptions one_pass(std::int64_t items_in_a_batch, std::uint64_t noise_seed,
                                int prefetching = 1) {
    return {.batch = items_in_a_batch,
            .shuffle = false,
            .repeat = false,
            .drop_last = false,
            .seed = noise_seed,
            .threads = prefetching};
  }
};

/// Where a loader stands: the next batch to come.
struct LoaderState {
  std::int64_t epoch = 0;
  std::int64_t batch = 0;
  bool operator==(const LoaderState&) const = default;
};

/// Batches of a data set, in an order and with noise and augmentation that depend on (seed, epoch,
/// position) alone: the same bits for any number of threads, and after any restore.  An error in a
/// prefetching thread is thrown by the next() whose batch it spoils.
class Loader {
 public:
  Loader(DatasetPtr data, Transform transform, LoaderOptions options);
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  HostBatch next();
  std::int64_t batches_per_epoch() const;
  const DataInfo& info() const;
  LoaderState state() const;  ///< What next() will give; prefetched batches do not count.
  void restore(const LoaderState& state);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kiln
