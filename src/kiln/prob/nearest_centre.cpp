#include "kiln/prob/nearest_centre.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <vector>

#include "kiln/prob/squared_distances.h"

namespace kiln {

Nearest nearest_centre(const Tensor& x, const Tensor& centres) {
  const auto index = squared_distances(x, centres).argmin(1);
  return {index, (x - centres.index_select(0, index)).square().sum(1)};
}

ClusterSums cluster_sums(const Tensor& x, const Tensor& index, std::int64_t clusters) {
  return {
      torch::zeros({clusters}, x.options()).index_add_(0, index, torch::ones_like(x.select(1, 0))),
      torch::zeros({clusters, x.size(1)}, x.options()).index_add_(0, index, x)};
}

Tensor plus_plus(const Tensor& points, std::int64_t clusters, Philox& random) {
  const auto count = points.size(0);
  const auto any = [&] {
    return static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(count)));
  };
  std::vector<Tensor> centres{points[any()]};
  auto distance = (points - centres[0]).square().sum(1);
  while (static_cast<std::int64_t>(centres.size()) < clusters) {
    const auto sums = distance.cumsum(0);
    const double total = sums[count - 1].item<double>();
    const auto below = sums.le(random.uniform() * total).sum().item<std::int64_t>();
    centres.push_back(points[total > 0 ? std::min(below, count - 1) : any()]);
    distance = torch::minimum(distance, (points - centres.back()).square().sum(1));
  }
  return torch::stack(centres);
}

Tensor lloyd(const Tensor& points, Tensor centres, std::int64_t passes) {
  for (std::int64_t pass = 0; pass < passes; ++pass) {
    const auto near = nearest_centre(points, centres);
    const auto [counts, sums] = cluster_sums(points, near.index, centres.size(0));
    const auto means = sums / counts.clamp_min(1).unsqueeze(1);
    const auto next = torch::where(counts.gt(0).unsqueeze(1), means, centres);
    if (torch::equal(next, centres)) break;
    centres = next;
  }
  return centres;
}

}  // namespace kiln
