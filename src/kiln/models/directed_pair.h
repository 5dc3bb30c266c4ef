#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kiln/models/model.h"

namespace kiln {

/// A pair in the direction that a Translator goes: x of the batch and its part "b", or "b" and x.
/// Pictures without a part "b" are what is given, whatever the direction, and have no truth.
struct DirectedPair {
  DirectedPair(const Batch& pictures, std::string_view direction);

  Tensor source;
  Tensor truth;  ///< Undefined where there is none.
};

/// "b2a" for "a2b", and the other way round.
std::string_view reversed(std::string_view direction);

/// Whether a translator also knows the way back.
bool goes_back(const Translator& translator, std::string_view direction);

/// What is shown of a translation.
struct TranslationRows {
  std::vector<Tensor> pictures;  ///< Rows, each [B, C, H, W].
  std::string names;             ///< "given, made, true".
};

/// What is given, what is made of it, and the truth; without a truth, what is made of that on the
/// way back, where there is one.
TranslationRows translation_rows(Translator& translator, const DirectedPair& pair,
                                 std::string_view direction, Rng& rng);

}  // namespace kiln
