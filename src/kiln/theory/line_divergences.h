#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "kiln/prob/f_divergence.h"
#include "kiln/prob/line_law.h"

namespace kiln {

// How far apart two laws on the line are, by adaptive quadrature: nats where there are logarithms.
// Errors are below 1e-9 of the integral of the
// integrand's absolute terms for the laws that LineLaw knows.  Infinite where the integral
// is: laws that one of the two gives no density, or tails too thin for the other's.

/// Integral over the line of g, which is small outside the landmarks.
double integrate(const std::function<double(double)>& g, const std::vector<double>& landmarks);

/// Landmarks of both, ascending.
std::vector<double> landmarks_of(const LineLaw& p, const LineLaw& q);

/// From the first end of a part to the last; a normal part ends so many deviations from its mean.
std::pair<double, double> range_of(const LineLaw& p, const LineLaw& q, double deviations);

/// D_f(P || Q) = integral of q f(p/q).
double divergence(const FDivergence& f, const LineLaw& p, const LineLaw& q);

/// KL(p || m) / 2 + KL(q || m) / 2, m = (p + q) / 2: in [0, ln 2].
double jensen_shannon(const LineLaw& p, const LineLaw& q);

/// I(X; Z), Z a fair coin that says whether X is from p or q: H(m) - H(p) / 2 - H(q) / 2, from the
/// three differential entropies.  The same number as jensen_shannon, by another way.
double mutual_information(const LineLaw& p, const LineLaw& q);

double differential_entropy(const LineLaw& p);  ///< Nats.

/// Earth mover's distance, integral of |F_p - F_q|, in units of x.
double wasserstein1(const LineLaw& p, const LineLaw& q);

/// E_P[log D] + E_Q[log(1 - D)] of a critic with D = sigmoid(logit(x)).  arXiv:1406.2661, eq. (1).
double gan_value(const std::function<double(double)>& logit, const LineLaw& p, const LineLaw& q);

/// log p(x) - log q(x), the log-odds of the best critic D* = p / (p + q): eq. (2) there.  Infinite
/// where one density is 0, NaN where both are.
double optimal_logit(const LineLaw& p, const LineLaw& q, double x);

}  // namespace kiln
