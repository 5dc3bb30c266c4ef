#pragma once

#include <cstdint>

#include "kiln/core/tensor.h"

namespace kiln {

/// A density of items given a code of each, the part "code" of a batch: numbers that another model
/// with an encoder makes of the item (h of arXiv:1606.05328, section 2.3).  Codes are given as that
/// encoder makes them.
class Coded {
 public:
  virtual ~Coded() = default;
  virtual std::int64_t code_size() const = 0;  ///< J; 0: nothing is given.
  /// Called once before the first step where J > 0, with the codes [N, J] of the training items.
  virtual void start_from_codes(const Tensor& codes) = 0;
};

}  // namespace kiln
