#pragma once

#include <torch/types.h>

#include <string>
#include <utility>
#include <vector>

namespace kiln {

using Tensor = torch::Tensor;

struct NamedTensor {
  std::string name;
  Tensor tensor;
};

}  // namespace kiln
