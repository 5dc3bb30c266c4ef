#pragma once

#include "kiln/core/tensor.h"
#include "kiln/prob/f_divergence.h"

namespace kiln {

/// g_f(v), elementwise: a critic's output v as a value T in the domain of f*.  arXiv:1606.00709,
/// table 2.  With gradient.
Tensor f_activation(const FDivergence& f, const Tensor& v);

/// f*(g_f(v)), elementwise, without the overflow and cancellation of doing one after the other.
/// With gradient.
Tensor f_conjugate_of_activation(const FDivergence& f, const Tensor& v);

}  // namespace kiln
