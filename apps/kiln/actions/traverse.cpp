#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <numeric>

#include "apps/kiln/actions/run_pictures.h"
#include "kiln/core/text.h"
#include "kiln/core/threads.h"
#include "kiln/models/seen_as.h"
#include "kiln/nn/latent_grid.h"
#include "kiln/use/code_traversal.h"
#include "kiln/use/codes.h"

namespace kiln::program {
namespace {

constexpr std::int64_t kRows = 20;            // drawn when nothing is chosen
constexpr double kReach = 3, kCodeReach = 2;  // of a latent, and of a number among codes

std::int64_t steps_of(const TraverseArguments& a) { return a.steps.value_or(11); }
double low_of(const TraverseArguments& a, double reach) { return a.low.value_or(-reach); }
double high_of(const TraverseArguments& a, double reach) { return a.high.value_or(reach); }

void check_range(const TraverseArguments& a, double reach) {
  if (low_of(a, reach) >= high_of(a, reach))
    throw ConfigError("traverse", fmt::format("--low must lie below --high, got {} and {}",
                                              low_of(a, reach), high_of(a, reach)));
}

std::vector<std::int64_t> counting(std::int64_t first, std::int64_t last) {
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(last - first + 1));
  std::iota(numbers.begin(), numbers.end(), first);
  return numbers;
}

// "0,3-5" -> 0 3 4 5.
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

// The values [T, J] that the latents take.
Tensor stops(const TraverseArguments& a, const TrainedModel& run, std::int64_t latents) {
  const auto steps = steps_of(a);
  if (!a.quantiles)
    return torch::linspace(low_of(a, kReach), high_of(a, kReach), steps)
        .unsqueeze(1)
        .expand({steps, latents});
  const auto u = (torch::arange(steps, torch::kFloat64) + 0.5) / static_cast<double>(steps);
  const auto& prior = run.as<Prior>("prior over its codes, so no --quantiles");
  return prior.prior_quantile(u.unsqueeze(1).expand({steps, latents})).to(torch::kFloat32);
}

struct Base {
  Tensor z;  // [J]
  std::string name;
};

Base base_of(const TraverseArguments& a, const TrainedModel& run, std::int64_t latents) {
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

PictureTable words_of(const TraverseArguments& a, const std::vector<std::int64_t>& chosen,
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

// Models whose codes have parts: what each part does.
int traverse_codes(const TraverseArguments& a, const TrainedModel& run, const Informative& model,
                   const std::filesystem::path& path, const Console& console) {
  const double low = low_of(a, kCodeReach), high = high_of(a, kCodeReach);
  if (a.steps && model.code_parts().front().kind == CodePart::Kind::categorical)
    throw ConfigError("traverse.steps",
                      "rows have a column for each class of the first code; leave it out");
  const auto device = parse_device(a.run.device);
  Rng rng(static_cast<std::uint64_t>(a.run.seed), "traverse", device);
  const auto grid = code_traversal(model, run.as<Prior>("prior"), steps_of(a), low, high, rng);
  const auto x = decode_images("traverse", run, run.as<Decoder>("decoder"), grid.codes, device);
  write_picture(path, x, grid.words, a.run, run);
  std::vector<std::string> names;
  for (const auto& part : model.code_parts()) names.push_back(part.name);
  console.result(fmt::format("{}\n{} rows of {} columns: {}", path.string(),
                             x.size(0) / grid.words.columns, grid.words.columns, join(names, ", ")),
                 {{"run", a.run.run},
                  {"step", run.step},
                  {"codes", names},
                  {"columns", grid.words.columns},
                  {"low", low},
                  {"high", high},
                  {"file", path.string()}});
  return 0;
}

}  // namespace

int traverse(const TraverseArguments& a, const Console& console) {
  start_up();
  const auto path = picture_path(a.run, a.out, "traverse");
  const auto run = load(a.run, console);
  const auto* informative = seen_as<Informative>(*run.model);
  const bool codes = informative && a.latents.empty() && !a.item && !a.quantiles;
  check_range(a, codes ? kCodeReach : kReach);
  if (codes) return traverse_codes(a, run, *informative, path, console);
  auto& decoder = run.as<Decoder>("decoder");
  const auto latents = latents_of(run);
  const auto chosen = chosen_latents(a.latents, latents);
  const auto base = base_of(a, run, latents);
  const auto values = stops(a, run, latents);
  const auto z = traversal(base.z, chosen, values);
  const auto x = decode_images("traverse", run, decoder, z, parse_device(a.run.device));
  write_picture(path, x, words_of(a, chosen, values, short_name(base.name)), a.run, run);
  console.result(fmt::format("{}\n{} of {} latents, one in each row, from {}", path.string(),
                             chosen.size(), latents, base.name),
                 {{"run", a.run.run},
                  {"step", run.step},
                  {"base", base.name},
                  {"latents", chosen},
                  {"steps", steps_of(a)},
                  {"low", values.min().item<double>()},
                  {"high", values.max().item<double>()},
                  {"file", path.string()}});
  return 0;
}

}  // namespace kiln::program
