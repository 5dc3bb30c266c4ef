#pragma once

#include <filesystem>
#include <map>

#include "kiln/core/tensor.h"
#include "kiln/core/values.h"
#include "kiln/io/image.h"

namespace kiln {

/// Items as one picture: a grid for images x [B, C, H, W] in a model's values, zoomed so that a
/// person can see them.
Image picture_grid(const Tensor& x, Values values, std::int64_t columns);

/// Any samples as a file: a PNG grid for images, an SVG scatter for points [B, 2], an NPY for other
/// tables.  The extension is added to `stem`; returns the path written.
std::filesystem::path write_samples(const std::filesystem::path& stem, const Tensor& x,
                                    Values values, const std::map<std::string, std::string>& text);

}  // namespace kiln
