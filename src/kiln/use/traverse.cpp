#include "kiln/use/traverse.h"

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <numeric>

#include "kiln/core/text.h"
#include "kiln/models/seen_as.h"
#include "kiln/nn/latent_grid.h"
#include "kiln/use/code_traversal.h"
#include "kiln/use/codes.h"
#include "kiln/use/picture_rows.h"

namespace kiln {
namespace {

constexpr std::int64_t kRows = 20;  // drawn when nothing is chosen
constexpr std::int64_t kSteps = 11;
constexpr double kReach = 3;      // how far a latent goes to either side of 0,
constexpr double kCodeReach = 2;  // and a number among codes

std::vector<std::int64_t> counting(std::int64_t first, std::int64_t last) {
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(last - first + 1));
  std::iota(numbers.begin(), numbers.end(), first);
  return numbers;
}

// "0,3-5" -> 0 3 4 5, all below `latents`; of an empty text the first ones.
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

void check_ask(const TraverseAsk& ask) {
  if (ask.steps && *ask.steps < 2)
    throw ConfigError("traverse.steps", fmt::format("must be at least 2, got {}", *ask.steps));
  if (ask.quantiles && (ask.low || ask.high))
    throw ConfigError("traverse",
                      "quantiles say where a latent starts and ends; leave low and "
                      "high out");
}

struct Reach {
  double low, high;
};

Reach reach_of(const TraverseAsk& ask, double reach) {
  const Reach found{ask.low.value_or(-reach), ask.high.value_or(reach)};
  if (!(found.low < found.high))
    throw ConfigError("traverse", fmt::format("--low must lie below --high, got {} and {}",
                                              found.low, found.high));
  return found;
}

// The values [T, J] that the latents take: evenly spaced, or the middles of T equal shares of the
// prior's mass.
Tensor stops_of(const TraverseAsk& ask, Reach reach, const TrainedModel& run,
                std::int64_t latents) {
  const auto steps = ask.steps.value_or(kSteps);
  if (!ask.quantiles)
    return torch::linspace(reach.low, reach.high, steps).unsqueeze(1).expand({steps, latents});
  const auto u = (torch::arange(steps, torch::kFloat64) + 0.5) / static_cast<double>(steps);
  const auto& prior = run.as<Prior>("prior over its codes, so no --quantiles");
  return prior.prior_quantile(u.unsqueeze(1).expand({steps, latents})).to(torch::kFloat32);
}

// Where the latents that do not move stay: [J] on the CPU, and what it is called.
struct Base {
  Tensor z;
  std::string name;
};

Base base_of(const TraverseAsk& ask, const TrainedModel& run, std::int64_t latents) {
  if (!ask.item) return {torch::zeros(latents), "0"};
  auto& encoder = run.as<Encoder>("encoder, so only a traversal from 0, without --item");
  const auto judged = judged_data(run, ask.data, ask.split);
  const auto index = chosen_items("traverse.item", std::to_string(*ask.item), judged);
  torch::NoGradGuard no_grad;
  const auto x = items_of(judged, index, ask.seed, ask.device).x;
  return {encoder.encode_mean(x)[0].to(torch::kCPU, torch::kFloat32),
          fmt::format("item {} of {}", *ask.item, judged.name)};
}

PictureTable words_of(const TraverseAsk& ask, const std::vector<std::int64_t>& chosen,
                      const Tensor& values, const std::string& base) {
  PictureTable table{.title = "one latent in each row, the others at " + base,
                     .x_label = ask.quantiles ? "share of the prior's mass" : "value of the latent",
                     .rows = std::ssize(chosen),
                     .columns = values.size(0)};
  for (const auto latent : chosen) table.row_words.push_back(fmt::format("z{}", latent));
  for (std::int64_t step = 0; step < table.columns; ++step)
    table.column_words.push_back(
        ask.quantiles ? fmt::format("{:.0f} %", 100 * (static_cast<double>(step) + 0.5) /
                                                    static_cast<double>(table.columns))
                      : fmt::format("{:.4g}", values[step][0].item<double>()));
  return table;
}

TraverseAnswer traverse_codes(const TrainedModel& run, const TraverseAsk& ask,
                              const Informative& model) {
  const auto reach = reach_of(ask, kCodeReach);
  if (ask.steps && model.code_parts().front().kind == CodePart::Kind::categorical)
    throw ConfigError("traverse.steps",
                      "rows have a column for each class of the first code; leave it out");
  Rng rng(ask.seed, "traverse", ask.device);
  auto grid = code_traversal(model, run.as<Prior>("prior"), ask.steps.value_or(kSteps), reach.low,
                             reach.high, rng);
  TraverseAnswer answer{
      .x = decode_images("traverse", run, run.as<Decoder>("decoder"), grid.codes, ask.device),
      .words = std::move(grid.words),
      .low = reach.low,
      .high = reach.high};
  for (const auto& part : model.code_parts()) answer.codes.push_back(part.name);
  return answer;
}

}  // namespace

TraverseAnswer traverse(const TrainedModel& run, const TraverseAsk& ask) {
  check_ask(ask);
  const auto* informative = seen_as<Informative>(*run.model);
  if (informative && ask.latents.empty() && !ask.item && !ask.quantiles)
    return traverse_codes(run, ask, *informative);
  const auto reach = reach_of(ask, kReach);
  auto& decoder = run.as<Decoder>("decoder");
  const auto latents = latents_of(run);
  const auto chosen = chosen_latents(ask.latents, latents);
  const auto base = base_of(ask, run, latents);
  const auto values = stops_of(ask, reach, run, latents);
  const auto z = traversal(base.z, chosen, values);
  return {.x = decode_images("traverse", run, decoder, z, ask.device),
          .words = words_of(ask, chosen, values, short_name(base.name)),
          .latents = chosen,
          .all_latents = latents,
          .base = base.name,
          .low = values.min().item<double>(),
          .high = values.max().item<double>()};
}

}  // namespace kiln
