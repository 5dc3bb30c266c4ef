#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "kiln/data/dataset.h"

namespace kiln::program {

inline constexpr std::int64_t kPreviewColumns = 10;  ///< Of a grid of images.

/// Writes items, which are in class order: a grid of images as PNG, or a scatter of points as SVG.
/// Throws ConfigError for items that are neither and for a name of another ending, or IoError.
void write_preview(const std::filesystem::path& out, const Dataset& data,
                   const std::vector<std::int64_t>& items);

}  // namespace kiln::program
