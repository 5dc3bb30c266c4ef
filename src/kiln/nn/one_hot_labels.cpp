#include "kiln/nn/one_hot_labels.h"

#include <fmt/format.h>
#include <torch/types.h>

#include "kiln/core/check.h"

namespace kiln {

std::vector<std::pair<Condition, std::string_view>> enum_names(Condition) {
  return {{Condition::none, "none"}, {Condition::label, "label"}};
}

void check_condition(std::string_view model, Condition condition, std::int64_t classes) {
  if (condition == Condition::label && classes < 2)
    throw ConfigError(fmt::format("{}.condition", model),
                      fmt::format("label needs data with at least 2 classes, these have {}; use "
                                  "condition none",
                                  classes));
}

Tensor one_hot_labels(std::string_view where, const Tensor& labels, std::int64_t items,
                      std::int64_t classes) {
  if (!labels.defined())
    throw ShapeError(
        where,
        "a conditional model needs the label of each item, and the batch has none; use "
        "data with classes");
  check_shape(where, "y", labels, {items});
  const auto wrong = labels.lt(0).logical_or(labels.ge(classes)).nonzero();
  if (wrong.size(0) > 0)
    throw ConfigError(where, fmt::format("labels must be between 0 and {}, got {} at item {}",
                                         classes - 1, labels[wrong[0][0]].item<std::int64_t>(),
                                         wrong[0][0].item<std::int64_t>()));
  return torch::one_hot(labels, classes);
}

}  // namespace kiln
