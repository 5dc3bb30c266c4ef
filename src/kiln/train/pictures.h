#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "kiln/core/tensor.h"
#include "kiln/core/values.h"
#include "kiln/io/deep_image.h"
#include "kiln/io/image.h"
#include "kiln/models/model.h"

namespace kiln {

/// Every item of x [B, C, H, W], C = 1 or 3, in a model's values, as a picture; states 0 .. q - 1
/// are q greys from black to white.
std::vector<Image> pictures_of(const Tensor& x, ValueSet values);

/// The other way for one picture: [1, C, H, W] in [0, 1].
Tensor unit_item(const Image& picture);

/// Items [B, C, H, W] as one grid, zoomed so that a person can see them; `columns` 0: about as many
/// as rows.
Image picture_grid(const Tensor& x, ValueSet values, std::int64_t columns);

/// Both ways for a picture of 16 bits a sample, [1, C, H, W]; not rounded to bytes.
Tensor unit_item(const DeepImage& picture);
DeepImage deep_picture_of(const Tensor& x, ValueSet values);

/// Rows of pictures [B, C, H, W], as Model::preview gives them, as one grid with B columns.
Image row_grid(const std::vector<Tensor>& rows, ValueSet values);

/// Any samples as a file: a PNG grid for images, an SVG scatter for points [B, 2], an NPY for other
/// tables.  The extension is added to `stem`; returns the path written.
std::filesystem::path write_samples(const std::filesystem::path& stem, const Tensor& x,
                                    ValueSet values,
                                    const std::map<std::string, std::string>& text);

/// The numbers themselves as float32 NPY.
void write_tensor(const std::filesystem::path& path, const Tensor& x);

}  // namespace kiln
