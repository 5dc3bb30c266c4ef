#include "kiln/theory/legendre.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace kiln {
namespace {

// The largest value of a function that rises and then falls, by golden section.  Where two places
// are equal, both -inf for example, the search goes left.
double largest(const std::function<double(double)>& g, double low, double high) {
  constexpr double kShare = std::numbers::phi - 1;
  double a = high - kShare * (high - low), b = low + kShare * (high - low);
  double at_a = g(a), at_b = g(b), best = std::max({g(low), at_a, at_b, g(high)});
  for (int i = 0; i < 120; ++i) {
    if (at_a >= at_b) {
      high = b, b = a, at_b = at_a, a = high - kShare * (high - low), at_a = g(a);
    } else {
      low = a, a = b, at_a = at_b, b = low + kShare * (high - low), at_b = g(b);
    }
    best = std::max({best, at_a, at_b});
  }
  return best;
}

}  // namespace

double legendre(const std::function<double(double)>& f, double t, double most) {
  constexpr double kLeast = 1e-12, kRising = 1e-6;
  const auto value = [&](double u) { return u * t - f(u); };
  const double end = value(most);
  if (end - value(most / 16) > kRising * (1 + std::abs(end)))
    return std::numeric_limits<double>::infinity();
  return std::max(
      largest([&](double s) { return value(std::exp(s)); }, std::log(kLeast), std::log(most)),
      value(0));
}

double biconjugate(const std::function<double(double)>& conjugate, double u, double last) {
  constexpr double kReach = 30;  // e^30 to the left of `last`, or sinh(30) both ways
  const auto value = [&](double t) {
    const double c = conjugate(t);
    return std::isfinite(c) ? t * u - c : -std::numeric_limits<double>::infinity();
  };
  if (!std::isfinite(last))
    return largest([&](double s) { return value(std::sinh(s)); }, -kReach, kReach);
  return std::max(largest([&](double s) { return value(last - std::exp(-s)); }, -kReach, kReach),
                  value(last));
}

}  // namespace kiln
