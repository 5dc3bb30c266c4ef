#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kiln/io/svg_plot.h"
#include "kiln/use/judged_data.h"

namespace kiln {

/// What each latent does: a row for each, the others standing still.
struct TraverseAsk {
  std::string latents = {};                          ///< Which, "0,3-5"; empty: the first 20.
  std::optional<std::int64_t> item = std::nullopt;   ///< The others stay at its code, else at 0.
  std::string data = {}, split = {};                 ///< Where the item is; empty: the run's own.
  std::optional<std::int64_t> steps = std::nullopt;  ///< Pictures in a row; 11 where none is said.
  /// Where a latent starts and ends; -3 and 3, or -2 and 2 of a number among codes.
  std::optional<double> low = std::nullopt, high = std::nullopt;
  bool quantiles = false;  ///< Equal steps of the prior's mass instead.
  std::uint64_t seed = 1;
  torch::Device device = torch::kCPU;
};

struct TraverseAnswer {
  Tensor x;                                ///< Row after row, [rows * columns, C, H, W].
  PictureTable words = {};                 ///< Of the edges.
  std::vector<std::int64_t> latents = {};  ///< Of the rows, in their order, or
  std::vector<std::string> codes = {};     ///< the parts of a code, each with rows of its own.
  std::int64_t all_latents = 0;            ///< Of which those are; 0 where codes are shown.
  std::string base = {};                   ///< "0", or "item 7 of digits (test)".
  double low = 0, high = 0;                ///< Between which numbers move.
};

/// A model whose codes have parts shows what each part does, unless latents, an item or quantiles
/// are asked for.  Throws ConfigError for a run that does not decode pictures, for latents, an item
/// or a prior that are not there, and unless low < high.
TraverseAnswer traverse(const TrainedModel& run, const TraverseAsk& ask);

}  // namespace kiln
