// needs: base
#include "kiln/data/synthetic/digits.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <set>

#include "kiln/data/synthetic/digit_strokes.h"
#include "tests/data/synthetic/items.h"

namespace kiln {
namespace {

constexpr std::size_t kSide = 28;

double squared_distance(const std::vector<float>& a, const std::vector<float>& b) {
  float sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

// Sums over 2 x 2 pixels: a quarter of the numbers to compare.
Item halved(const Item& item) {
  Item half{std::vector<float>(item.x.size() / 4), item.label};
  for (std::size_t i = 0; i < item.x.size(); ++i)
    half.x[i / kSide / 2 * (kSide / 2) + i % kSide / 2] += item.x[i];
  return half;
}

const Item& nearest(const std::vector<Item>& items, const std::vector<float>& x) {
  const Item* best = nullptr;
  double least = std::numeric_limits<double>::infinity();
  for (const auto& item : items) {
    const double distance = squared_distance(item.x, x);
    if (distance < least) least = distance, best = &item;
  }
  return *best;
}

double ink_of(const std::vector<float>& image) {
  return std::accumulate(image.begin(), image.end(), 0.0);
}

TEST(Digits, NearestNeighbourTellsTheClasses) {
  const auto splits = open_keys("digits");
  std::vector<Item> train;
  for (const auto& item : read_items(*splits.train, 2000)) train.push_back(halved(item));
  int right = 0;
  for (const auto& item : read_items(*splits.test, 500))
    right += nearest(train, halved(item).x).label == item.label;
  EXPECT_GE(right, 450);
}

TEST(Digits, TwoOfAClassDifferByHalfTheirInkAtLeast) {
  const auto items = read_items(*open_keys("digits").train, 500);
  std::array<double, 10> nearest_distance;
  nearest_distance.fill(std::numeric_limits<double>::infinity());
  double change = 0, ink = 0;
  int pairs = 0;
  for (std::size_t i = 0; i < items.size(); ++i)
    for (std::size_t j = i + 1; j < items.size(); ++j) {
      if (items[i].label != items[j].label) continue;
      const double distance = squared_distance(items[i].x, items[j].x);
      auto& best = nearest_distance[static_cast<std::size_t>(items[i].label)];
      best = std::min(best, distance);
      change += distance, ink += (ink_of(items[i].x) + ink_of(items[j].x)) / 2, ++pairs;
    }
  EXPECT_GT(change / ink, 0.5) << "two digits of a class are too much alike";
  for (const double distance : nearest_distance) EXPECT_GT(distance, 1) << "a near copy";
}

TEST(Digits, ClassesAreEquallyLikely) {
  const int count = 10000;
  std::array<int, 10> counts{};
  for (const auto& item : read_items(*open_keys("digits").train, count))
    ++counts.at(static_cast<std::size_t>(item.label));
  EXPECT_LT(chi_square(counts, count / 10.0), chi_square_limit(9));
}

TEST(Digits, HoldAsMuchInkAsHandwritingDoes) {
  double ink = 0, touched = 0;
  const int count = 2000;
  for (const auto& item : read_items(*open_keys("digits").train, count)) {
    ink += ink_of(item.x) / 784;
    touched += static_cast<double>(
                   std::count_if(item.x.begin(), item.x.end(), [](float v) { return v > 0; })) /
               784;
  }
  EXPECT_NEAR(ink / count, 0.13, 0.02);      // MNIST: 0.1307
  EXPECT_NEAR(touched / count, 0.19, 0.03);  // MNIST: 0.1912
}

TEST(Digits, LieInTheMiddleInABoxOfTwentyPixels) {
  for (const auto& item : read_items(*open_keys("digits").train, 1000)) {
    double x = 0, y = 0;
    std::size_t left = kSide, right = 0, top = kSide, bottom = 0;
    for (std::size_t row = 0; row < kSide; ++row)
      for (std::size_t column = 0; column < kSide; ++column) {
        const double value = item.x[row * kSide + column];
        x += value * (static_cast<double>(column) + 0.5);
        y += value * (static_cast<double>(row) + 0.5);
        if (value < 0.5) continue;
        left = std::min(left, column), right = std::max(right, column + 1);
        top = std::min(top, row), bottom = std::max(bottom, row + 1);
      }
    const double ink = ink_of(item.x);
    ASSERT_NEAR(x / ink, 14, 1);
    ASSERT_NEAR(y / ink, 14, 1);
    const auto longer = std::max(right - left, bottom - top);
    ASSERT_GE(longer, 17u);
    ASSERT_LE(longer, 22u);
  }
}

struct Holes {
  int count = 0;
  double middle = 0;  // mean row of their pixels
};

// Pieces of ground (connected by sides) besides the one that holds the corner.
Holes holes_of(const std::vector<float>& image) {
  std::vector<int> piece(image.size(), -1);
  Holes holes;
  double pixels = 0;
  int pieces = 0;
  for (std::size_t start = 0; start < image.size(); ++start) {
    if (piece[start] >= 0 || image[start] > 0.3) continue;
    std::vector<std::size_t> open{start};
    piece[start] = pieces;
    while (!open.empty()) {
      const auto at = open.back(), row = at / kSide, column = at % kSide;
      open.pop_back();
      if (pieces > 0) holes.middle += static_cast<double>(row), ++pixels;
      const auto visit = [&](bool inside, std::size_t next) {
        if (!inside || piece[next] >= 0 || image[next] > 0.3) return;
        piece[next] = pieces;
        open.push_back(next);
      };
      visit(row > 0, at - kSide), visit(row + 1 < kSide, at + kSide);
      visit(column > 0, at - 1), visit(column + 1 < kSide, at + 1);
    }
    ++pieces;
  }
  holes.count = pieces - 1;
  holes.middle /= std::max(pixels, 1.0);
  return holes;
}

TEST(Digits, HaveTheHolesOfTheirNames) {
  std::array<std::array<int, 3>, 10> counts{};
  std::array<double, 10> middle{};
  for (const auto& item : read_items(*open_keys("digits").train, 2000)) {
    const auto digit = static_cast<std::size_t>(item.label);
    const auto holes = holes_of(item.x);
    ++counts[digit][static_cast<std::size_t>(std::min(holes.count, 2))];
    if (holes.count == 1) middle[digit] += holes.middle;
  }
  const std::array<std::size_t, 10> expected{1, 0, 0, 0, 0, 0, 1, 0, 2, 1};
  for (std::size_t digit = 0; digit < 10; ++digit) {
    const auto most = std::max_element(counts[digit].begin(), counts[digit].end());
    EXPECT_EQ(static_cast<std::size_t>(most - counts[digit].begin()), expected[digit]) << digit;
  }
  EXPECT_NEAR(middle[0] / counts[0][1], 13.5, 1);
  EXPECT_GT(middle[6] / counts[6][1], 15.5);  // the belly of a 6 is below the middle
  EXPECT_LT(middle[9] / counts[9][1], 11.5);  // the head of a 9 above
}

TEST(Digits, OnesStandOnAFootAsOftenAsTheirStyleSays) {
  int ones = 0, feet = 0;
  for (const auto& item : read_items(*open_keys("digits").train, 10000)) {
    if (item.label != 1) continue;
    int widest = 0;  // ink in a row of the lower third
    for (std::size_t row = 18; row < kSide; ++row)
      widest = std::max(
          widest, static_cast<int>(std::count_if(&item.x[row * kSide], &item.x[row * kSide] + kSide,
                                                 [](float v) { return v > 0.3f; })));
    ++ones, feet += widest >= 8;
  }
  const double share = digit_styles(1).back().share;
  EXPECT_NEAR(feet / double(ones), share, 5 * std::sqrt(share * (1 - share) / ones));
}

TEST(Digits, AreWholeBytes) {
  for (const auto& item : read_items(*open_keys("digits").train, 20))
    for (const float value : item.x)
      ASSERT_EQ(value, static_cast<float>(std::lround(value * 255)) / 255.0f);
}

TEST(Digits, StylesAreSharedOutAmongAllWriters) {
  for (int digit = 0; digit < 10; ++digit) {
    double shares = 0;
    for (const auto& style : digit_styles(digit)) shares += style.share;
    EXPECT_NEAR(shares, 1, 1e-12) << digit;
  }
}

// A line without any freedom: thickness t, ends round, edge s wide.  Its ink is the area
// (box - t) t + pi t^2 / 4, and the soft edge adds pi s^2 / 12 at the two half discs.
TEST(Pen, AStraightLineHoldsTheInkOfItsArea) {
  for (const double rotation : {0.0, 0.3, 0.6, 1.2}) {
    const Hand hand{.wobble = 0,
                    .rotation = rotation,
                    .thickness = 3,
                    .pressure = 0,
                    .taper = 0,
                    .softness = 1.2,
                    .box = 20};
    Philox rng(1);
    std::vector<float> image(kSide * kSide);
    write_strokes({{{.5, 0}, {.5, .5}, {.5, 1}}}, hand, kSide, rng, image);
    // The longer of its height and width fills the box.
    const double length = (20 - 3) / std::max(std::cos(rotation), std::sin(rotation));
    const double pi = std::numbers::pi, area = length * 3 + pi * 9 / 4 + pi * 1.44 / 12;
    // Pixels are judged at their centres: what that misses averages out along a slanting line.
    EXPECT_NEAR(ink_of(image), area, 0.01 * area) << rotation;
  }
}

// Mean column of the ink in a row of pixels.
double column_of(const std::vector<float>& image, std::size_t row) {
  double mass = 0, sum = 0;
  for (std::size_t column = 0; column < kSide; ++column) {
    const double value = image[row * kSide + column];
    mass += value, sum += value * static_cast<double>(column);
  }
  return sum / mass;
}

TEST(Pen, SlantLeansTheTopToTheRight) {
  const Hand hand{.wobble = 0, .slant = 0.3, .pressure = 0, .taper = 0};
  Philox rng(1);
  std::vector<float> image(kSide * kSide);
  write_strokes({{{.5, 0}, {.5, .5}, {.5, 1}}}, hand, kSide, rng, image);
  // Ten rows apart, the line moves by slant * 10 pixels.
  EXPECT_NEAR(column_of(image, 9) - column_of(image, 19), 3, 0.1);
}

// Three knots whose moves correlate by 3/4 with the one before: the middle one leaves the chord of
// the others by a variance of (1 + (1 + 9/16) / 2 - 2 * 3/4) wobble^2 = 9/32 wobble^2.
TEST(Pen, WobbleMovesTheKnotsByItsStandardDeviation) {
  const Hand hand{.wobble = 0.03, .thickness = 3, .pressure = 0, .taper = 0};
  Philox rng(2);
  std::vector<float> image(kSide * kSide);
  const int count = 500;
  double squares = 0;
  for (int i = 0; i < count; ++i) {
    write_strokes({{{.5, 0}, {.5, .5}, {.5, 1}}}, hand, kSide, rng, image);
    const double middle = (column_of(image, 13) + column_of(image, 14)) / 2;
    const double chord = (column_of(image, 5) + column_of(image, 22)) / 2;
    squares += (middle - chord) * (middle - chord);
  }
  const double pixels = 17;  // from the first knot to the last
  const double expected = 0.03 * std::sqrt(9.0 / 32) * pixels;
  EXPECT_NEAR(std::sqrt(squares / count) / expected, 1, 5 / std::sqrt(2.0 * count));
}

}  // namespace
}  // namespace kiln
