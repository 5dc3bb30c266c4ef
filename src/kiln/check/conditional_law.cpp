#include "kiln/check/conditional_law.h"

#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>

namespace kiln {
namespace {

constexpr std::int64_t kGrid = 4001;
constexpr double kReach = 15;
constexpr std::int64_t kMostNumbers = std::int64_t{1} << 26, kFewestLaws = 4;

Tensor candidates(const ValueSet& values, const Tensor& x, std::int64_t d) {
  if (values.kind == Values::binary) return torch::arange(2, x.scalar_type());
  if (values.kind == Values::states) return torch::arange(values.states, x.scalar_type());
  const auto column = x.select(1, d);
  const double centre = column.mean().item<double>();
  const double spread = std::max(column.std(0).item<double>(), 1e-3);
  return torch::linspace(centre - kReach * spread, centre + kReach * spread, kGrid,
                         x.scalar_type());
}

}  // namespace

ConditionalLaw conditional_law(Autoregressive& model, const ValueSet& values, const Tensor& items,
                               const Batch& contexts, std::int64_t d) {
  torch::NoGradGuard no_grad;
  ConditionalLaw law{candidates(values, items, d), {}};
  const auto batch = contexts.x.size(0), count = law.values.size(0);
  auto rows = contexts.x.unsqueeze(1).repeat({1, count, 1});
  rows.select(2, d).copy_(law.values.expand({batch, count}));
  std::vector<Tensor> parts;
  const auto flat = rows.reshape({batch * count, -1});
  const auto context = torch::arange(batch).repeat_interleave(count);
  const auto most = rows_at_once(flat.size(1));
  for (std::int64_t first = 0; first < flat.size(0); first += most) {
    const auto last = std::min(first + most, flat.size(0));
    const auto chunk =
        contexts.chosen(context.slice(0, first, last)).around(flat.slice(0, first, last));
    parts.push_back(model.log_conditionals(chunk).select(1, d).to(torch::kDouble));
  }
  law.mass = torch::cat(parts).exp().reshape({batch, count});
  const bool real = values.kind != Values::binary && values.kind != Values::states;
  if (real) law.mass *= (law.values[1] - law.values[0]).item<double>();
  return law;
}

Batch first_of(const Batch& items, std::int64_t count) {
  return items.chosen(torch::arange(std::min(count, items.x.size(0))));
}

Batch given_like(const Batch& items, const Tensor& x) {
  return items.chosen(torch::arange(x.size(0)).remainder(items.x.size(0))).around(x);
}

std::int64_t rows_at_once(std::int64_t dims) {
  return std::clamp<std::int64_t>((1 << 15) / dims, 1, 4096);
}

std::int64_t affordable(const ValueSet& values, std::int64_t contexts, std::int64_t dims,
                        std::int64_t most) {
  const auto count = values.kind == Values::binary   ? 2
                     : values.kind == Values::states ? values.states
                                                     : kGrid;
  return std::clamp(kMostNumbers / (count * contexts * dims), std::min(kFewestLaws, most), most);
}

std::vector<std::int64_t> some_numbers(const Tensor& ordering, std::int64_t most) {
  const auto dims = ordering.size(0), count = std::min(dims, most);
  std::vector<std::int64_t> numbers;
  for (std::int64_t i = 0; i < count; ++i)
    numbers.push_back(ordering[count == 1 ? 0 : i * (dims - 1) / (count - 1)].item<std::int64_t>());
  return numbers;
}

}  // namespace kiln
