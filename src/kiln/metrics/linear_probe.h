#pragma once

#include <vector>

#include "kiln/core/tensor.h"
#include "kiln/nn/standardiser.h"

namespace kiln {

// What a linear classifier can read off frozen features: multinomial logistic regression.
// Shapes: N items, F features, K classes.  Everything in float64 but labels, int64.

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

/// The scale of the items that it was fitted to, and of no others, with the classifier behind it.
struct LinearProbe {
  NumberScale scale;
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
