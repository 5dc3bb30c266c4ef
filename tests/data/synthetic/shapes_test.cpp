// needs: base
#include "kiln/data/synthetic/shapes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numbers>

#include "tests/data/synthetic/items.h"
#include "tests/support/temporary_folder.h"

namespace kiln {
namespace {

constexpr double kPi = std::numbers::pi;

double distance(const UnitRgb& a, const UnitRgb& b) {
  return std::hypot(a.red - b.red, a.green - b.green, a.blue - b.blue);
}

std::vector<float> drawn(const ShapeAttributes& attributes, std::int64_t size) {
  std::vector<float> image(static_cast<std::size_t>(3 * size * size));
  draw_shape(attributes, size, image);
  return image;
}

TEST(Shapes, AttributesAreThoseOfTheItem) {
  const auto splits = open_keys("shapes", {{"size", "32"}}, 5);
  for (std::uint64_t i = 0; i < 40; ++i) {
    const auto index = static_cast<std::int64_t>(i);
    const auto train = shape_attributes(5, i), test = shape_attributes(5, kTestFirst + i);
    EXPECT_EQ(read_item(*splits.train, index).x, drawn(train, 32));
    EXPECT_EQ(read_item(*splits.train, index).label, static_cast<std::int64_t>(train.shape));
    EXPECT_EQ(read_item(*splits.test, index).x, drawn(test, 32));
    EXPECT_EQ(read_item(*splits.valid, index).x, drawn(shape_attributes(5, kValidFirst + i), 32));
  }
  EXPECT_EQ(splits.train->info().class_names[4], "star");
}

TEST(Shapes, TheLabelMayBeAnyAttributeOfTheSameItems) {
  const auto plain = open_keys("shapes", {{"size", "16"}}, 5);
  const auto labelled = [&](const std::string& label, const auto& value) {
    const auto splits = open_keys("shapes", {{"size", "16"}, {"label", label}}, 5);
    for (std::uint64_t i = 0; i < 40; ++i) {
      const auto index = static_cast<std::int64_t>(i);
      const auto item = read_item(*splits.train, index);
      EXPECT_EQ(item.x, read_item(*plain.train, index).x);
      EXPECT_EQ(item.label, static_cast<std::int64_t>(value(shape_attributes(5, i)))) << label;
    }
    EXPECT_EQ(splits.train->info().classes,
              static_cast<std::int64_t>(splits.train->info().class_names.size()));
    return splits.train->info().class_names;
  };
  using Attributes = ShapeAttributes;
  EXPECT_EQ(labelled("shape", [](const Attributes& a) { return a.shape; })[0], "circle");
  EXPECT_EQ(labelled("colour", [](const Attributes& a) { return a.colour; })[3], "green");
  EXPECT_EQ(labelled("size", [](const Attributes& a) { return a.size; })[2], "large");
  EXPECT_EQ(labelled("place", [](const Attributes& a) { return a.place; })[8], "bottom_right");
  EXPECT_EQ(labelled("ground", [](const Attributes& a) { return a.ground; })[5], "cloudy");
}

// White on black, upright: the sum of the pixels is the area of the shape.
struct Area {
  ShapeKind shape;
  double of_unit_radius;
};

TEST(Shapes, CoverTheAreaOfTheirGeometry) {
  const double cross_scale = 0.94 * 0.94 + 0.32 * 0.32;
  const double arrow_scale = 0.28 * 0.28 + 0.95 * 0.95 > 1 ? 0.28 * 0.28 + 0.95 * 0.95 : 1;
  const std::array<Area, 7> areas{{
      {ShapeKind::circle, kPi},
      {ShapeKind::ring, kPi * (1 - 0.25)},
      {ShapeKind::square, 2},
      {ShapeKind::triangle, 3 * std::sqrt(3.0) / 4},
      {ShapeKind::star, 10 * 0.5 * 0.42 * std::sin(kPi / 5)},
      {ShapeKind::cross, (2 * 1.88 * 0.64 - 0.64 * 0.64) / cross_scale},
      {ShapeKind::arrow, (0.75 * 0.9 + 0.56 * 1.05) / arrow_scale},
  }};
  for (const auto& area : areas)
    for (const double rotation : {0.0, 0.4}) {
      const ShapeAttributes scene{
          .shape = area.shape, .radius = 0.26, .rotation = rotation, .ink = {1, 1, 1}};
      const auto image = drawn(scene, 256);
      double sum = 0;
      for (std::size_t i = 0; i < 256 * 256; ++i) sum += image[i];
      const double expected = area.of_unit_radius * 0.26 * 0.26;
      // Edges are exact; a corner may err by about a pixel's area.
      EXPECT_NEAR(sum / (256 * 256), expected, 12.0 / (256 * 256))
          << enum_name(area.shape) << " " << rotation;
    }
}

TEST(Shapes, LieWhereTheirAttributesSay) {
  for (std::uint64_t i = 0; i < 60; ++i) {
    auto scene = shape_attributes(3, i);
    if (scene.shape == ShapeKind::heart || scene.shape == ShapeKind::arrow) continue;
    scene.ground = ShapeGround::plain, scene.ground_from = {0, 0, 0}, scene.ink = {1, 1, 1};
    const auto image = drawn(scene, 64);
    double mass = 0, x = 0, y = 0;
    for (std::size_t row = 0; row < 64; ++row)
      for (std::size_t column = 0; column < 64; ++column) {
        const double value = image[row * 64 + column];
        mass += value, x += value * (static_cast<double>(column) + 0.5) / 64;
        y += value * (static_cast<double>(row) + 0.5) / 64;
      }
    EXPECT_NEAR(x / mass, scene.x, 0.1 / 64) << i;
    EXPECT_NEAR(y / mass, scene.y, 0.1 / 64) << i;
  }
}

TEST(Shapes, InkAndGroundKeepTheirChannels) {
  const ShapeAttributes scene{
      .ink = {0.2f, 0.4f, 0.6f}, .ground_from = {0.8f, 0.4f, 0.0f}, .ground_to = {1, 1, 1}};
  const auto image = drawn(scene, 20);
  const std::array<int, 3> ink{51, 102, 153}, ground{204, 102, 0};  // bytes of the colours
  for (std::size_t channel = 0; channel < 3; ++channel) {
    EXPECT_EQ(image[channel * 400 + 210], level_of(static_cast<std::uint8_t>(ink[channel])));
    EXPECT_EQ(image[channel * 400], level_of(static_cast<std::uint8_t>(ground[channel])));
  }
}

TEST(Shapes, RotationTurnsThemClockwise) {
  ShapeAttributes scene{.shape = ShapeKind::arrow, .radius = 0.3, .ink = {1, 1, 1}};
  for (const double rotation : {-0.5, 0.0, 0.4}) {
    scene.rotation = rotation;
    const auto image = drawn(scene, 128);
    const auto lit = [&](double distance, double angle) {
      const double x = 0.5 + distance * std::sin(angle), y = 0.5 - distance * std::cos(angle);
      return image[static_cast<std::size_t>(y * 128) * 128 + static_cast<std::size_t>(x * 128)];
    };
    EXPECT_EQ(lit(0.27, rotation), 1) << rotation;  // the tip
    EXPECT_EQ(lit(0.27, rotation + 0.4), 0) << rotation;
    EXPECT_EQ(lit(0.27, rotation - 0.4), 0) << rotation;
  }
}

TEST(Shapes, TheSameSceneIsDrawnAtAnySize) {
  const auto small = open_keys("shapes", {{"size", "64"}}).train;
  const auto large = open_keys("shapes", {{"size", "256"}}).train;
  for (std::int64_t i = 0; i < 30; ++i) {
    const auto a = read_item(*small, i), b = read_item(*large, i);
    ASSERT_EQ(a.label, b.label);
    double off = 0;
    for (std::size_t at = 0; at < a.x.size(); ++at) {
      const std::size_t channel = at / 4096, row = at / 64 % 64, column = at % 64;
      double mean = 0;
      for (std::size_t k = 0; k < 16; ++k)
        mean += b.x[channel * 65536 + (4 * row + k / 4) * 256 + 4 * column + k % 4] / 16;
      off += std::abs(mean - a.x[at]) / static_cast<double>(a.x.size());
    }
    EXPECT_LT(off, 0.01) << i;  // edges alone differ
  }
}

TEST(Shapes, AFixedGroundChangesNothingElse) {
  const auto plain = open_keys("shapes", {{"ground", "plain"}}).train;
  const auto striped = open_keys("shapes", {{"ground", "striped"}}).train;
  for (std::int64_t i = 0; i < 40; ++i) {
    const auto a = read_item(*plain, i), b = read_item(*striped, i);
    auto scene = shape_attributes(1, static_cast<std::uint64_t>(i));
    scene.ground = ShapeGround::plain;
    EXPECT_EQ(a.x, drawn(scene, 64));
    scene.ground = ShapeGround::striped;
    EXPECT_EQ(b.x, drawn(scene, 64));
    EXPECT_NE(a.x, b.x);
  }
}

TEST(Shapes, ARegularGroundIsKnownFromThePlainOne) {
  const auto pairs =
      open_keys("shapes", {{"ground", "plain"}, {"pair", "striped"}, {"regular", "true"}}).train;
  for (std::int64_t i = 0; i < 20; ++i) {
    const auto x = read_item(*pairs, i).x;  // the plain picture, then the striped one
    const auto scene = shape_attributes(1, static_cast<std::uint64_t>(i));
    const auto beside_shape = [&](double column, double row) {
      return std::hypot(column / 64 - scene.x, row / 64 - scene.y) > scene.radius + 2.0 / 64;
    };
    for (std::size_t at = 0; at < 3 * 64 * 64; ++at) {
      const auto column = at % 64, row = at / 64 % 64;
      if (!beside_shape(static_cast<double>(column), static_cast<double>(row))) continue;
      const bool dark = (column + 4) % 16 < 8;  // stripes of eight columns, one in the middle
      ASSERT_NEAR(x[3 * 64 * 64 + at], dark ? x[at] / 2 : x[at], dark ? 0.751 / 255 : 0) << at;
    }
  }
}

TEST(Shapes, FixedShapeAndColourHoldForEveryItem) {
  const auto data = open_keys("shapes", {{"shape", "heart"}, {"colour", "blue"}}).train;
  for (std::int64_t i = 0; i < 30; ++i) {
    const auto item = read_item(*data, i);
    EXPECT_EQ(item.label, static_cast<std::int64_t>(ShapeKind::heart));
    const auto scene = shape_attributes(1, static_cast<std::uint64_t>(i));
    const auto at =
        static_cast<std::size_t>(scene.y * 64) * 64 + static_cast<std::size_t>(scene.x * 64);
    EXPECT_GT(item.x[8192 + at], item.x[at] + 0.4) << i;  // blue above red in the middle
  }
}

TEST(Shapes, EveryNameIsEquallyLikely) {
  const int count = 9000;
  std::array<int, 8> kinds{}, colours{};
  std::array<int, 3> sizes{};
  std::array<int, 9> places{};
  std::array<int, 6> grounds{};
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto scene = shape_attributes(2, i);
    ++kinds.at(static_cast<std::size_t>(scene.shape));
    ++colours.at(static_cast<std::size_t>(scene.colour));
    ++sizes.at(static_cast<std::size_t>(scene.size));
    ++places.at(static_cast<std::size_t>(scene.place));
    ++grounds.at(static_cast<std::size_t>(scene.ground));
  }
  EXPECT_LT(chi_square(kinds, count / 8.0), chi_square_limit(7));
  EXPECT_LT(chi_square(colours, count / 8.0), chi_square_limit(7));
  EXPECT_LT(chi_square(sizes, count / 3.0), chi_square_limit(2));
  EXPECT_LT(chi_square(places, count / 9.0), chi_square_limit(8));
  EXPECT_LT(chi_square(grounds, count / 6.0), chi_square_limit(5));
}

TEST(Shapes, NumbersOfDifferentNamesDoNotOverlap) {
  for (std::uint64_t i = 0; i < 2000; ++i) {
    const auto scene = shape_attributes(4, i);
    const int size = scene.radius < 0.13 ? 0 : scene.radius < 0.2 ? 1 : 2;
    ASSERT_EQ(size, static_cast<int>(scene.size));
    const int column = scene.x < 0.4 ? 0 : scene.x < 0.6 ? 1 : 2;
    const int row = scene.y < 0.4 ? 0 : scene.y < 0.6 ? 1 : 2;
    ASSERT_EQ(3 * row + column, static_cast<int>(scene.place));
    ASSERT_LE(scene.radius + 0.0099, std::min({scene.x, scene.y, 1 - scene.x, 1 - scene.y}));
  }
}

TEST(Shapes, InksTellTheColoursAndStandOutFromTheGround) {
  std::map<ShapeColour, std::pair<UnitRgb, float>> means;
  for (std::uint64_t i = 0; i < 2000; ++i) {
    const auto scene = shape_attributes(6, i);
    auto& [sum, count] = means[scene.colour];
    sum = {sum.red + scene.ink.red, sum.green + scene.ink.green, sum.blue + scene.ink.blue};
    ++count;
  }
  for (auto& [colour, mean] : means) {
    auto& [sum, count] = mean;
    sum = {sum.red / count, sum.green / count, sum.blue / count};
  }
  for (std::uint64_t i = 2000; i < 6000; ++i) {
    const auto scene = shape_attributes(6, i);
    const auto nearest = std::min_element(means.begin(), means.end(), [&](auto& a, auto& b) {
      return distance(a.second.first, scene.ink) < distance(b.second.first, scene.ink);
    });
    ASSERT_EQ(nearest->first, scene.colour);
    ASSERT_GT(distance(scene.ink, scene.ground_from), 0.2) << enum_name(scene.colour);
    ASSERT_GT(distance(scene.ink, scene.ground_to), 0.2) << enum_name(scene.colour);
  }
}

TEST(Shapes, EveryGroundButThePlainOneHasTwoColours) {
  for (const auto& [ground, name] : enum_names(ShapeGround{})) {
    auto scene = shape_attributes(1, 0);
    scene.ground = ground, scene.ground_from = {0, 0, 0}, scene.ground_to = {1, 1, 1};
    scene.ink = {0, 0, 0};
    const auto image = drawn(scene, 64);
    const auto brightest = *std::max_element(image.begin(), image.end());
    EXPECT_EQ(brightest > 0.7f, ground != ShapeGround::plain) << name;
  }
}

TEST(Shapes, RefuseAnImageOfAnotherSize) {
  std::vector<float> image(10);
  EXPECT_EQ(message_of<ShapeError>([&] { draw_shape({}, 16, image); }),
            "[draw_shape] image must have 3 x 16 x 16 numbers, got 10");
}

// A line two pixels wide on a circle of radius r covers 2 pi r x 2 square pixels.
TEST(Shapes, OutlinesAreLinesOnTheEdge) {
  ShapeAttributes circle;
  circle.radius = 0.25;
  std::vector<float> line(64 * 64);
  draw_outline(circle, 64, line);
  double area = 0;
  for (const float value : line) area += value;
  EXPECT_NEAR(area, 2 * kPi * 16 * 2, 2);
  EXPECT_EQ(line[32 * 64 + 32], 0) << "the middle";
  EXPECT_GT(line[32 * 64 + 32 + 16], .95) << "the edge";
  EXPECT_THROW(draw_outline(circle, 64, std::span(line).first(10)), ShapeError);
}

TEST(Shapes, APairIsTheSameSceneAndItsOutline) {
  const auto plain = open_keys("shapes", {{"size", "32"}}, 5).train;
  const auto pairs = open_keys("shapes", {{"size", "32"}, {"pair", "outline"}}, 5).train;
  const auto* b = pairs->info().field("b");
  ASSERT_NE(b, nullptr);
  EXPECT_EQ(b->shape, (std::vector<std::int64_t>{1, 32, 32}));
  EXPECT_EQ(pairs->info().stored_size(), 4 * 32 * 32);
  EXPECT_EQ(plain->info().field("b"), nullptr);
  for (const std::int64_t i : {0, 7}) {
    std::vector<float> both(4 * 32 * 32), line(32 * 32);
    pairs->read(i, both);
    EXPECT_EQ(std::vector<float>(both.begin(), both.begin() + 3 * 32 * 32), read_item(*plain, i).x);
    draw_outline(shape_attributes(5, static_cast<std::uint64_t>(i)), 32, line);
    EXPECT_EQ(std::vector<float>(both.begin() + 3 * 32 * 32, both.end()), line);
  }
}

TEST(Shapes, APairIsThatDomainsItem) {
  const std::vector<std::array<std::string, 3>> pairs{{"ground", "plain", "striped"},
                                                      {"ground", "cloudy", "plain"},
                                                      {"colour", "red", "blue"},
                                                      {"colour", "white", "red"}};
  const std::ptrdiff_t picture = 3 * 16 * 16;
  for (const auto& [key, a, b] : pairs) {
    SCOPED_TRACE(b);
    const auto both = open_keys("shapes", {{"size", "16"}, {key, a}, {"pair", b}}, 5).train;
    const auto of_a = open_keys("shapes", {{"size", "16"}, {key, a}}, 5).train;
    const auto of_b = open_keys("shapes", {{"size", "16"}, {key, b}}, 5).train;
    for (const std::int64_t i : {0, 3}) {
      std::vector<float> x(2 * static_cast<std::size_t>(picture));
      both->read(i, x);
      EXPECT_EQ(std::vector<float>(x.begin(), x.begin() + picture), read_item(*of_a, i).x);
      EXPECT_EQ(std::vector<float>(x.begin() + picture, x.end()), read_item(*of_b, i).x);
    }
  }
}

}  // namespace
}  // namespace kiln
