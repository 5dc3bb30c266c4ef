#include "kiln/prob/f_divergence.h"

#include <fmt/format.h>

#include <array>
#include <boost/math/special_functions/lambert_w.hpp>
#include <cmath>
#include <limits>

#include "kiln/core/error.h"
#include "kiln/core/text.h"

namespace kiln {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kLn2 = 0.693147180559945309417232121458;

double softplus(double v) { return v > 0 ? v + std::log1p(std::exp(-v)) : std::log1p(std::exp(v)); }
double times_log(double u) { return u > 0 ? u * std::log(u) : 0; }  // u ln u
// p - q from logarithms
double difference(double log_p, double log_q) { return std::exp(log_p) - std::exp(log_q); }
// exp(log_scale) (e^r - 1)^2
double scaled_square(double log_scale, double r) {
  const double log_gap = r > 40 ? r : std::log(std::abs(std::expm1(r)));
  return std::exp(log_scale + 2 * log_gap);
}
double until(double limit, double t, double value) { return t > limit ? kInfinity : value; }
// Lambert's W of e^x; where e^x overflows, by Newton's method on w + ln w = x.
double lambert_w_of_exp(double x) {
  if (x < 500) return boost::math::lambert_w0(std::exp(x));
  double w = x - std::log(x);
  for (int i = 0; i < 5; ++i) w -= (w + std::log(w) - x) / (1 + 1 / w);
  return w;
}

// ---- total variation, f = |u - 1| / 2
double tv_f(double u, double) { return std::abs(u - 1) / 2; }
double tv_slope(double u, double) { return u > 1 ? .5 : u < 1 ? -.5 : 0; }
double tv_conjugate(double t, double) { return until(.5, t, std::max(t, -.5)); }
double tv_activation(double v, double) { return std::tanh(v) / 2; }
double tv_term(double p, double q, double) { return std::abs(difference(p, q)) / 2; }

// ---- Kullback-Leibler, f = u ln u
double kl_f(double u, double) { return times_log(u); }
double kl_slope(double u, double) { return 1 + std::log(u); }
double kl_conjugate(double t, double) { return std::exp(t - 1); }
double identity(double v, double) { return v; }
double kl_term(double p, double q, double) { return std::exp(p) * (p - q); }

// ---- reverse Kullback-Leibler, f = -ln u
double reverse_kl_f(double u, double) { return -std::log(u); }
double reverse_kl_slope(double u, double) { return -1 / u; }
double reverse_kl_conjugate(double t, double) { return t >= 0 ? kInfinity : -1 - std::log(-t); }
double reverse_kl_activation(double v, double) { return -std::exp(-v); }
double reverse_kl_composed(double v, double) { return v - 1; }
double reverse_kl_term(double p, double q, double) { return std::exp(q) * (q - p); }

// ---- Pearson, f = (u - 1)^2
double pearson_f(double u, double) { return (u - 1) * (u - 1); }
double pearson_slope(double u, double) { return 2 * (u - 1); }
double pearson_conjugate(double t, double) { return t < -2 ? -1 : t * t / 4 + t; }
double pearson_term(double p, double q, double) { return scaled_square(q, p - q); }

// ---- Neyman, f = (1 - u)^2 / u
double neyman_f(double u, double) { return (1 - u) * (1 - u) / u; }
double neyman_slope(double u, double) { return 1 - 1 / (u * u); }
double neyman_conjugate(double t, double) { return until(1, t, 2 - 2 * std::sqrt(1 - t)); }
double one_less_exp(double v, double) { return -std::expm1(-v); }
double neyman_composed(double v, double) { return -2 * std::expm1(-v / 2); }
double neyman_term(double p, double q, double) { return scaled_square(p, q - p); }

// ---- squared Hellinger, f = (sqrt(u) - 1)^2
double hellinger_f(double u, double) { return (std::sqrt(u) - 1) * (std::sqrt(u) - 1); }
double hellinger_slope(double u, double) { return 1 - 1 / std::sqrt(u); }
double hellinger_conjugate(double t, double) { return t >= 1 ? kInfinity : t / (1 - t); }
double hellinger_composed(double v, double) { return std::expm1(v); }
double hellinger_term(double p, double q, double) { return scaled_square(q, (p - q) / 2); }

// ---- Jeffreys, f = (u - 1) ln u
double jeffreys_f(double u, double) { return (u - 1) * std::log(u); }
double jeffreys_slope(double u, double) { return 1 - 1 / u + std::log(u); }
// W + 1/W + t - 2 at W = W(e^(1-t)), since 1/W is the u where f'(u) = t
double jeffreys_conjugate(double t, double) {
  const double w = lambert_w_of_exp(1 - t);
  return w + 1 / w + t - 2;
}
double jeffreys_term(double p, double q, double) { return difference(p, q) * (p - q); }

// ---- twice Jensen-Shannon, f = u ln u - (u + 1) ln((u + 1) / 2)
double js_f(double u, double) { return times_log(u) - (u + 1) * std::log((u + 1) / 2); }
double js_slope(double u, double) { return std::log(2 * u / (1 + u)); }
double js_conjugate(double t, double) { return t >= kLn2 ? kInfinity : -std::log(2 - std::exp(t)); }
double js_activation(double v, double) { return kLn2 - softplus(-v); }
double js_composed(double v, double) { return softplus(v) - kLn2; }
double js_term(double p, double q, double) {
  return std::exp(p) * (kLn2 - softplus(q - p)) + std::exp(q) * (kLn2 - softplus(p - q));
}

// ---- GAN, f = u ln u - (u + 1) ln(u + 1)
double gan_f(double u, double) { return times_log(u) - (u + 1) * std::log(u + 1); }
double gan_slope(double u, double) { return std::log(u / (1 + u)); }
double gan_conjugate(double t, double) { return t >= 0 ? kInfinity : -std::log(-std::expm1(t)); }
double gan_activation(double v, double) { return -softplus(-v); }
double gan_composed(double v, double) { return softplus(v); }
double gan_term(double p, double q, double) {
  return -std::exp(p) * softplus(q - p) - std::exp(q) * softplus(p - q);
}

// ---- alpha, f = (u^a - 1 - a (u - 1)) / (a (a - 1))
double alpha_f(double u, double a) { return (std::pow(u, a) - 1 - a * (u - 1)) / (a * (a - 1)); }
double alpha_slope(double u, double a) { return (std::pow(u, a - 1) - 1) / (a - 1); }
double alpha_conjugate(double t, double a) {
  if (a < 1 && t > 1 / (1 - a)) return kInfinity;
  const double base = std::max(0., t * (a - 1) + 1);
  return (std::pow(base, a / (a - 1)) - 1) / a;
}
double alpha_activation(double v, double a) { return a > 1 ? v : 1 / (1 - a) - softplus(-v); }
double alpha_composed(double v, double a) {
  if (a > 1) return alpha_conjugate(v, a);
  return (std::pow((1 - a) * softplus(-v), a / (a - 1)) - 1) / a;
}
double alpha_term(double p, double q, double a) {
  return (std::exp(a * p + (1 - a) * q) - a * std::exp(p) - (1 - a) * std::exp(q)) / (a * (a - 1));
}

double kl_composed(double v, double) { return std::exp(v - 1); }

const FDivergence& row(std::size_t i) {
  static const std::array<FDivergence, 9> rows{{
      {"tv", "total variation", "|u - 1| / 2", 0, tv_f, tv_slope, tv_conjugate, tv_activation,
       tv_activation, tv_term, .5, .5, 0, std::nan("")},
      {"kl", "Kullback-Leibler", "u ln u", 0, kl_f, kl_slope, kl_conjugate, identity, kl_composed,
       kl_term, 0, kInfinity, 1, 1},
      {"reverse_kl", "reverse Kullback-Leibler", "-ln u", 0, reverse_kl_f, reverse_kl_slope,
       reverse_kl_conjugate, reverse_kl_activation, reverse_kl_composed, reverse_kl_term, kInfinity,
       0, -1, 1},
      {"pearson", "Pearson chi-squared", "(u - 1)^2", 0, pearson_f, pearson_slope,
       pearson_conjugate, identity, pearson_conjugate, pearson_term, 1, kInfinity, 0, 2},
      {"neyman", "Neyman chi-squared", "(1 - u)^2 / u", 0, neyman_f, neyman_slope, neyman_conjugate,
       one_less_exp, neyman_composed, neyman_term, kInfinity, 1, 0, 2},
      {"hellinger", "squared Hellinger", "(sqrt(u) - 1)^2", 0, hellinger_f, hellinger_slope,
       hellinger_conjugate, one_less_exp, hellinger_composed, hellinger_term, 1, 1, 0, .5},
      {"jeffreys", "Jeffreys", "(u - 1) ln u", 0, jeffreys_f, jeffreys_slope, jeffreys_conjugate,
       identity, jeffreys_conjugate, jeffreys_term, kInfinity, kInfinity, 0, 2},
      {"js", "twice Jensen-Shannon", "u ln u - (u + 1) ln((u + 1) / 2)", 0, js_f, js_slope,
       js_conjugate, js_activation, js_composed, js_term, kLn2, kLn2, 0, .5},
      {"gan", "GAN, 2 JSD - ln 4", "u ln u - (u + 1) ln(u + 1)", 0, gan_f, gan_slope, gan_conjugate,
       gan_activation, gan_composed, gan_term, 0, 0, -kLn2, .5},
  }};
  return rows.at(i);
}

constexpr std::size_t kFixedRows = 9;
constexpr double kNear = 1e-6;
constexpr std::string_view kAlphaPrefix = "alpha:";

FDivergence alpha_row(std::string_view where, std::string_view name) {
  const auto alpha = parse_real(name.substr(kAlphaPrefix.size()));
  if (!alpha || !std::isfinite(*alpha) || std::abs(*alpha) < kNear || std::abs(*alpha - 1) < kNear)
    throw ConfigError(where, fmt::format("needs a number that is not 0 or 1 (nor within 1e-6 of "
                                         "them) after alpha:, got '{}'; alpha "
                                         "towards 1 is kl, towards 0 reverse_kl",
                                         name));
  const double a = *alpha;
  return {std::string(name),
          "alpha",
          "(u^a - 1 - a (u - 1)) / (a (a - 1))",
          a,
          alpha_f,
          alpha_slope,
          alpha_conjugate,
          alpha_activation,
          alpha_composed,
          alpha_term,
          a > 0 ? 1 / a : kInfinity,
          a > 1 ? kInfinity : 1 / (1 - a),
          0,
          1};
}

}  // namespace

double FDivergence::term(double log_p, double log_q) const {
  if (log_p == -kInfinity && log_q == -kInfinity) return 0;
  if (log_p == -kInfinity) return std::exp(log_q) * at_zero;
  if (log_q == -kInfinity) return std::exp(log_p) * slope_at_infinity;
  return term_of(log_p, log_q, alpha);
}

std::vector<std::string> f_divergence_names(std::string_view alpha) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < kFixedRows; ++i) names.push_back(row(i).name);
  names.emplace_back(alpha);
  return names;
}

FDivergence f_divergence(std::string_view where, std::string_view name) {
  if (name.starts_with(kAlphaPrefix)) return alpha_row(where, name);
  for (std::size_t i = 0; i < kFixedRows; ++i)
    if (row(i).name == name) return row(i);
  const auto names = f_divergence_names();
  const auto hint = did_you_mean(name, names);
  throw ConfigError(where, fmt::format("no divergence '{}'{} Divergences: {}", name,
                                       hint.empty() ? "." : hint, join(names, ", ")));
}

}  // namespace kiln
