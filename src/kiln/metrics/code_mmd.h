#pragma once

#include "kiln/models/model.h"

namespace kiln {

/// How far the codes of B items lie from the prior: the unbiased squared MMD between one draw of
/// q(z|x) for each and B draws of the prior, [1]; its mean over batches is that over pairs of
/// batches.  0 in expectation for codes of the prior's law, at most 14.
///
/// The kernel is that of arXiv:1711.01558, section 4: inverse multiquadratics of seven scales around
/// C, the mean squared distance of two draws of the prior (here estimated from them).  Fewer than
/// two items give nothing: [0].
Tensor code_mmd2(Encoder& encoder, Prior& prior, const Tensor& x, Rng& rng);

}  // namespace kiln
