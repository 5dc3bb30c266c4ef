#include "kiln/theory/parameter_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "kiln/io/svg_plot.h"

namespace kiln {
namespace {

// (q - 1) q^(i - 1), the parameters of p(x_i | x_1 .. x_{i-1}).
std::string chain_term(std::int64_t i, std::int64_t q) {
  const ParameterCount plus_one(q - 1, q, i - 1);
  if (plus_one.exact() && *plus_one.exact() < 1000) return fmt::format("{}", *plus_one.exact() + 1);
  return q == 2 ? fmt::format("2^{}", i - 1) : fmt::format("{} {}^{}", q - 1, q, i - 1);
}

std::string chain_sum(std::int64_t n, std::int64_t q) {
  std::string sum = chain_term(1, q);
  const bool all = n <= 5;
  for (std::int64_t i = 2; i <= (all ? n : 3); ++i) sum += " + " + chain_term(i, q);
  return all ? sum : sum + " + ... + " + chain_term(n, q);
}

struct Curve {
  std::string name;
  std::function<ParameterCount(std::int64_t)> count;  // of n
  bool dashed = false;
};

PlotSeries series_of(const Curve& curve, std::int64_t from, std::int64_t to) {
  PlotSeries series{.name = curve.name, .dashed = curve.dashed};
  for (auto n = from; n <= to; ++n) {
    series.x.push_back(static_cast<double>(n));
    series.y.push_back(std::pow(10.0, curve.count(n).log10()));
  }
  return series;
}

}  // namespace

std::vector<ParameterRow> parameter_table(std::int64_t n, std::int64_t q, std::int64_t k) {
  const auto joint = joint_parameters(n, q);
  return {
      {"joint", "joint table", fmt::format("{}^{} - 1", q, n), joint},
      {"chain_rule", "chain rule, any order", chain_sum(n, q), joint},
      {"independent", "independent", fmt::format("{} x {}", n, q - 1),
       independent_parameters(n, q)},
      {"markov", fmt::format("AR-{}, by position", k),
       fmt::format("{0}^{1} - 1 + {2} x {3} x {0}^{1}", q, k, n - k, q - 1),
       markov_parameters(n, q, k)},
      {"markov_homogeneous", fmt::format("AR-{}, homogeneous", k),
       fmt::format("{0}^{1} - 1 + {2} x {0}^{1}", q, k, q - 1), homogeneous_parameters(n, q, k)},
      {"rgb_pixel", "one RGB pixel, joint", "256^3 - 1", joint_parameters(3, 256)},
  };
}

ParameterCrossover parameter_crossover(std::int64_t q, std::int64_t k) {
  // q^(k+1) - 1 < n (q - 1)  <=>  n > 1 + q + ... + q^k.
  const auto total = ParameterCount(q, q, k);
  const double digits = total.log10() - std::log10(static_cast<double>(q - 1));
  const auto from = total.exact() ? fmt::format("{}", *total.exact() / (q - 1) + 1)
                                  : fmt::format("about 10^{:.1f}", digits);
  return {k + 1, from};
}

std::string parameter_plot(std::int64_t n, std::int64_t q, std::int64_t k) {
  const auto twelve_digits =
      static_cast<std::int64_t>(std::ceil(12 / std::log10(static_cast<double>(q))));
  const auto most = std::clamp<std::int64_t>(n, k + 1, std::max(3 * (k + 2), twelve_digits));
  const auto ar = fmt::format("AR-{}", k);
  LinePlot plot{.title = fmt::format("Parameters of laws over n variables of {} states", q),
                .x_label = fmt::format("variables n (at n = {} the joint table has {})", n,
                                       joint_parameters(n, q).text()),
                .y_label = "free parameters",
                .log_y = true};
  const auto add = [&](const Curve& curve, std::int64_t from) {
    plot.series.push_back(series_of(curve, from, most));
  };
  add({"joint table", [q](std::int64_t m) { return joint_parameters(m, q); }}, 1);
  add({ar + ", by position", [q, k](std::int64_t m) { return markov_parameters(m, q, k); }}, k + 1);
  add({ar + ", homogeneous", [q, k](std::int64_t m) { return homogeneous_parameters(m, q, k); },
       true},
      k + 1);
  add({"independent", [q](std::int64_t m) { return independent_parameters(m, q); }}, 1);
  return svg_line_plot(plot);
}

}  // namespace kiln
