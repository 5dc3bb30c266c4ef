#include "kiln/data/synthetic/bars.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

namespace kiln {

DataInfo BarsGenerator::info() const {
  DataInfo info;
  info.shape = {1, size_, size_};
  info.values = Values::binary;
  info.classes = 2;
  info.class_names = {"rows", "columns"};
  info.levels = 2;
  return info;
}

std::int64_t BarsGenerator::make(Philox& rng, std::span<float> x) const {
  const bool columns = rng.bernoulli(0.5);
  const auto side = static_cast<std::size_t>(size_);
  for (std::size_t line = 0; line < side; ++line) {
    const float value = rng.bernoulli(0.5) ? 1.0f : 0.0f;
    for (std::size_t k = 0; k < side; ++k) x[columns ? k * side + line : line * side + k] = value;
  }
  return columns ? 1 : 0;
}

// P(x) = 1/2 2^-S [rows are constant] + 1/2 2^-S [columns are constant].
double bars_log_prob(std::int64_t size, std::span<const float> image) {
  const auto side = static_cast<std::size_t>(size);
  if (size < 1 || image.size() != side * side)
    throw ShapeError("bars_log_prob", fmt::format("image must have {} x {} numbers, got {}", size,
                                                  size, image.size()));
  bool rows = true, columns = true;
  for (std::size_t i = 0; i < side; ++i)
    for (std::size_t j = 0; j < side; ++j) {
      const float value = image[i * side + j];
      if (value != 0 && value != 1) return -std::numeric_limits<double>::infinity();
      rows = rows && value == image[i * side];
      columns = columns && value == image[j];
    }
  const double ways = (rows ? 0.5 : 0) + (columns ? 0.5 : 0);
  return std::log(ways) - static_cast<double>(size) * std::log(2.0);
}

}  // namespace kiln
