#include "kiln/check/causality.h"

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "kiln/check/conditional_law.h"

namespace kiln {
namespace {

constexpr std::int64_t kNear = 4096;  // numbers
constexpr double kLimit = 1e-4;       // nats: rounding may move, information may not

// x with number d of row b moved.
void move(const ValueSet& values, const Tensor& x, Tensor column) {
  if (values.kind == Values::binary)
    column.copy_(1 - column);
  else if (values.kind == Values::states)
    column.copy_((column + 1).remainder(values.states));
  else
    column.add_(x.std().clamp_min(1e-3));
}

// The numbers of these steps are moved.
Leaks leaks_of(Autoregressive& model, const ValueSet& values, const Batch& items,
               std::vector<std::int64_t> steps) {
  torch::NoGradGuard no_grad;
  const auto& x = items.x;
  const auto dims = x.size(1), contexts = x.size(0), count = std::ssize(steps);
  const auto order = model.ordering();
  // A product's last bit may depend on how many rows it has: both passes have the same.
  const auto laws = [&](const Tensor& rows) {
    return model.log_conditionals(given_like(items, rows.reshape({-1, dims})))
        .to(torch::kDouble)
        .reshape(rows.sizes());
  };
  Tensor before;
  Leaks leaks{torch::zeros({dims, count}, torch::kDouble), std::move(steps)};
  const auto together = std::max<std::int64_t>(1, rows_at_once(dims) / contexts);
  for (std::int64_t first = 0; first < count; first += together) {
    const auto last = std::min(first + together, count);
    auto moved = x.repeat({last - first, 1, 1});  // [moves, contexts, D]
    for (auto j = first; j < last; ++j) {
      const auto d = order[leaks.steps[static_cast<std::size_t>(j)]].item<std::int64_t>();
      move(values, x.select(1, d), moved[j - first].select(1, d));
    }
    if (!before.defined() || before.size(0) != last - first)
      before = laws(x.repeat({last - first, 1, 1}));
    const auto change = (laws(moved) - before).abs().amax(1);
    leaks.moves.slice(1, first, last).copy_(change.index_select(1, order).t());
  }
  return leaks;
}

}  // namespace

Leaks find_leaks(Autoregressive& model, const ValueSet& values, const Batch& items,
                 std::int64_t most) {
  const auto dims = items.x.size(1), count = std::min(dims, most);
  std::vector<std::int64_t> steps;
  for (std::int64_t j = 0; j < count; ++j)
    steps.push_back(count == 1 ? 0 : j * (dims - 1) / (count - 1));
  return leaks_of(model, values, items, std::move(steps));
}

Tensor receptive_field(Autoregressive& model, const ValueSet& values, const Batch& items,
                       const PixelOfShape& pixel) {
  const auto own = pixel.row * pixel.shape[2] + pixel.column;
  const auto of_pixel = model.ordering().remainder(pixel.shape[1] * pixel.shape[2]).eq(own);
  const auto step = of_pixel.nonzero()[0][0].item<std::int64_t>();
  const auto first = std::max<std::int64_t>(0, step - kNear);
  const auto last = std::min(items.x.size(1), step + kNear);
  std::vector<std::int64_t> steps(static_cast<std::size_t>(last - first));
  std::iota(steps.begin(), steps.end(), first);
  return receptive_field(leaks_of(model, values, items, std::move(steps)), model.ordering(), pixel);
}

Tensor receptive_field(const Leaks& leaks, const Tensor& ordering, const PixelOfShape& of) {
  const auto& shape = of.shape;
  const auto pixels = shape[1] * shape[2], own = of.row * shape[2] + of.column;
  const auto pixel_of_step = ordering.remainder(pixels);
  const auto rows = pixel_of_step.eq(own).nonzero().flatten();  // the steps of the pixel's channels
  const auto moved = leaks.moves.index_select(0, rows).amax(0);
  auto field = torch::full({pixels}, std::nan(""), torch::kDouble);
  for (std::size_t j = 0; j < leaks.steps.size(); ++j) {
    const auto pixel = pixel_of_step[leaks.steps[j]].item<std::int64_t>();
    if (pixel == own) continue;
    field[pixel] = torch::fmax(field[pixel], moved[static_cast<std::int64_t>(j)]);
  }
  return field.reshape({shape[1], shape[2]});
}

Finding check_causal(const Leaks& leaks) {
  double worst = 0;
  std::int64_t row = 0, column = 0;
  for (std::size_t j = 0; j < leaks.steps.size(); ++j) {
    const auto step = leaks.steps[j];
    const auto past = leaks.moves.select(1, static_cast<std::int64_t>(j)).slice(0, 0, step);
    if (past.numel() == 0) continue;
    const double most = past.max().item<double>();
    if (most > worst || std::isnan(most))
      worst = most, row = past.argmax().item<std::int64_t>(), column = step;
    if (std::isnan(most)) break;
  }
  return {"causal", within(worst, kLimit), worst,
          worst == 0
              ? fmt::format("no conditional moves with a later number ({} numbers moved)",
                            leaks.steps.size())
              : fmt::format("the conditional of step {} moves by {:.2g} nats with the number "
                            "of step {}, to be below {}",
                            row, worst, column, kLimit)};
}

}  // namespace kiln
