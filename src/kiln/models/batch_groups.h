#pragma once

#include <cstdint>

namespace kiln {

/// A model that looks at several items of a batch at once.
class BatchGroups {
 public:
  virtual ~BatchGroups() = default;
  virtual std::int64_t group_size() const = 0;  ///< Batches must hold a multiple of so many items.
};

}  // namespace kiln
