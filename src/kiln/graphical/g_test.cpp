#include "kiln/graphical/g_test.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <limits>
#include <map>

#include "kiln/core/error.h"

namespace kiln {
namespace {

constexpr std::size_t kMostCounts = std::size_t{1} << 24;

using Counts = std::vector<double>;  // [x, y]
using Strata = std::map<std::vector<std::uint16_t>, Counts>;

std::size_t states_of(StateColumn column) {
  return *std::ranges::max_element(column) + std::size_t{1};
}

Strata count(StateColumn x, StateColumn y, const std::vector<StateColumn>& given) {
  const std::size_t ny = states_of(y), cells = states_of(x) * ny;
  Strata strata;
  std::vector<std::uint16_t> z(given.size());
  for (std::size_t n = 0; n < x.size(); ++n) {
    for (std::size_t k = 0; k < given.size(); ++k) z[k] = given[k][n];
    auto& counts = strata[z];
    if (counts.empty()) {
      if (strata.size() * cells > kMostCounts)
        throw ConfigError("gtest", fmt::format("the counts need more than {} numbers; condition on "
                                               "fewer or coarser columns",
                                               kMostCounts));
      counts.resize(cells);
    }
    ++counts[x[n] * ny + y[n]];
  }
  return strata;
}

void add_stratum(const Counts& counts, std::size_t ny, GTest& test) {
  const auto nx = counts.size() / ny;
  std::vector<double> of_x(nx), of_y(ny);
  double all = 0;
  for (std::size_t i = 0; i < counts.size(); ++i)
    of_x[i / ny] += counts[i], of_y[i % ny] += counts[i], all += counts[i];
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const double expected = of_x[i / ny] * of_y[i % ny] / all;
    if (expected > 0) test.smallest_expected = std::min(test.smallest_expected, expected);
    if (counts[i] > 0) test.g += 2 * counts[i] * std::log(counts[i] / expected);
  }
  const auto seen = [](const std::vector<double>& margin) {
    return std::ranges::count_if(margin, [](double c) { return c > 0; });
  };
  test.degrees += (seen(of_x) - 1) * (seen(of_y) - 1);
}

}  // namespace

GTest g_test(StateColumn x, StateColumn y, const std::vector<StateColumn>& given) {
  if (x.empty()) throw ShapeError("gtest", "there are no rows");
  if (y.size() != x.size() ||
      std::ranges::any_of(given, [&](auto z) { return z.size() != x.size(); }))
    throw ShapeError("gtest", "all columns need as many rows");
  GTest test;
  test.rows = static_cast<std::int64_t>(x.size());
  test.smallest_expected = std::numeric_limits<double>::infinity();
  const auto strata = count(x, y, given);
  test.strata = static_cast<std::int64_t>(strata.size());
  for (const auto& [z, counts] : strata) add_stratum(counts, states_of(y), test);
  test.g = std::max(test.g, 0.0);  // rounding
  test.mutual_information = test.g / (2 * static_cast<double>(test.rows));
  test.p_value = test.degrees > 0 ? chi_square_tail(test.g, test.degrees) : 1;
  return test;
}

// P(chi-square_k >= v) = Q(k/2, v/2), the regularised upper incomplete gamma function.
double chi_square_tail(double value, std::int64_t degrees) {
  return boost::math::gamma_q(static_cast<double>(degrees) / 2, value / 2);
}

}  // namespace kiln
