#include "kiln/data/synthetic/shapes.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace kiln {
namespace {

template <class E>
E choose(Philox& rng) {
  const auto names = enum_names(E{});
  return names[rng.below(names.size())].first;
}

template <class E>
std::vector<std::string> names_of(E any) {
  std::vector<std::string> names;
  for (const auto& entry : enum_names(any)) names.emplace_back(entry.second);
  return names;
}

std::vector<std::string> class_names(ShapeLabel label) {
  switch (label) {
    case ShapeLabel::shape:
      return names_of(ShapeKind{});
    case ShapeLabel::colour:
      return names_of(ShapeColour{});
    case ShapeLabel::size:
      return names_of(ShapeSize{});
    case ShapeLabel::place:
      return names_of(ShapePlace{});
    case ShapeLabel::ground:
      return names_of(ShapeGround{});
  }
  KILN_ASSERT(!"a label without classes");
}

std::int64_t class_of(const ShapeAttributes& a, ShapeLabel label) {
  switch (label) {
    case ShapeLabel::shape:
      return static_cast<std::int64_t>(a.shape);
    case ShapeLabel::colour:
      return static_cast<std::int64_t>(a.colour);
    case ShapeLabel::size:
      return static_cast<std::int64_t>(a.size);
    case ShapeLabel::place:
      return static_cast<std::int64_t>(a.place);
    case ShapeLabel::ground:
      return static_cast<std::int64_t>(a.ground);
  }
  KILN_ASSERT(!"a label without a number");
}

UnitRgb base_colour(ShapeColour colour) {
  switch (colour) {
    case ShapeColour::red:
      return {0.86f, 0.12f, 0.14f};
    case ShapeColour::orange:
      return {0.95f, 0.52f, 0.08f};
    case ShapeColour::yellow:
      return {0.95f, 0.88f, 0.15f};
    case ShapeColour::green:
      return {0.13f, 0.66f, 0.22f};
    case ShapeColour::cyan:
      return {0.12f, 0.78f, 0.82f};
    case ShapeColour::blue:
      return {0.14f, 0.26f, 0.86f};
    case ShapeColour::purple:
      return {0.60f, 0.18f, 0.76f};
    case ShapeColour::white:
      return {0.94f, 0.94f, 0.94f};
  }
  KILN_ASSERT(!"a colour without numbers");
}

// Offsets of the ink from its base colour, drawn apart from the colour so that fixing the colour
// changes no other draw.
UnitRgb tinted(const UnitRgb& base, const UnitRgb& tint) {
  const auto sum = [](float a, float b) { return std::clamp(a + b, 0.0f, 1.0f); };
  return {sum(base.red, tint.red), sum(base.green, tint.green), sum(base.blue, tint.blue)};
}

// A grey of the given value with a little of some hue.
UnitRgb muted(double value, double saturation, double hue) {
  const auto channel = [&](double shift) {
    const double wave = std::cos(2 * std::numbers::pi * (hue + shift));
    return static_cast<float>(value * (1 + saturation * wave));
  };
  return {channel(0), channel(1.0 / 3), channel(2.0 / 3)};
}

void draw_ground(ShapeAttributes& a, Philox& rng) {
  const double value = rng.uniform(0.25, 0.5), step = rng.uniform(0.09, 0.18);
  const double saturation = rng.uniform(0, 0.25), hue = rng.uniform();
  const bool darker = rng.bernoulli(0.5);
  a.ground_from = muted(value, saturation, hue);
  a.ground_to = muted(darker ? value - step : value + step, saturation, hue + 0.1);
  a.ground_angle = rng.uniform(0, std::numbers::pi);
  a.ground_period = rng.uniform(0.12, 0.3);
  const std::uint64_t high = rng.bits(), low = rng.bits();
  a.clouds = (high << 32) | low;
}

double radius_of(ShapeSize size, double t) {
  switch (size) {
    case ShapeSize::small:
      return 0.10 + 0.02 * t;
    case ShapeSize::medium:
      return 0.15 + 0.03 * t;
    case ShapeSize::large:
      return 0.22 + 0.04 * t;
  }
  KILN_ASSERT(!"a size without numbers");
}

// Cells' centres at 0.3, 0.5, 0.7, up to 0.05 off; large shapes are kept inside the picture.
double coordinate(std::int64_t cell, double radius, Philox& rng) {
  const double wanted = 0.3 + 0.2 * static_cast<double>(cell) + rng.uniform(-0.05, 0.05);
  return std::clamp(wanted, radius + 0.01, 0.99 - radius);
}

struct Fixed {
  std::optional<ShapeKind> shape;
  std::optional<ShapeColour> colour;
  std::optional<ShapeGround> ground;
};

ShapeAttributes draw_attributes(Philox& rng, const Fixed& fixed) {
  ShapeAttributes a;
  a.shape = fixed.shape.value_or(choose<ShapeKind>(rng));
  a.colour = fixed.colour.value_or(choose<ShapeColour>(rng));
  a.size = choose<ShapeSize>(rng);
  a.place = choose<ShapePlace>(rng);
  a.ground = fixed.ground.value_or(choose<ShapeGround>(rng));
  a.radius = radius_of(a.size, rng.uniform());
  const auto cell = static_cast<std::int64_t>(a.place);
  a.x = coordinate(cell % 3, a.radius, rng);
  a.y = coordinate(cell / 3, a.radius, rng);
  a.rotation = rng.uniform(-0.5, 0.5);
  UnitRgb tint;
  for (float* channel : {&tint.red, &tint.green, &tint.blue})
    *channel = static_cast<float>(rng.uniform(-0.06, 0.06));
  a.ink = tinted(base_colour(a.colour), tint);
  draw_ground(a, rng);
  return a;
}

}  // namespace

std::vector<std::pair<ShapeKind, std::string_view>> enum_names(ShapeKind) {
  return {{ShapeKind::circle, "circle"}, {ShapeKind::ring, "ring"},
          {ShapeKind::square, "square"}, {ShapeKind::triangle, "triangle"},
          {ShapeKind::star, "star"},     {ShapeKind::cross, "cross"},
          {ShapeKind::heart, "heart"},   {ShapeKind::arrow, "arrow"}};
}

std::vector<std::pair<ShapeColour, std::string_view>> enum_names(ShapeColour) {
  return {{ShapeColour::red, "red"},       {ShapeColour::orange, "orange"},
          {ShapeColour::yellow, "yellow"}, {ShapeColour::green, "green"},
          {ShapeColour::cyan, "cyan"},     {ShapeColour::blue, "blue"},
          {ShapeColour::purple, "purple"}, {ShapeColour::white, "white"}};
}

std::vector<std::pair<ShapeSize, std::string_view>> enum_names(ShapeSize) {
  return {{ShapeSize::small, "small"}, {ShapeSize::medium, "medium"}, {ShapeSize::large, "large"}};
}

std::vector<std::pair<ShapePlace, std::string_view>> enum_names(ShapePlace) {
  return {{ShapePlace::top_left, "top_left"},
          {ShapePlace::top, "top"},
          {ShapePlace::top_right, "top_right"},
          {ShapePlace::left, "left"},
          {ShapePlace::centre, "centre"},
          {ShapePlace::right, "right"},
          {ShapePlace::bottom_left, "bottom_left"},
          {ShapePlace::bottom, "bottom"},
          {ShapePlace::bottom_right, "bottom_right"}};
}

std::vector<std::pair<ShapeGround, std::string_view>> enum_names(ShapeGround) {
  return {{ShapeGround::plain, "plain"},     {ShapeGround::shaded, "shaded"},
          {ShapeGround::striped, "striped"}, {ShapeGround::checked, "checked"},
          {ShapeGround::spotted, "spotted"}, {ShapeGround::cloudy, "cloudy"}};
}

std::vector<std::pair<ShapeLabel, std::string_view>> enum_names(ShapeLabel) {
  return {{ShapeLabel::shape, "shape"},
          {ShapeLabel::colour, "colour"},
          {ShapeLabel::size, "size"},
          {ShapeLabel::place, "place"},
          {ShapeLabel::ground, "ground"}};
}

namespace {

// The pair whose second picture has this attribute, and the other way round.
template <class E>
ShapePair with(ShapePair first, E attribute) {
  return static_cast<ShapePair>(static_cast<int>(first) + static_cast<int>(attribute));
}
template <class E>
E attribute_of(ShapePair pair, ShapePair first) {
  return static_cast<E>(static_cast<int>(pair) - static_cast<int>(first));
}

Fixed fixed_in(const ShapesOptions& o) { return {o.shape, o.colour, o.ground}; }

// What is fixed in the second picture.
Fixed fixed_in_pair(const ShapesOptions& o) {
  auto fixed = fixed_in(o);
  if (o.pair >= ShapePair::first_colour)
    fixed.colour = attribute_of<ShapeColour>(o.pair, ShapePair::first_colour);
  else
    fixed.ground = attribute_of<ShapeGround>(o.pair, ShapePair::first_ground);
  return fixed;
}

}  // namespace

std::vector<std::pair<ShapePair, std::string_view>> enum_names(ShapePair) {
  std::vector<std::pair<ShapePair, std::string_view>> names{{ShapePair::none, "none"},
                                                            {ShapePair::outline, "outline"}};
  for (const auto& [ground, name] : enum_names(ShapeGround{}))
    names.emplace_back(with(ShapePair::first_ground, ground), name);
  for (const auto& [colour, name] : enum_names(ShapeColour{}))
    names.emplace_back(with(ShapePair::first_colour, colour), name);
  return names;
}

ShapeAttributes shape_attributes(std::uint64_t seed, std::uint64_t index) {
  Philox rng(derive_key(seed, "shapes", index));
  return draw_attributes(rng, {});
}

ShapeAttributes with_regular_ground(ShapeAttributes a) {
  constexpr float kShade = 0.5f;
  a.ground_to = {kShade * a.ground_from.red, kShade * a.ground_from.green,
                 kShade * a.ground_from.blue};
  a.ground_angle = 0, a.ground_period = 0.25;
  return a;
}

DataInfo ShapesGenerator::info() const {
  DataInfo info;
  info.shape = {3, options_.size, options_.size};
  info.values = Values::unit;
  info.levels = 256;
  info.class_names = class_names(options_.label);
  info.classes = static_cast<std::int64_t>(info.class_names.size());
  if (options_.pair == ShapePair::none) return info;
  info.more = {{"b", {options_.pair == ShapePair::outline ? 1 : 3, options_.size, options_.size}}};
  return info;
}

std::int64_t ShapesGenerator::make(Philox& rng, std::span<float> x) const {
  const auto scene = [this](Philox& draws, const Fixed& fixed) {
    const auto attributes = draw_attributes(draws, fixed);
    return options_.regular ? with_regular_ground(attributes) : attributes;
  };
  auto same = rng;  // the same scene once more
  const auto attributes = scene(rng, fixed_in(options_));
  const auto picture = static_cast<std::size_t>(3 * options_.size * options_.size);
  draw_shape(attributes, options_.size, x.first(picture));
  if (options_.pair == ShapePair::outline)
    draw_outline(attributes, options_.size, x.subspan(picture));
  else if (options_.pair != ShapePair::none)
    draw_shape(scene(same, fixed_in_pair(options_)), options_.size, x.subspan(picture));
  return class_of(attributes, options_.label);
}

}  // namespace kiln
