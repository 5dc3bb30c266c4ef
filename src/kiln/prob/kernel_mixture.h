#pragma once

#include "kiln/core/tensor.h"

namespace kiln {

// The kernel density p(x) = (1/n) sum_j N(x; c_j, h^2 I) of n centres [n, D].  Rosenblatt 1956,
// Parzen 1962.  Everything in float64 and nats, in blocks of bounded memory.

/// log p(x): x [B, D] -> [B].
Tensor kernel_log_prob(const Tensor& x, const Tensor& centres, double bandwidth);

/// The same for each of H bandwidths, the distances being measured once: [H, B].
Tensor kernel_log_probs(const Tensor& x, const Tensor& centres, const Tensor& bandwidths);

/// log of the density at each of the first `most` centres (all of them if there are fewer) that the
/// other n - 1 make, for each of H bandwidths: [H, min(n, most)].  n >= 2.
Tensor leave_one_out(const Tensor& centres, const Tensor& bandwidths, std::int64_t most);

/// The bandwidth of the largest mean of leave_one_out, sought on a logarithmic grid: octaves from
/// s / 1024 to 2 s, s the root of the mean variance of the centres (1 if they do not vary), then
/// quarters and sixteenths of an octave around the best.
double best_bandwidth(const Tensor& centres, std::int64_t most);

}  // namespace kiln
