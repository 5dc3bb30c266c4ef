#include "kiln/metrics/nearest_training.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>

#include "kiln/core/check.h"
#include "kiln/core/torch_compat.h"
#include "kiln/feed/batches.h"
#include "kiln/prob/squared_distances.h"

namespace kiln {
namespace {

constexpr std::int64_t kRowsAtOnce = 256;

// |y_index - x|^2 by subtraction, for index [M, k]: where both are equal the product form is not
// exactly 0.
Tensor exact_distances(const Tensor& x, const Tensor& y, const Tensor& index) {
  const auto near = y.index_select(0, index.flatten()).view({x.size(0), index.size(1), x.size(1)});
  return (near - x.unsqueeze(1)).square().sum(2);
}

// The k nearest of what was found so far and of the items y, whose first is item `first`.  Of equal
// distances the earlier item's stands first: the sort is stable.
NearestItems nearer_of(const NearestItems& found, const Tensor& x, const Tensor& y,
                       std::int64_t first, std::int64_t k) {
  const auto nearest = std::get<1>(squared_distances(x, y).topk(std::min(k, y.size(0)), 1, false));
  const auto index = std::get<0>(nearest.sort(1));
  const auto distance = torch::cat({found.distance, exact_distances(x, y, index)}, 1);
  const auto [sorted, order] = distance.sort(TorchOptional<bool>(true), 1);
  const auto kept = std::min(k, sorted.size(1));
  const auto places = torch::cat({found.index, index + first}, 1);
  return {sorted.narrow(1, 0, kept), places.gather(1, order.narrow(1, 0, kept))};
}

std::array<double, 5> quantiles_of(const Tensor& distances) {
  const auto& shares = TrainingNearness::kShares;
  const auto at = torch::tensor(at::ArrayRef<double>(shares), torch::kFloat64);
  const auto values = torch::quantile(distances, at);
  std::array<double, 5> quantiles;
  std::copy_n(values.data_ptr<double>(), quantiles.size(), quantiles.begin());
  return quantiles;
}

double share_of(const Tensor& condition) {
  return condition.to(torch::kFloat64).mean().item<double>();
}

}  // namespace

NearestItems nearest_training_items(const Tensor& x, Loader& loader, std::int64_t k) {
  check_positive("nearest_training_items", "k", k);
  const auto rows = x.detach().flatten(1).to(torch::kFloat64);
  check_shape("nearest_training_items", "x", rows, {kAny, loader.info().item_size()});
  const auto blocks = rows.split(kRowsAtOnce);
  std::vector<NearestItems> found;
  for (const auto& block : blocks)
    found.push_back({block.new_empty({block.size(0), 0}),
                     torch::empty({block.size(0), 0}, block.options().dtype(torch::kInt64))});
  for (std::int64_t first = 0;;) {
    auto host = loader.next();
    if (host.rows == 0) break;
    const auto y =
        to_batch(std::move(host), loader.info(), x.device()).x.flatten(1).to(torch::kFloat64);
    for (std::size_t i = 0; i < blocks.size(); ++i)
      found[i] = nearer_of(found[i], blocks[i], y, first, k);
    first += y.size(0);
  }
  std::vector<Tensor> distances, indices;
  for (const auto& part : found) distances.push_back(part.distance), indices.push_back(part.index);
  return {torch::cat(distances), torch::cat(indices)};
}

// The share of S draws below the empirical p-quantile of H draws of the same law has mean p and
// variance p (1 - p) (1 / S + 1 / H), to first order.
TrainingNearness training_nearness(const Tensor& samples, const Tensor& held_out) {
  check_shape("training_nearness", "samples", samples, {kAny});
  check_shape("training_nearness", "held_out", held_out, {kAny});
  if (samples.numel() == 0 || held_out.numel() == 0)
    throw ShapeError("training_nearness", fmt::format("needs distances of both, got {} and {}",
                                                      samples.numel(), held_out.numel()));
  TrainingNearness nearness{.samples = quantiles_of(samples), .held_out = quantiles_of(held_out)};
  const double p = TrainingNearness::kShares.front();
  nearness.nearer = share_of(samples < nearness.held_out.front());
  nearness.nearer_error = std::sqrt(
      p * (1 - p) *
      (1 / static_cast<double>(samples.numel()) + 1 / static_cast<double>(held_out.numel())));
  nearness.equal = share_of(samples == 0);
  nearness.held_out_equal = share_of(held_out == 0);
  return nearness;
}

}  // namespace kiln
