#pragma once

#include <functional>
#include <vector>

#include "kiln/core/rng.h"
#include "kiln/core/tensor.h"

namespace kiln {

// log p(x) of a model with latent variables, by annealed importance sampling: Neal 2001, Statistics
// and Computing 11:125; for decoders Wu et al. 2017, arXiv:1611.04273.  No encoder takes part.
//
// Shapes: B items, J latent variables, K chains per item, T steps.  Log weights are float64, nats.

/// What is asked of a model about B items that are held fixed: p(z) and p(x_b | z).  Gradients
/// reach z by autograd, so each must be differentiable in z, and no item may look at another's z.
struct AnnealedTarget {
  std::int64_t items = 1;                                       ///< B.
  std::function<Tensor(std::int64_t, Rng&)> sample_prior = {};  ///< count -> [count, J].
  std::function<Tensor(const Tensor&)> log_prior = {};          ///< z [K, B, J] -> [K, B].
  std::function<Tensor(const Tensor&)> log_likelihood = {};     ///< z [K, B, J] -> [K, B].
};

struct AnnealedOptions {
  std::int64_t temperatures = 1000;  ///< T; the bounds close as it grows.
  std::int64_t chains = 16;          ///< K, all in one batch: K B codes at once.
  std::int64_t leapfrog = 10;        ///< Steps of a move: as many evaluations of the decoder.
  std::int64_t pilot = 50;  ///< Temperatures of the pass that finds step sizes, 5 moves at each.
};

struct AnnealedEstimate {
  Tensor log_prob;        ///< [B].
  Tensor effective_size;  ///< (sum w)^2 / sum w^2, [B], from 1 to K: near 1 it says little.
  Tensor log_weights;     ///< log w_k, [K, B].
  double acceptance = 0;  ///< Mean acceptance probability of the moves; NaN where T = 1 has none.
};

/// 0 = b_0 < .. < b_T = 1: b_t = (s_t - s_0) / (s_T - s_0), s_t = sigmoid(4 (2t/T - 1)).
std::vector<double> sigmoidal_schedule(std::int64_t temperatures);

/// log (1/K) sum_k w_k, from the prior to the posterior by way of f_t(z) = p(z) p(x|z)^b_t:
///
///   z_0 ~ p(z);  z_t = a move that leaves f_t invariant, 0 < t < T
///   w = prod_t f_t(z_{t-1}) / f_{t-1}(z_{t-1}),   E[w] = p(x)
///
/// so that its expectation is at most log p(x).  T = 1 is importance sampling from the prior.
///
/// A move is Hamiltonian: fresh momentum, `leapfrog` steps, acceptance by the energy's error.  E[w]
/// is p(x) only where the step sizes owe nothing to the chains they move: they are found first, in
/// a pass with chains and a stream of its own that aims at an acceptance of 65 %, one size for each
/// item and temperature, and are then fixed but for a factor from 0.8 to 1.2 that is drawn afresh
/// for each move, so that no trajectory comes back to its start for ever.
///
/// Throws ConfigError unless all of `options` and items are positive, ShapeError where the target
/// gives other shapes.
AnnealedEstimate annealed_log_prob(const AnnealedTarget& target, const AnnealedOptions& options,
                                   Rng& rng);

/// The other side, for data that the model made itself: x_b ~ p(x | z_b), z_b ~ p(z), so that
/// z [B, J] is an exact draw of the posterior.  The same chains the other way round, all K of an
/// item from its z: -log (1/K) sum_k 1 / w_k, whose expectation is at least log p(x). Bidirectional
/// Monte Carlo, Grosse et al. 2015, arXiv:1511.02543.  `effective_size` is that of 1 / w.  For
/// other z, so for real data, it bounds nothing.
AnnealedEstimate reverse_annealed_log_prob(const AnnealedTarget& target, const Tensor& z,
                                           const AnnealedOptions& options, Rng& rng);

}  // namespace kiln
