#pragma once

#include "kiln/core/rng.h"
#include "kiln/core/tensor.h"

namespace kiln {

/// A network of one tanh layer on standardised numbers, D -> hidden -> 1, trained by L-BFGS on all
/// items at once.
struct ClassifierTwoSampleOptions {
  std::int64_t hidden = 32;
  std::int64_t iterations = 100;  ///< At most.
  double l2 = 1e-3;               ///< l2 / 2 |weights|^2 is added to the mean loss.
};

struct ClassifierTwoSample {
  double accuracy = 0.5;
  double p_value = 1;
  std::int64_t held_out = 0;  ///< Items that the accuracy is measured on, n.
};

/// Classifier two-sample test: can a classifier tell x from y?  Lopez-Paz & Oquab 2017,
/// arXiv:1610.06545.
///
/// A random half of each sample trains; the accuracy t is that on the other half, of which the
/// classifier and the standardisation have seen nothing.  Under equal laws t is N(1/2, 1/(4n)), so
/// p = 1 - Phi(2 sqrt(n) (t - 1/2)).  Between laws P and Q the best classifier reaches
/// 1/2 + TV(P, Q) / 2.
///
/// Of the larger sample as many rows as the smaller has are used, at random: with unequal halves
/// 1/2 would not be the accuracy of guessing.  Each half has as many x as y, so 4n var(t) is
/// 4 q (1 - q) <= 1 where the classifier calls a share q of a law y: the test errs to the safe
/// side. It is as exact as the normal law is for a binomial one: t is a multiple of 1/n and p has
/// steps of about 0.8 / sqrt(n).
///
/// Shapes: x [N, D], y [M, D].  Float64 on the CPU.  Throws ShapeError unless both have D columns,
/// and ConfigError unless all is finite, each has two rows, sizes are positive and l2 is not
/// negative.
ClassifierTwoSample classifier_two_sample(const Tensor& x, const Tensor& y,
                                          const ClassifierTwoSampleOptions& options, Rng& rng);

}  // namespace kiln
