#pragma once

#include <torch/types.h>

#include <string>
#include <utility>
#include <vector>

namespace kiln {

using Tensor = torch::Tensor;  ///< LibTorch's.

/// A weight or buffer.
struct NamedTensor {
  std::string name;  ///< PyTorch's: "decoder.0.weight".
  Tensor tensor;     ///< The storage itself, not a copy.
};

}  // namespace kiln
