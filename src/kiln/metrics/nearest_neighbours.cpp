#include "kiln/metrics/nearest_neighbours.h"

#include <torch/types.h>

#include <algorithm>

#include "kiln/core/check.h"

namespace kiln {
namespace {

constexpr std::int64_t kRowsAtOnce = 500;

Tensor directions(const Tensor& x) {
  const auto rows = x.to(torch::kFloat64);
  return rows / rows.norm(2, 1, true).clamp_min(1e-300);
}

}  // namespace

// A vote counts 1 + cosine / (2 k + 1): the second part of k votes together is less than 1/2.
Tensor nearest_neighbours(const Tensor& known_x, const Tensor& known_y, const Tensor& x,
                          std::int64_t k, std::int64_t classes) {
  check_shape("nearest_neighbours", "known_x", known_x, {kAny, kAny});
  check_shape("nearest_neighbours", "known_y", known_y, {known_x.size(0)});
  check_shape("nearest_neighbours", "x", x, {kAny, known_x.size(1)});
  check_positive("nearest_neighbours", "k", k);
  k = std::min(k, known_x.size(0));
  const auto known = directions(known_x).t();
  std::vector<Tensor> classes_of;
  for (const auto& rows : directions(x).split(kRowsAtOnce)) {
    const auto [cosines, nearest] = torch::matmul(rows, known).topk(k, 1);
    const auto votes = 1 + cosines / static_cast<double>(2 * k + 1);
    auto tally = torch::zeros({rows.size(0), classes}, torch::kFloat64);
    tally.scatter_add_(1, known_y.index_select(0, nearest.flatten()).view_as(nearest), votes);
    classes_of.push_back(tally.argmax(1));
  }
  return torch::cat(classes_of);
}

}  // namespace kiln
