#include "kiln/models/directed_pair.h"

#include <algorithm>

namespace kiln {

DirectedPair::DirectedPair(const Batch& pictures, std::string_view direction) : source(pictures.x) {
  const auto b = pictures.more.find("b");
  if (b == pictures.more.end()) return;
  truth = b->second;
  if (direction == "b2a") std::swap(source, truth);
}

std::string_view reversed(std::string_view direction) { return direction == "a2b" ? "b2a" : "a2b"; }

bool goes_back(const Translator& translator, std::string_view direction) {
  const auto known = translator.directions();
  return std::find(known.begin(), known.end(), reversed(direction)) != known.end();
}

TranslationRows translation_rows(Translator& translator, const DirectedPair& pair,
                                 std::string_view direction, Rng& rng) {
  const auto made = translator.translate(pair.source, direction, rng);
  if (pair.truth.defined())
    return {.pictures = {pair.source, made, pair.truth}, .names = "given, made, true"};
  if (!goes_back(translator, direction))
    return {.pictures = {pair.source, made}, .names = "given, made"};
  const auto back = translator.translate(made, reversed(direction), rng);
  return {.pictures = {pair.source, made, back}, .names = "given, made, back again"};
}

}  // namespace kiln
