#pragma once

#include <string_view>

#include "kiln/core/tensor.h"
#include "kiln/prob/ordering.h"

namespace kiln {

/// What a message calls one number of x and one item: "pixel" of an "image", "column" of a "row".
struct ItemWords {
  std::string_view number, item;
  std::string_view remark = {};  ///< What else a person should know of the order; begins "; ".
};

/// Throws ConfigError unless in every item the known numbers come before all unknown ones in the
/// visiting order: what an autoregressive model can condition on.  known [B, D] bool, order [D].
void check_known_prefix(std::string_view where, const Tensor& known, const Tensor& order,
                        Ordering kind, const ItemWords& words);

}  // namespace kiln
