#pragma once

#include <vector>

#include "kiln/nn/adversarial/dense_critic.h"
#include "kiln/nn/adversarial/objective.h"
#include "kiln/nn/adversarial/unroll.h"

namespace kiln {

/// What both sides know of a round.
struct UnrolledBatch {
  Tensor real, fake;  ///< [N, ...] and [B, ...].
  Tensor y = {};      ///< One-hot classes of both, [B, K] with N = B, of a conditional critic.
};

/// What a turn of the generator needs of the critic's steps ahead.
struct UnrolledLoss {
  Tensor loss;                              ///< f_K, [], with a gradient to the fakes.
  std::vector<Tensor> first_gradient = {};  ///< The critic's at theta^0, without graph; K > 0.
};

/// f_K, the generator's loss before the critic of K more steps on a batch (unroll.h).
///
/// Of a dense critic by hand: DensePass gives the gradients of each step, and on the way back
/// products with the Hessian take the adjoint of theta^{k+1} to that of theta^k; there is no graph,
/// and memory grows as K.  The loss has a gradient to `fake` alone, which is found along with it;
/// asking for a second one throws ConfigError.  The twin runs for convolutions, spectral
/// normalisation, minibatch deviation and projection.  Throws ShapeError unless items have the
/// dense critic's size.
UnrolledLoss unrolled_loss(const CriticNetwork& critic, const AdversarialObjective& objective,
                           const UnrolledBatch& batch, const UnrollOptions& options,
                           const InnerMoments& moments = {});

/// The same by `unrolled`, through a graph of all steps.
UnrolledLoss unrolled_loss_plain(const CriticNetwork& critic, const AdversarialObjective& objective,
                                 const UnrolledBatch& batch, const UnrollOptions& options,
                                 const InnerMoments& moments = {});

}  // namespace kiln
