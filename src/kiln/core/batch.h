#pragma once

#include <map>
#include <string>
#include <utility>

#include "kiln/core/tensor.h"

namespace kiln {

/// What a training step or an evaluation sees.  B batch.  Items alone are a batch without labels.
struct Batch {
  Batch() = default;  ///< Of nothing.
  /// `items` become x, `labels` y.
  Batch(Tensor items, Tensor labels = {})  // NOLINT: a tensor of items is a batch
      : x(std::move(items)), y(std::move(labels)) {}

  Tensor x;  ///< [B, D] for tables, [B, C, H, W] for images; float32 in the model's value range.
  Tensor y;  ///< [B] int64 class labels; undefined when the source has none.
  std::map<std::string, Tensor> more = {};  ///< Other parts of the items, [B, ...], by name.

  /// A part by its name.  Throws ShapeError that lists what there is.
  const Tensor& at(const std::string& name) const;

  /// Items `index` [N] int64 of every part, in that order; one may come again.
  Batch chosen(const Tensor& index) const;
  /// The labels and parts of these items beside another x of as many.
  Batch around(Tensor other) const;
};

}  // namespace kiln
