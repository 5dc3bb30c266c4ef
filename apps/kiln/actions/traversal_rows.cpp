#include "apps/kiln/actions/traversal_rows.h"

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <iterator>
#include <numeric>

#include "apps/kiln/actions/run_access.h"
#include "kiln/core/text.h"
#include "kiln/use/judged_data.h"
#include "kiln/use/picture_rows.h"

namespace kiln::program {
namespace {

constexpr std::int64_t kRows = 20;  // drawn when nothing is chosen

std::vector<std::int64_t> counting(std::int64_t first, std::int64_t last) {
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(last - first + 1));
  std::iota(numbers.begin(), numbers.end(), first);
  return numbers;
}

}  // namespace

std::int64_t steps_of(const TraverseArguments& a) { return a.steps.value_or(11); }
double low_of(const TraverseArguments& a, double reach) { return a.low.value_or(-reach); }
double high_of(const TraverseArguments& a, double reach) { return a.high.value_or(reach); }

std::vector<std::int64_t> chosen_latents(const std::string& text, std::int64_t latents) {
  std::vector<std::int64_t> chosen;
  for (const auto& part : split(text, ',')) {
    const auto dash = part.find('-');
    const auto first = parse_integer(part.substr(0, dash));
    const auto last = dash == std::string::npos ? first : parse_integer(part.substr(dash + 1));
    if (!first || !last || *first < 0 || *last < *first || *last >= latents)
      throw ConfigError("traverse.latents",
                        fmt::format("needs numbers or ranges from 0 to {}, as in 0,3-5; got '{}'",
                                    latents - 1, part));
    const auto range = counting(*first, *last);
    chosen.insert(chosen.end(), range.begin(), range.end());
  }
  return chosen.empty() ? counting(0, std::min(kRows, latents) - 1) : chosen;
}

Tensor traversal_stops(const TraverseArguments& a, const TrainedModel& run, std::int64_t latents) {
  const auto steps = steps_of(a);
  if (!a.quantiles)
    return torch::linspace(low_of(a, kReach), high_of(a, kReach), steps)
        .unsqueeze(1)
        .expand({steps, latents});
  const auto u = (torch::arange(steps, torch::kFloat64) + 0.5) / static_cast<double>(steps);
  const auto& prior = run.as<Prior>("prior over its codes, so no --quantiles");
  return prior.prior_quantile(u.unsqueeze(1).expand({steps, latents})).to(torch::kFloat32);
}

TraversalBase traversal_base(const TraverseArguments& a, const TrainedModel& run,
                             std::int64_t latents) {
  if (!a.item) return {torch::zeros(latents), "0"};
  auto& encoder = run.as<Encoder>("encoder, so only a traversal from 0, without --item");
  const auto judged = judged_data(run, a.data, a.split);
  const auto index = chosen_items("traverse.item", std::to_string(*a.item), judged);
  torch::NoGradGuard no_grad;
  const auto x =
      items_of(judged, index, static_cast<std::uint64_t>(a.run.seed), parse_device(a.run.device)).x;
  return {encoder.encode_mean(x)[0].to(torch::kCPU, torch::kFloat32),
          fmt::format("item {} of {}", *a.item, judged.name)};
}

PictureTable traversal_words(const TraverseArguments& a, const std::vector<std::int64_t>& chosen,
                             const Tensor& values, const std::string& base) {
  PictureTable table{.title = "one latent in each row, the others at " + base,
                     .x_label = a.quantiles ? "share of the prior's mass" : "value of the latent",
                     .rows = std::ssize(chosen),
                     .columns = values.size(0)};
  for (const auto latent : chosen) table.row_words.push_back(fmt::format("z{}", latent));
  for (std::int64_t step = 0; step < table.columns; ++step)
    table.column_words.push_back(
        a.quantiles ? fmt::format("{:.0f} %", 100 * (static_cast<double>(step) + 0.5) /
                                                  static_cast<double>(table.columns))
                    : fmt::format("{:.4g}", values[step][0].item<double>()));
  return table;
}

}  // namespace kiln::program
