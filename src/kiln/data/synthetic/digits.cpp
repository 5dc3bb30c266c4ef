#include "kiln/data/synthetic/digits.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "kiln/data/synthetic/digit_strokes.h"

namespace kiln {
namespace {

constexpr int kSide = 28;

const DigitStyle& choose_style(int digit, Philox& rng) {
  const auto& styles = digit_styles(digit);
  double left = rng.uniform();
  for (const auto& style : styles) {
    if (left < style.share) return style;
    left -= style.share;
  }
  return styles.back();
}

Hand draw_hand(Philox& rng) {
  Hand hand;
  hand.wobble = rng.uniform(0.015, 0.045);
  hand.slant = 0.15 + 0.26 * rng.normal();
  hand.aspect = std::exp(0.2 * rng.normal());
  hand.rotation = 0.09 * rng.normal();
  hand.bend_x = 0.06 * rng.normal();
  hand.bend_y = 0.035 * rng.normal();
  hand.thickness = std::clamp(2.55 * std::exp(0.24 * rng.normal()), 1.5, 3.5);
  hand.pressure = rng.uniform(0, 0.25);
  hand.taper = rng.uniform(0, 0.6);
  hand.softness = rng.uniform(1.0, 1.5);
  hand.box = rng.uniform(18.8, 20.4);
  return hand;
}

}  // namespace

DataInfo DigitsGenerator::info() const {
  DataInfo info;
  info.shape = {1, kSide, kSide};
  info.values = Values::unit;
  info.classes = 10;
  info.levels = 256;
  for (int digit = 0; digit < 10; ++digit) info.class_names.push_back(std::to_string(digit));
  return info;
}

std::int64_t DigitsGenerator::make(Philox& rng, std::span<float> x) const {
  const auto digit = static_cast<int>(rng.below(10));
  const auto& style = choose_style(digit, rng);
  const Hand hand = draw_hand(rng);
  write_strokes(style.strokes, hand, kSide, rng, x);
  for (auto& pixel : x) pixel = level_of(byte_of(pixel));
  return digit;
}

}  // namespace kiln
