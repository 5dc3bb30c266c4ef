#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "kiln/core/options.h"
#include "kiln/core/tensor.h"

namespace kiln {

/// What a model is told of an item besides its code: nothing, or its class.
enum class Condition { none, label };
std::vector<std::pair<Condition, std::string_view>> enum_names(Condition);

/// The fields `condition` and `classes` of a model that can be told the class of x.
template <class Self, class Visitor>
void visit_condition(Self& self, Visitor& visit,
                     const char* help = "label: the law of x given its class") {
  visit("condition", self.condition, Field{.help = help});
  visit(
      "classes", self.classes,
      Field{
          .help = "classes of the data, 0 for none", .low = 0, .high = 1 << 16, .from_data = true});
}

/// Throws ConfigError when a condition is asked for and the data have no classes.
void check_condition(std::string_view model, Condition condition, std::int64_t classes);

/// Labels [B] int64 -> [B, classes] int64: 1 in the label's column, 0 elsewhere.  Throws ShapeError
/// if there are no labels or not one for each of the items, ConfigError for a label that is none.
Tensor one_hot_labels(std::string_view where, const Tensor& labels, std::int64_t items,
                      std::int64_t classes);

}  // namespace kiln
