#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kiln {

/// A row of the f-GAN table: D_f(P || Q) = integral of q f(p / q), with f convex, and what a critic
/// needs to estimate it.  Nowozin, Cseke & Tomioka 2016, arXiv:1606.00709, tables 1 and 2
/// and the supplement.
///
/// u = p/q >= 0 is a density ratio, t a value of the critic T(x) in the domain of f*, v the real
/// number that the critic's network gives, T = g_f(v).  Everything is in nats where logarithms are.
///
///   D_f(P || Q) >= E_P[T(x)] - E_Q[f*(T(x))], with equality at T = f'(p/q)
///
/// `alpha` is the number of the row "alpha:A"; the others do not use it.
struct FDivergence {
  using Function = double (*)(double, double alpha);

  std::string name;          ///< "kl", "hellinger", "alpha:0.5": what --objective f:NAME takes.
  std::string_view title;    ///< "squared Hellinger".
  std::string_view formula;  ///< Of f(u), for people.
  double alpha;

  Function f_of, slope_of, conjugate_of, activation_of, conjugate_of_activation_of;
  /// q f(p/q) from log p and log q, finite ones: does not underflow where a density does.
  double (*term_of)(double log_p, double log_q, double alpha);

  double at_zero;            ///< f(0), may be infinite: what q costs where p = 0.
  double slope_at_infinity;  ///< lim f(u) / u, may be infinite; also the supremum of dom f*.
  double threshold;          ///< f'(1): a critic above it takes x for the data.
  double curvature;          ///< f''(1): f(u) = curvature (u - 1)^2 / 2 near 1. NaN for tv.

  double f(double u) const { return f_of(u, alpha); }
  double slope(double u) const { return slope_of(u, alpha); }  ///< f'(u), a subgradient for tv.
  /// f*(t) = sup over u >= 0 of u t - f(u); infinite beyond slope_at_infinity.
  double conjugate(double t) const { return conjugate_of(t, alpha); }
  double activation(double v) const { return activation_of(v, alpha); }  ///< g_f(v).
  /// f*(g_f(v)) without the overflow and cancellation of doing one after the other.
  double conjugate_of_activation(double v) const { return conjugate_of_activation_of(v, alpha); }
  /// q f(p/q) for log densities that may be -inf.
  double term(double log_p, double log_q) const;
};

/// The row of that name: tv, kl, reverse_kl, pearson, neyman, hellinger, jeffreys, js (twice the
/// Jensen-Shannon divergence, as in the paper), gan (2 JSD - ln 4) or alpha:A, A a number that is
/// not 0 or 1.  Throws ConfigError with `where` for any other.
FDivergence f_divergence(std::string_view where, std::string_view name);

/// All names, alpha as given.
std::vector<std::string> f_divergence_names(std::string_view alpha = "alpha:A");

}  // namespace kiln
