#pragma once

#include <algorithm>
#include <cstdint>

#include <ATen/ATen.h>

#include "kiln/core/tensor.h"

namespace kiln {

/// A weight that climbs over the first rounds of training, as that of the divergence in
/// arXiv:1602.02282, section 2.  The owner registers `count()` as a buffer, so that a resumed run
/// climbs on where it stood.
class Warmup {
 public:
  explicit Warmup(std::int64_t rounds)
      : rounds_(rounds), count_(rounds > 0 ? at::zeros({}, at::kLong) : Tensor()) {}

  bool is_on() const { return count_.defined(); }
  const Tensor& count() const { return count_; }  ///< [] int64, rounds begun; undefined if off.
  void begin_round() {
    if (is_on()) count_.add_(1);
  }
  /// Rounds begun / rounds, at most 1; 1 if off.
  double weight() const {
    if (!is_on()) return 1;
    return std::min(
        1.0, static_cast<double>(count_.item<std::int64_t>()) / static_cast<double>(rounds_));
  }

 private:
  std::int64_t rounds_;
  Tensor count_;
};

}  // namespace kiln
