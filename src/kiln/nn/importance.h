#pragma once

#include <cstdint>
#include <functional>

#include "kiln/core/rng.h"
#include "kiln/core/tensor.h"

namespace kiln {

// Averages over many importance draws in bounded memory. Burda et al. 2016, arXiv:1509.00519.

/// N(0, 1) noise of K draws, [K, ...] for items of `shape`.  One call of the generator for each
/// draw, so that K draws are the same however they are split over calls.
Tensor noise_of_draws(std::int64_t draws, at::IntArrayRef shape, Rng& rng);

/// How many draws of `batch` items may be decoded together when the widest layer has `widest` units
/// and no activation should have more than `most_numbers`; at least 1.
std::int64_t draws_at_once(std::int64_t most_numbers, std::int64_t batch, std::int64_t widest);

/// Eq. (8): log (1/K) sum_k w_k, [B], nats.  `log_weights(count)` gives the next draws, [count, B];
/// it is asked for at most `at_once` of them.
Tensor importance_bound(std::int64_t draws, std::int64_t at_once,
                        const std::function<Tensor(std::int64_t)>& log_weights);

/// Systematic resampling: `count` of K draws for each of B items, draw k on average count w_k times
/// and never a whole time more or less.  weights [K, B] >= 0, each column summing to 1; start [B],
/// uniform in [0, 1) -> indices below K, [count, B], int64.
Tensor systematic_resampling(const Tensor& weights, std::int64_t count, const Tensor& start);

}  // namespace kiln
