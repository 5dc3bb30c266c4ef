#pragma once

#include "kiln/models/model.h"

namespace kiln {

/// A generative classifier: log p(x|y) + log p(y) for every class y, [B, K], which is log p(y|x) up
/// to a constant.  log_shares [K] is log p(y); the batch's labels are not read.
Tensor bayes_logits(Likelihood& model, const Batch& batch, const Tensor& log_shares);

/// log p(y) [K] of the classes' shares [K], none of which counts as less than a millionth: a class
/// that was not seen is not impossible.  Uniform where shares are undefined.
Tensor log_shares_of(const Tensor& class_shares, std::int64_t classes);

}  // namespace kiln
