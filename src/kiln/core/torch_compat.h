#pragma once

// Every difference between LibTorch 1.13 and 2.x that Kiln meets stands here.

#include <torch/types.h>
#include <torch/version.h>

namespace kiln {

#if TORCH_VERSION_MAJOR >= 2
template <class T>
using TorchOptional = std::optional<T>;
#else
template <class T>
using TorchOptional = c10::optional<T>;
#endif

}  // namespace kiln
