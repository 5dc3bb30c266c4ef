#pragma once

#include <torch/nn/modules/container/sequential.h>

#include "kiln/core/tensor.h"

namespace kiln {

/// Dense critic on codes: [B, inputs] -> [B, 1], ReLU after each of `layers` layers of `hidden`
/// units.
torch::nn::Sequential make_code_critic(std::int64_t inputs, std::int64_t hidden,
                                       std::int64_t layers);

// The game of a critic that tells two samples apart by its log-odds a, D = sigmoid(a).
// Goodfellow et al. 2014, arXiv:1406.2661.  Logits of any shape; means over all of them, [], nats.

/// Eq. (1), as the critic minimises it: mean of -log D(real) plus mean of -log(1 - D(fake)).  Least
/// where D = p / (p + q), with the value 2 ln 2 - 2 JSD(p, q).
Tensor critic_log_loss(const Tensor& real_logits, const Tensor& fake_logits);

/// Section 3, the loss of who makes the fakes that keeps its slope: mean of -log D(fake).
Tensor non_saturating_loss(const Tensor& fake_logits);

}  // namespace kiln
