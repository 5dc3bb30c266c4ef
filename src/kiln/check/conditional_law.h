#pragma once

#include <vector>

#include "kiln/core/values.h"
#include "kiln/models/model.h"

namespace kiln {

/// The law of one number of x given those before it, seen from outside: log_conditionals is asked
/// for every value that the number could take.  Nothing is assumed of how the model makes it.
/// B contexts, Q values.
struct ConditionalLaw {
  Tensor values;  ///< [Q]: the states, or a grid over the real line.
  Tensor mass;    ///< [B, Q] float64: probabilities, or density times the width of a cell.

  Tensor total() const { return mass.sum(1); }  ///< [B]: 1 for a law.
};

/// The law of x_d in the contexts, x [B, D] with the labels of a conditional model.  For real
/// values the grid has 4001 points over 15 standard deviations of items [N, D] on each side of
/// their mean, so a component narrower than a hundredth of that standard deviation is not resolved.
ConditionalLaw conditional_law(Autoregressive& model, const ValueSet& values, const Tensor& items,
                               const Batch& contexts, std::int64_t d);

/// The first items of a batch, with all that they are given.
Batch first_of(const Batch& items, std::int64_t count);

/// x, as many items as you like, given what `items` are given, again and again.
Batch given_like(const Batch& items, const Tensor& x);

/// Items that are asked for at once: a model may need memory for every number and hidden unit of
/// each.
std::int64_t rows_at_once(std::int64_t dims);

/// How many numbers' laws in so many contexts are asked for, at most `most`: laws over a grid of
/// wide tables cost minutes, so there fewer are, but never less than four.
std::int64_t affordable(const ValueSet& values, std::int64_t contexts, std::int64_t dims,
                        std::int64_t most);

/// `most` of the D numbers, evenly spaced in the ordering, with its first and last.
std::vector<std::int64_t> some_numbers(const Tensor& ordering, std::int64_t most);

}  // namespace kiln
