// needs: base
#include "kiln/data/synthetic/toy2d.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <numbers>

#include "tests/data/synthetic/items.h"

namespace kiln {
namespace {

constexpr double kPi = std::numbers::pi;

struct Case {
  std::string name;
  std::map<std::string, std::string> keys;
  double reach;  // the law lies in [-reach, reach]^2
  double step;   // of the midpoint rule: no wider than the law's smallest standard deviation

  SourceSpec spec() const { return {.name = name, .path = {}, .keys = keys}; }
};

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {"ring8", {}, 2.2, 0.02},
      {"ring8", {{"radius", "1"}, {"sigma", "0.3"}}, 3.5, 0.1},
      {"grid25", {}, 2.5, 0.05},
      {"grid25", {{"spacing", "2"}, {"sigma", "0.1"}}, 5, 0.1},
      {"gaussians", {}, 5, 0.1},
      {"gaussians", {{"k", "1"}, {"sigma", "0.5"}}, 9, 0.25},
      {"gaussians", {{"k", "40"}}, 5, 0.1},
      {"swissroll", {}, 4, 0.08},
      {"swissroll", {{"sigma", "0.3"}}, 6, 0.2},
      {"moons", {}, 3, 0.08},
      {"moons", {{"sigma", "0.02"}}, 2.5, 0.02},
      {"checkerboard", {}, 2.5, 0.125},
      {"checkerboard", {{"cells", "3"}, {"side", "6"}}, 4, 0.125},
      {"pinwheel", {}, 3, 0.02},
      {"pinwheel", {{"arms", "2"}, {"tangential", "0.4"}, {"rate", "0.5"}}, 4, 0.04},
      {"pinwheel", {{"arms", "3"}, {"rate", "0"}, {"tangential", "0.1"}}, 3, 0.05},
  };
  return all;
}

struct Quadrature {
  double mass = 0, mean_log = 0, variance_log = 0;  // of log p under p
};

Quadrature integrate(const Case& c) {
  const auto law = plane_law(c.spec());
  const auto cells = static_cast<int>(std::lround(2 * c.reach / c.step));
  double mass = 0, first = 0, second = 0;
  for (int i = 0; i < cells; ++i)
    for (int j = 0; j < cells; ++j) {
      const double log_p =
          law->log_density((i + 0.5) * c.step - c.reach, (j + 0.5) * c.step - c.reach);
      if (log_p < -200) continue;
      const double p = std::exp(log_p) * c.step * c.step;
      mass += p, first += p * log_p, second += p * log_p * log_p;
    }
  return {mass, first, second - first * first};
}

TEST(Toy2d, DensitiesIntegrateToOneAndSamplesHaveTheirEntropy) {
  const int count = 10000;
  for (const auto& c : cases()) {
    const auto exact = integrate(c);
    EXPECT_NEAR(exact.mass, 1, 2e-5) << c.spec().text();
    const auto density = true_log_density(c.spec());
    ASSERT_TRUE(density);
    double sum = 0;
    for (const auto& item : read_items(*open_keys(c.name, c.keys).train, count))
      sum += (*density)(item.x[0], item.x[1]);
    const double error = 5 * std::sqrt(std::max(exact.variance_log, 0.0) / count) + 1e-4;
    EXPECT_NEAR(sum / count, exact.mean_log, error) << c.spec().text();
  }
}

// Counts in a coarse grid against the integral of the density over each cell.
TEST(Toy2d, SamplesFollowTheDensityByChiSquare) {
  const int count = 10000, bins = 12;
  for (const Case& c :
       {Case{"moons", {}, 3, 0.05}, Case{"swissroll", {}, 3.6, 0.05},
        Case{"pinwheel", {}, 2.4, 0.02}, Case{"gaussians", {}, 4.2, 0.05},
        Case{"pinwheel", {{"arms", "2"}, {"tangential", "0.4"}, {"rate", "0.5"}}, 3.6, 0.04}}) {
    const auto law = plane_law(c.spec());
    std::vector<double> expected(bins * bins, 0), counts(bins * bins, 0);
    const auto bin_of = [&](double x) {
      return static_cast<std::size_t>((x + c.reach) / (2 * c.reach) * bins);
    };
    const auto cells = static_cast<int>(std::lround(2 * c.reach / c.step));
    for (int i = 0; i < cells; ++i)
      for (int j = 0; j < cells; ++j) {
        const double x = (i + 0.5) * c.step - c.reach, y = (j + 0.5) * c.step - c.reach;
        expected[bin_of(y) * bins + bin_of(x)] +=
            count * c.step * c.step * std::exp(law->log_density(x, y));
      }
    for (const auto& item : read_items(*open_keys(c.name, c.keys).train, count))
      ++counts[bin_of(item.x[1]) * bins + bin_of(item.x[0])];
    double chi2 = 0;
    int used = 0;
    for (std::size_t i = 0; i < counts.size(); ++i)
      if (expected[i] > 5)
        chi2 += (counts[i] - expected[i]) * (counts[i] - expected[i]) / expected[i], ++used;
    EXPECT_GT(used, 20) << c.name;
    EXPECT_LT(chi2, chi_square_limit(used)) << c.name;
  }
}

struct Moments {
  int count = 0;
  double x = 0, y = 0, squared_radius = 0;
};

// Means of each mode's points.
std::vector<Moments> moments(const std::string& name,
                             std::map<std::string, std::string> keys = {}) {
  const auto data = open_keys(name, std::move(keys)).train;
  std::vector<Moments> modes(std::max<std::size_t>(1, data->info().class_names.size()));
  for (const auto& item : read_items(*data, data->size())) {
    auto& m = modes[item.label < 0 ? 0 : static_cast<std::size_t>(item.label)];
    const double x = item.x[0], y = item.x[1];
    ++m.count, m.x += x, m.y += y, m.squared_radius += x * x + y * y;
  }
  for (auto& m : modes) m.x /= m.count, m.y /= m.count, m.squared_radius /= m.count;
  return modes;
}

TEST(Toy2d, ModesAreEquallyLikely) {
  for (const std::string name :
       {"ring8", "grid25", "gaussians", "moons", "checkerboard", "pinwheel"}) {
    std::vector<int> counts;
    for (const auto& m : moments(name)) counts.push_back(m.count);
    const auto modes = static_cast<double>(counts.size());
    EXPECT_LT(chi_square(counts, 10000 / modes), chi_square_limit(modes - 1)) << name;
  }
}

TEST(Toy2d, Ring8HasItsModesOnTheCircle) {
  const auto modes = moments("ring8");
  ASSERT_EQ(modes.size(), 8u);
  for (std::size_t i = 0; i < modes.size(); ++i) {
    const double angle = 2 * kPi * static_cast<double>(i) / 8;
    const double error = 5 * 0.02 / std::sqrt(modes[i].count);
    EXPECT_NEAR(modes[i].x, 2 * std::cos(angle), error);
    EXPECT_NEAR(modes[i].y, 2 * std::sin(angle), error);
    // E|x|^2 = R^2 + 2 sigma^2, variance 4 R^2 sigma^2 + 4 sigma^4.
    EXPECT_NEAR(modes[i].squared_radius, 4.0008, 5 * 0.0801 / std::sqrt(modes[i].count));
  }
}

TEST(Toy2d, ShareOfRing8WithinThreeSigmaIsRayleighs) {
  const int count = 10000;
  int within = 0;
  for (const auto& item : read_items(*open_keys("ring8").train, count)) {
    const double angle = 2 * kPi * static_cast<double>(item.label) / 8;
    within += std::hypot(item.x[0] - 2 * std::cos(angle), item.x[1] - 2 * std::sin(angle)) < 0.06;
  }
  const double p = 1 - std::exp(-4.5);
  EXPECT_NEAR(within / double(count), p, 5 * std::sqrt(p * (1 - p) / count));
}

TEST(Toy2d, Grid25HasItsModesOnTheGrid) {
  for (const double spacing : {1.0, 2.0}) {
    const auto modes = moments("grid25", {{"spacing", std::to_string(spacing)}});
    ASSERT_EQ(modes.size(), 25u);
    for (int i = 0; i < 25; ++i) {
      const auto& m = modes[static_cast<std::size_t>(i)];
      const double error = 5 * 0.05 / std::sqrt(m.count);
      EXPECT_NEAR(m.x, spacing * (i % 5 - 2), error);
      EXPECT_NEAR(m.y, spacing * (i / 5 - 2), error);
    }
  }
}

TEST(Toy2d, GaussiansAreTwiceAsLongAsWideAcrossTheirRadius) {
  const auto data = open_keys("gaussians", {{"k", "2"}}).train;
  const auto mode = moments("gaussians", {{"k", "2"}})[1];
  const double place = std::hypot(mode.x, mode.y);
  EXPECT_NEAR(place, 3 * std::sqrt(0.75), 5 * 0.15 / std::sqrt(mode.count));
  double outward = 0, around = 0;
  for (const auto& item : read_items(*data, data->size())) {
    if (item.label != 1) continue;
    const double dx = item.x[0] - mode.x, dy = item.x[1] - mode.y;
    const double a = (dx * mode.x + dy * mode.y) / place, b = (dy * mode.x - dx * mode.y) / place;
    outward += a * a, around += b * b;
  }
  const double relative = 5 * std::sqrt(2.0 / mode.count) + 0.01;
  EXPECT_NEAR(outward / mode.count / (0.15 * 0.15), 1, relative);
  EXPECT_NEAR(around / mode.count / (0.3 * 0.3), 1, relative);
}

TEST(Toy2d, MoonsHaveTheMeansOfHalfCircles) {
  const auto modes = moments("moons");
  const double error = 5 * 0.72 / std::sqrt(4800.0);  // sd of x: sqrt(1/2 + sigma^2)
  EXPECT_NEAR(modes[0].x, 0, error);
  EXPECT_NEAR(modes[0].y, 2 / kPi, error);
  EXPECT_NEAR(modes[0].squared_radius, 1.02, 5 * 0.21 / std::sqrt(4800.0));
  EXPECT_NEAR(modes[1].x, 1, error);
  EXPECT_NEAR(modes[1].y, 0.5 - 2 / kPi, error);
}

TEST(Toy2d, SwissrollHasTheRadiiOfItsSpiral) {
  const auto all = moments("swissroll")[0];
  const double a = 1.5 * kPi, b = 4.5 * kPi;
  const double mean2 = (std::pow(b, 3) - std::pow(a, 3)) / (3 * (b - a));
  const double mean4 = (std::pow(b, 5) - std::pow(a, 5)) / (5 * (b - a));
  const double spread = 0.04 * std::sqrt(mean4 - mean2 * mean2) + 0.6;  // and the noise's part
  EXPECT_NEAR(all.squared_radius, 0.04 * mean2 + 0.02, 5 * spread / 100);
  EXPECT_EQ(open_keys("swissroll").train->info().classes, 0);
}

TEST(Toy2d, PinwheelKeepsTheRadiiOfItsArms) {
  for (const auto& m : moments("pinwheel")) {
    const double error = 5 * 0.65 / std::sqrt(m.count);  // sd of |f|^2 with f_1 ~ N(1, 0.3^2)
    EXPECT_NEAR(m.squared_radius, 1 + 0.09 + 0.0025, error);
  }
}

TEST(Toy2d, CheckerboardLeavesTheLightCellsEmpty) {
  const auto density = *true_log_density({.name = "checkerboard", .path = {}, .keys = {}});
  for (const auto& item : read_items(*open_keys("checkerboard").train, 10000)) {
    const auto column = static_cast<int>(std::floor(item.x[0] + 2));
    const auto row = static_cast<int>(std::floor(item.x[1] + 2));
    ASSERT_EQ((column + row) % 2, 0);
    ASSERT_EQ(item.label, (4 * row + column) / 2);
    ASSERT_NEAR(density(item.x[0], item.x[1]), -std::log(8.0), 1e-12);
  }
  EXPECT_EQ(density(-0.5, 0.5), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(density(2.5, 2.5), -std::numeric_limits<double>::infinity());
  EXPECT_NEAR(density(2, 2), -std::log(8.0), 1e-12);  // a corner belongs to its cell
}

// The same integral by a plain sum over 400,000 points of the curve.
TEST(Toy2d, CurveDensitiesEqualABruteForceIntegral) {
  const int points = 400000;
  for (const double sigma : {0.005, 0.1, 3.0, 30.0}) {
    const std::map<std::string, std::string> keys{{"sigma", std::to_string(sigma)}};
    const auto density = *true_log_density({.name = "swissroll", .path = {}, .keys = keys});
    for (const auto& [x, y] : {std::pair{0.0, -0.95}, {1.3, 0.2}, {0.2, 2.83}, {-1.87, 0.01}}) {
      double sum = 0;
      for (int i = 0; i < points; ++i) {
        const double t = kPi * (1.5 + 3 * (i + 0.5) / points);
        const double dx = x - 0.2 * t * std::cos(t), dy = y - 0.2 * t * std::sin(t);
        sum += std::exp(-(dx * dx + dy * dy) / (2 * sigma * sigma));
      }
      const double expected = sum / points / (2 * kPi * sigma * sigma);
      if (expected < 1e-280) continue;
      EXPECT_NEAR(std::exp(density(x, y)) / expected, 1, 1e-6) << sigma << " " << x << " " << y;
    }
  }
}

TEST(Toy2d, PinwheelWithoutTwistIsAMixtureOfGaussians) {
  const auto density =
      *true_log_density({.name = "pinwheel", .path = {}, .keys = {{"arms", "2"}, {"rate", "0"}}});
  const auto normal = [](double x, double s) {
    return std::exp(-x * x / (2 * s * s)) / (s * std::sqrt(2 * kPi));
  };
  const double expected = 0.5 * (normal(0.8 - 1, 0.3) * normal(0.04, 0.05) +
                                 normal(-0.8 - 1, 0.3) * normal(0.04, 0.05));
  EXPECT_NEAR(density(0.8, 0.04), std::log(expected), 1e-9);
}

TEST(Toy2d, FarPointsHaveFiniteLogDensities) {
  for (const auto& c : cases()) {
    if (c.name == "checkerboard") continue;
    const double value = plane_law(c.spec())->log_density(50, -70);
    EXPECT_LT(value, -100) << c.spec().text();
    EXPECT_TRUE(std::isfinite(value)) << c.spec().text();
  }
}

TEST(Toy2d, OtherSourcesHaveNoDensity) {
  EXPECT_FALSE(true_log_density({.name = "digits", .path = {}, .keys = {}}));
}

}  // namespace
}  // namespace kiln
