#pragma once

#include <vector>

#include "kiln/core/tensor.h"

namespace kiln {

// What a linear classifier can read off frozen features: multinomial logistic regression.
// Shapes: N items, F features, K classes.  Everything in float64 but labels, int64.

/// (x - mean) / deviation with the statistics of the items it was made from, and of no others;
/// a feature that did not vary there is only shifted.
class FeatureScale {
 public:
  explicit FeatureScale(const Tensor& features);    ///< [N, F].  Throws ShapeError.
  Tensor operator()(const Tensor& features) const;  ///< [..., F] in the type given.

  Tensor mean, deviation;  ///< Each [F]; deviation is the root of the mean square.
};

/// L(W, b) = mean_i -log softmax(W x_i + b)[y_i] + l2 / 2 ||W||^2, and its gradient.
/// weight [K, F + 1], the last column being b, which is not penalised.
struct LogisticLoss {
  Tensor value;     ///< [].
  Tensor gradient;  ///< [K, F + 1].
};
LogisticLoss logistic_loss(const Tensor& weight, const Tensor& x, const Tensor& y, double l2);

/// The weight [K, F + 1] of the least loss, by L-BFGS from `start` (zeros when undefined); x [N, F]
/// is standardised already.
Tensor fit_logistic(const Tensor& x, const Tensor& y, std::int64_t classes, double l2,
                    const Tensor& start = {});

/// A standardiser with the classifier that was fitted behind it.
struct LinearProbe {
  FeatureScale standardise;
  Tensor weight;  ///< [K, F + 1].
  double l2 = 0;

  Tensor logits(const Tensor& features) const;   ///< [N, F] -> [N, K].
  Tensor predict(const Tensor& features) const;  ///< [N, F] -> [N] int64.
};

struct FittedProbes {
  LinearProbe on_fit;  ///< Has not seen the held-out items.
  LinearProbe on_all;  ///< Fitted on both parts with the same l2.
};

/// Chooses l2 among 1e-6, 1e-5 .. 10 by the mean -log p(y) of the held-out items, having fitted on
/// the others; then fits on all of them with that l2.  Test items have no part in it.
FittedProbes fit_linear_probe(const Tensor& fit_x, const Tensor& fit_y, const Tensor& held_out_x,
                              const Tensor& held_out_y, std::int64_t classes);

/// Share of equal entries of two vectors of labels.
double accuracy(const Tensor& predicted, const Tensor& y);

}  // namespace kiln
