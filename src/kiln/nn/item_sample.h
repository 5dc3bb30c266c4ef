#pragma once

#include <torch/nn/module.h>

#include <cstdint>
#include <string_view>

#include "kiln/core/philox.h"
#include "kiln/core/tensor.h"

namespace kiln {

/// A uniform sample of a stream of items, in memory that does not grow with the stream: the items
/// of the smallest keys.  The key of an item is a hash of its numbers and of the sample's own key,
/// so the sample does not depend on the order of the items, nor on how they come in batches.  Every
/// item is in it with the same probability; items that are equal have equal keys, so they come
/// together as far as there is room.
///
/// D numbers an item, n items kept.  Everything lives in buffers, so that a checkpoint holds it.
class ItemSample : public torch::nn::Module {
 public:
  /// Keeps at most `most` items.  Its own key is drawn as weights are, from the default generator.
  ItemSample(std::int64_t most, std::int64_t dims);

  void clear();               ///< No items; the key stays.
  void add(const Tensor& x);  ///< x [B, D], finite; kept as float32.
  Tensor items() const;       ///< [n, D] float32 in the order of their keys, n = min(most, seen).
  std::int64_t seen() const;  ///< Items added since the last clear.
  std::int64_t most() const { return items_.size(0); }

  /// Random numbers that belong to this sample.
  Philox random(std::string_view purpose) const;

 private:
  void replace(const Tensor& rows, const Tensor& keys);

  Tensor key_, items_, keys_, seen_;
};

}  // namespace kiln
