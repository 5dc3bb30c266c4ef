#pragma once

// Every difference between LibTorch 1.13 and 2.x that Kiln meets stands here.

#include <torch/types.h>
#include <torch/version.h>

#include <optional>

namespace kiln {

inline constexpr bool kLibTorch2 = TORCH_VERSION_MAJOR >= 2;

/// LibTorch's own optional, and the value of one that holds nothing.
#if TORCH_VERSION_MAJOR >= 2
template <class T>
using TorchOptional = std::optional<T>;
inline constexpr auto kNone = std::nullopt;
#else
template <class T>
using TorchOptional = c10::optional<T>;
inline constexpr auto kNone = c10::nullopt;
#endif

}  // namespace kiln
