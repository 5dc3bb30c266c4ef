#include "kiln/theory/line_divergences.h"

#include <algorithm>
#include <boost/math/quadrature/gauss_kronrod.hpp>
#include <cmath>
#include <limits>

namespace kiln {
namespace {

constexpr unsigned kMostHalvings = 12;
constexpr double kTolerance = 1e-9;
constexpr double kLn2 = 0.693147180559945309417232121458;

double log_half_sum(double a, double b) {
  const double most = std::max(a, b), least = std::min(a, b);
  return std::isfinite(most) ? most + std::log1p(std::exp(least - most)) - kLn2 : most;
}

// x ln x from ln x
double times_log(double log_x) { return std::isfinite(log_x) ? std::exp(log_x) * log_x : 0; }

// log sigmoid(a)
double log_sigmoid(double a) {
  return a < 0 ? a - std::log1p(std::exp(a)) : -std::log1p(std::exp(-a));
}

// weight * value, where a weight of 0 wins over an infinite value
double weighted(double weight, double value) { return weight > 0 ? weight * value : 0; }

}  // namespace

double integrate(const std::function<double(double)>& g, const std::vector<double>& landmarks) {
  double sum = 0;
  for (std::size_t i = 0; i + 1 < landmarks.size(); ++i)
    sum += boost::math::quadrature::gauss_kronrod<double, 21>::integrate(
        g, landmarks[i], landmarks[i + 1], kMostHalvings, kTolerance);
  return sum;
}

std::vector<double> landmarks_of(const LineLaw& p, const LineLaw& q) {
  const auto a = p.landmarks(), b = q.landmarks();
  std::vector<double> both;
  std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  return both;
}

std::pair<double, double> range_of(const LineLaw& p, const LineLaw& q, double deviations) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const auto* law : {&p, &q})
    for (const auto& part : law->parts()) {
      low = std::min(low, part.normal ? part.first - deviations * part.second : part.first);
      high = std::max(high, part.normal ? part.first + deviations * part.second : part.second);
    }
  return {low, high};
}

double divergence(const FDivergence& f, const LineLaw& p, const LineLaw& q) {
  constexpr double kStillThere = 1e-9;  // so far out only a diverging integrand is so large
  const auto marks = landmarks_of(p, q);
  const auto term = [&](double x) { return f.term(p.log_density(x), q.log_density(x)); };
  if (p.unbounded() || q.unbounded())
    for (const double end : {marks.front() - 1, marks.back() + 1})  // outside uniform pieces
      if (!(std::abs(term(end)) < kStillThere)) return std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i + 1 < marks.size(); ++i)
    if (!std::isfinite(term((marks[i] + marks[i + 1]) / 2)))
      return std::numeric_limits<double>::infinity();
  return integrate(term, marks);
}

double jensen_shannon(const LineLaw& p, const LineLaw& q) {
  return integrate(
             [&](double x) {
               const double a = p.log_density(x), b = q.log_density(x), m = log_half_sum(a, b);
               return weighted(std::exp(a), a - m) + weighted(std::exp(b), b - m);
             },
             landmarks_of(p, q)) /
         2;
}

double differential_entropy(const LineLaw& p) {
  return -integrate([&](double x) { return times_log(p.log_density(x)); }, p.landmarks());
}

double mutual_information(const LineLaw& p, const LineLaw& q) {
  const double mixture = -integrate(
      [&](double x) { return times_log(log_half_sum(p.log_density(x), q.log_density(x))); },
      landmarks_of(p, q));
  return mixture - (differential_entropy(p) + differential_entropy(q)) / 2;
}

double wasserstein1(const LineLaw& p, const LineLaw& q) {
  return integrate([&](double x) { return std::abs(p.cdf(x) - q.cdf(x)); }, landmarks_of(p, q));
}

double gan_value(const std::function<double(double)>& logit, const LineLaw& p, const LineLaw& q) {
  return integrate(
      [&](double x) {
        const double a = logit(x);
        return weighted(p.density(x), log_sigmoid(a)) + weighted(q.density(x), log_sigmoid(-a));
      },
      landmarks_of(p, q));
}

double optimal_logit(const LineLaw& p, const LineLaw& q, double x) {
  return p.log_density(x) - q.log_density(x);
}

}  // namespace kiln
