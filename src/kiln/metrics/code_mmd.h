#pragma once

#include "kiln/data/loader.h"
#include "kiln/metrics/estimate.h"
#include "kiln/models/model.h"

namespace kiln {

/// How far the codes of items lie from the prior: the mean over batches of the unbiased squared MMD
/// between a draw of q(z|x) for each item and as many draws of the prior, and its standard error. 0
/// in expectation where the codes have the prior's law, at most 14.  Only pairs within a batch are
/// compared, so `loader` must give its items in random order, and at least two at a time.
///
/// The kernel is that of arXiv:1711.01558, section 4: inverse multiquadratics of seven scales
/// around C, the mean squared distance of two draws of the prior (here estimated from 10000 of
/// them).
Estimate code_mmd(Encoder& encoder, Prior& prior, Loader& loader, torch::Device device, Rng& rng);

}  // namespace kiln
