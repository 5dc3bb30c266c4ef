#pragma once

#include "kiln/core/tensor.h"

namespace kiln {

/// How many different items samples seem to hold, beside the data: the birthday paradox, Arora &
/// Zhang 2017, arXiv:1706.08224.  Two items count as equal where they lie nearer than r, and r is
/// such that one in a hundred pairs of the data does; more where more of the data's items are
/// equal.
///
///   birthday_support(samples) / birthday_support(data)
///
/// 1 for samples of the data's law, 1/8 where one of eight equal groups is all that is made, less
/// where the samples of a group are also too alike; above 1 where they spread more widely than the
/// data.  samples [N, ...], data [M, ...], N, M >= 2.  Without any equal pair it counts as one.
double relative_support(const Tensor& samples, const Tensor& data);

}  // namespace kiln
