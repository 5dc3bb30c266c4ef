#pragma once

#include <torch/nn/modules/container/sequential.h>
#include <torch/optim/lbfgs.h>

#include <memory>

#include "kiln/core/tensor.h"
#include "kiln/prob/f_divergence.h"
#include "kiln/prob/line_law.h"

namespace kiln {

struct LineCriticOptions {
  std::int64_t hidden = 32;  ///< Units in each of 2 tanh layers.
  std::int64_t steps = 100;  ///< Of up to 10 iterations of L-BFGS each.
  std::uint64_t seed = 1;
};

/// A small critic on the line that learns the variational bound of a divergence between two known
/// laws, E_P[g_f(V(x))] - E_Q[f*(g_f(V(x)))].  arXiv:1606.00709, eq. (6).
///
/// The expectations are sums over quadrature points, so nothing is random but the first weights.
/// For the row "gan" V is the logit of a GAN's critic, and the bound is its value, which the critic
/// D* = p / (p + q) attains.  All in float64.
class LineCritic {
 public:
  LineCritic(const FDivergence& f, const LineLaw& p, const LineLaw& q,
             const LineCriticOptions& options = {});

  double step();  ///< Up to 10 iterations of L-BFGS; the bound before them.
  bool done() const { return steps_done_ >= options_.steps; }
  double bound();                                             ///< Of the weights as they are.
  std::vector<double> outputs(const std::vector<double>& x);  ///< V(x) of each.

 private:
  Tensor bound_of(const Tensor& v) const;

  FDivergence f_;
  LineCriticOptions options_;
  double centre_, scale_;
  Tensor x_, p_, q_;  // points [N, 1], and each law's mass at them [N]
  torch::nn::Sequential net_;
  std::unique_ptr<torch::optim::LBFGS> optimizer_;
  std::int64_t steps_done_ = 0;
};

}  // namespace kiln
