#pragma once

#include "kiln/core/tensor.h"

namespace kiln {

/// What a training step or an evaluation sees.  B batch.
struct Batch {
  Tensor x;  ///< [B, D] for tables, [B, C, H, W] for images; float32 in the model's value range.
  Tensor y;  ///< [B] int64 class labels; undefined when the source has none.
};

}  // namespace kiln
