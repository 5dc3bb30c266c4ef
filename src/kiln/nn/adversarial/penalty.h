#pragma once

#include <functional>

#include "kiln/core/rng.h"
#include "kiln/core/tensor.h"

namespace kiln {

/// A critic: x [B, ...] -> outputs [B], each of its own item alone, or, with minibatch deviation,
/// of its item among neighbours: slopes are then those of the sum of the outputs, as in the
/// authors' code.
using CriticFunction = std::function<Tensor(const Tensor& x)>;

/// ||gradient of the critic's output by x||, for each item: [B], with a graph to the critic's
/// weights. Norms are sqrt(sum of squares + 1e-12).
Tensor critic_slope(const CriticFunction& critic, const Tensor& x);

/// mean (slope(x^) - 1)^2 at places between pairs, x^ = e real + (1 - e) fake, e uniform for each
/// pair: [].  arXiv:1704.00028, eq. (3).  The best critic between N(0, s) and N(d, s) then has
/// slope 1 + d / (2 weight), not 1.
Tensor gradient_penalty(const CriticFunction& critic, const Tensor& real, const Tensor& fake,
                        Rng& rng);

/// mean slope(x)^2 / 2 at the data: [].  arXiv:1801.04406, eq. (9), without its gamma.
Tensor r1_penalty(const CriticFunction& critic, const Tensor& real);

}  // namespace kiln
