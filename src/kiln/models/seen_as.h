#pragma once

#include "kiln/core/error.h"
#include "kiln/models/model.h"

namespace kiln {

// What a model can do is its type, and this is the one place that asks.

/// The model seen through an interface; null where it has none.
template <class Interface>
Interface* seen_as(Model& model) {
  return dynamic_cast<Interface*>(&model);
}
/// The same of one that is only looked at.
template <class Interface>
const Interface* seen_as(const Model& model) {
  return dynamic_cast<const Interface*>(&model);
}

/// Of a model that is known to have it.
template <class Interface>
Interface& surely_as(Model& model) {
  auto* seen = seen_as<Interface>(model);
  KILN_ASSERT(seen);
  return *seen;
}

}  // namespace kiln
