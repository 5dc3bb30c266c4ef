#pragma once

#include <utility>

#include "kiln/core/tensor.h"

namespace kiln {

/// What a training step or an evaluation sees.  B batch.  Items alone are a batch without labels.
struct Batch {
  Batch() = default;
  Batch(Tensor items, Tensor labels = {})  // NOLINT: a tensor of items is a batch
      : x(std::move(items)), y(std::move(labels)) {}

  Tensor x;  ///< [B, D] for tables, [B, C, H, W] for images; float32 in the model's value range.
  Tensor y;  ///< [B] int64 class labels; undefined when the source has none.
};

}  // namespace kiln
