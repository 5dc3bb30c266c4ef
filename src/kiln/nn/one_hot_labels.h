#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "kiln/core/tensor.h"

namespace kiln {

/// What a model is told of an item besides its code: nothing, or its class.
enum class Condition { none, label };
std::vector<std::pair<Condition, std::string_view>> enum_names(Condition);

/// Labels [B] int64 -> [B, classes] int64: 1 in the label's column, 0 elsewhere.  Throws ShapeError
/// if there are no labels or not one for each of the items, ConfigError for a label that is none.
Tensor one_hot_labels(std::string_view where, const Tensor& labels, std::int64_t items,
                      std::int64_t classes);

}  // namespace kiln
