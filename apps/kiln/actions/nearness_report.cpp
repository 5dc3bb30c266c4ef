#include "apps/kiln/actions/nearness_report.h"

#include <fmt/format.h>

namespace kiln::program {
namespace {

using Quantiles = std::array<double, 5>;

std::string line_of(const char* name, const Quantiles& quantiles) {
  auto line = fmt::format("  {:18}", name);
  for (const double quantile : quantiles) line += fmt::format(" {:10.4g}", quantile);
  return line + "\n";
}

std::string table_of(const TrainingNearness& nearness) {
  auto text = fmt::format("  {:18}", "squared distance");
  for (const double share : nearness.kShares) text += fmt::format(" {:>8g} %", 100 * share);
  return text + "\n" + line_of("samples", nearness.samples) +
         line_of("held-out items", nearness.held_out);
}

std::string shares_of(const TrainingNearness& nearness) {
  return fmt::format(
      "  {:.1f} % of the samples lie as near as only {:g} % of the held-out items do; {:g} % +- "
      "{:.1f} % would by chance\n"
      "  {:.1f} % of the samples and {:.1f} % of the held-out items equal a training item\n",
      100 * nearness.nearer, 100 * nearness.kShares.front(), 100 * nearness.kShares.front(),
      100 * nearness.nearer_error, 100 * nearness.equal, 100 * nearness.held_out_equal);
}

std::string verdict_of(const TrainingNearness& nearness) {
  return nearness.suspicious()
             ? "Samples lie nearer to the training items than held-out data do: the model repeats "
               "some of them, or draws smoother items than the data are."
             : "Samples lie no nearer to the training items than held-out data do: no sign that "
               "any were memorised.";
}

nlohmann::json json_of(const Quantiles& quantiles) {
  nlohmann::json object;
  for (std::size_t i = 0; i < quantiles.size(); ++i)
    object[fmt::format("{:g}", 100 * TrainingNearness::kShares[i])] = quantiles[i];
  return object;
}

}  // namespace

NearnessReport report_nearness(const TrainingNearness& nearness) {
  return {table_of(nearness) + shares_of(nearness) + verdict_of(nearness),
          {{"quantiles",
            {{"samples", json_of(nearness.samples)}, {"held_out", json_of(nearness.held_out)}}},
           {"nearer", nearness.nearer},
           {"nearer_error", nearness.nearer_error},
           {"equal", nearness.equal},
           {"held_out_equal", nearness.held_out_equal},
           {"suspicious", nearness.suspicious()}}};
}

}  // namespace kiln::program
