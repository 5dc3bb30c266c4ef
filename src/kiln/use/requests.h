#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace kiln {

// What uses of a run are asked, as plain values that need no LibTorch.

/// What judges images: a TorchScript file or Kiln's own classifier of the labels of a source.
struct NetworkChoice {
  std::string features;                             ///< FILE, or empty.
  std::optional<std::int64_t> side = std::nullopt;  ///< Pixels that the file's network is shown.
};

/// How annealing goes from p(z) to p(z|x).
struct AnnealingChoice {
  std::int64_t items = 100;         ///< Judged.
  std::int64_t temperatures = 500;  ///< Steps.
  std::int64_t chains = 16;         ///< Of each item.
};

/// Strange items, to be told from those of the kind that a run learned.
struct AnomalyRequest {
  std::string ood;         ///< SPEC of the strange items: its test part, or every row.
  std::string background;  ///< Run folder of a background model, or empty.
  bool png = false;        ///< Correct by the length of a lossless PNG.
  std::int64_t items = 0;  ///< Of each kind at most so many of the first; 0: all.
};

}  // namespace kiln
