#pragma once

#include <functional>

namespace kiln {

/// The convex conjugate by search, without knowing f*: sup over u in (0, most) of u t - f(u), for a
/// convex f.  Infinite where the supremum is still rising at `most`.  Good to 1e-10 of the value.
double legendre(const std::function<double(double)>& f, double t, double most = 1e8);

/// f** at u: the largest of t u - f*(t) over t up to `last`, where f* is finite, by search.
double biconjugate(const std::function<double(double)>& conjugate, double u, double last);

/// f(u) + f*(t) - u t, the Fenchel-Young gap: never negative, 0 at t = f'(u).
inline double fenchel_young_gap(double f, double conjugate, double u, double t) {
  return f + conjugate - u * t;
}

}  // namespace kiln
