#pragma once

#include <string_view>
#include <utility>
#include <vector>

namespace kiln {

/// Along the arc between two codes, which keeps their norm, or the straight line: latent_paths.h.
enum class LatentPath { slerp, lerp };

inline std::vector<std::pair<LatentPath, std::string_view>> enum_names(LatentPath) {
  return {{LatentPath::slerp, "slerp"}, {LatentPath::lerp, "lerp"}};
}

}  // namespace kiln
