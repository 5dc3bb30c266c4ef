#pragma once

#include <string_view>

#include "kiln/core/batch.h"

namespace kiln {

/// A pair in the direction that a Translator goes: x of the batch and its field "b", or "b" and x.
/// Throws ShapeError without the field.
struct DirectedPair {
  DirectedPair(const Batch& pairs, std::string_view direction)
      : source(direction == "a2b" ? pairs.x : pairs.at("b")),
        truth(direction == "a2b" ? pairs.at("b") : pairs.x) {}

  Tensor source, truth;
};

}  // namespace kiln
