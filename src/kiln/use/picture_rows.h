#pragma once

#include <string>
#include <vector>

#include "kiln/nn/latent_paths.h"
#include "kiln/use/judged_data.h"

namespace kiln {

// Items of the data that a run is judged by, and pictures that several uses draw of them.  All are
// images [N, C, H, W] in the model's values, row after row of a grid.

/// Items of a data set with their labels, in the model's values; `seed` is that of random
/// binarisation.
Batch items_of(const JudgedData& judged, const std::vector<std::int64_t>& indices,
               std::uint64_t seed, torch::Device device);

/// The first `count` items, or as many as there are.
std::vector<std::int64_t> first_items(const JudgedData& judged, std::int64_t count);

/// `count` items evenly spread over the data, or all: a source may be sorted.
std::vector<std::int64_t> spread_items(const JudgedData& judged, std::int64_t count);

/// Items by number, "0,5,7".  Throws ConfigError, beginning with `where`, for numbers that the data
/// lack and for none at all.
std::vector<std::int64_t> chosen_items(const std::string& where, const std::string& numbers,
                                       const JudgedData& judged);

/// Throws ConfigError unless the items are images: `command` draws nothing else.
void require_images(const std::string& command, const std::string& name, const DataInfo& info);

/// The mean of x given the code of x, shaped as x.
Tensor reconstruct(Model& model, const Tensor& x);

/// Rows of `columns` originals, each over its reconstructions; the last rows may be shorter.
Tensor reconstruction_rows(const Tensor& x, const Tensor& again, std::int64_t columns);

/// Which pixels are given, [1, C, H, W] of 0 and 1: top-half, bottom-half, left-half, right-half,
/// centre, or a picture whose bright pixels are given.  Throws IoError.
Tensor known_pixels(const std::string& known, const std::vector<std::int64_t>& shape);

/// For each item: itself, its given part on grey, and `draws` completions.
Tensor completion_rows(Completer& completer, ValueSet values, const Batch& items,
                       const Tensor& known, std::int64_t draws, Rng& rng);

/// For each pair of codes: `points` images on the path between them.
Tensor interpolation_rows(Decoder& decoder, LatentPath path, const Tensor& from, const Tensor& to,
                          std::int64_t points);

}  // namespace kiln
