#include "kiln/use/report_curves.h"

#include <fmt/format.h>

#include <map>

#include "kiln/io/svg_plot.h"
#include "kiln/metrics/likelihood.h"
#include "kiln/use/html.h"

namespace kiln::report {
namespace {

constexpr std::string_view kValid = "valid/";
constexpr std::string_view kLoss = "/loss";
constexpr std::size_t kMostScalars = 12;
constexpr double kSteep =
    .04;  // of a training: what it loses there would hide what it learns later

bool is_validation(const Series& series) { return series.name.starts_with(kValid); }
bool is_player_loss(const Series& series) {
  return series.name.ends_with(kLoss) && !is_validation(series);
}

std::string metric_of(const Series& valid) { return valid.name.substr(kValid.size()); }

std::string plot(const std::string& title, const std::string& unit, std::vector<PlotSeries> series,
                 const std::string& caption, const std::string& x_label = "step") {
  return figure("plot",
                svg_line_plot({.title = title,
                               .x_label = x_label,
                               .y_label = unit,
                               .series = std::move(series),
                               .steep = kSteep}),
                caption);
}

// Validation as a figure that falls, as the loss does: a bound is turned round.
PlotSeries validation_line(const Series& valid) {
  PlotSeries line{.name = "validation", .x = valid.steps, .y = valid.values, .dashed = true};
  if (rises(metric_of(valid)))
    for (auto& value : line.y) value = -value;
  return line;
}

}  // namespace

std::string learning_curves(const RunHistory& history) {
  std::vector<PlotSeries> losses;
  const Series* valid = nullptr;
  for (const auto& series : history.series) {
    if (is_player_loss(series))
      losses.push_back(
          {series.name.substr(0, series.name.size() - kLoss.size()), series.steps, series.values});
    if (is_validation(series) && !valid) valid = &series;
  }
  if (losses.empty()) return "<p class=\"faint\">No learning curve has been recorded yet.</p>\n";
  std::string caption = "Training loss, means between records";
  if (losses.size() == 1) losses.front().name = "training";
  const bool beside_loss = valid && losses.size() == 1;
  if (beside_loss) {
    caption += fmt::format("; dashed: validation, {}{}", rises(metric_of(*valid)) ? "-" : "",
                           metric_of(*valid));
    losses.push_back(validation_line(*valid));
  }
  const bool nats = !valid || metric_unit(metric_of(*valid)) == "nats";
  std::string html = plot("Loss", nats ? "nats" : "", std::move(losses), caption);
  std::size_t shown = 0;
  for (const auto& series : history.series) {
    if (is_player_loss(series) || series.name == "loss" || (beside_loss && &series == valid))
      continue;
    if (++shown > kMostScalars) break;
    html += plot(series.name, "", {{.x = series.steps, .y = series.values}}, series.name);
  }
  return "<div class=\"cards\">\n" + html + "</div>\n";
}

std::string compared_validation(
    const std::vector<std::pair<std::string, const RunHistory*>>& runs) {
  std::map<std::string, std::vector<PlotSeries>> by_step, by_seconds;
  for (const auto& [name, history] : runs)
    for (const auto& series : history->series)
      if (is_validation(series)) {
        by_step[metric_of(series)].push_back({.name = name, .x = series.steps, .y = series.values});
        by_seconds[metric_of(series)].push_back(
            {.name = name, .x = series.seconds, .y = series.values});
      }
  std::string html;
  for (auto& [metric, series] : by_step) {
    if (series.size() < 2) continue;
    const auto title = "Validation " + metric, unit = std::string(metric_unit(metric));
    html += plot(title, unit, std::move(series), "Each run on its own validation part");
    html += plot(title, unit, std::move(by_seconds[metric]), "The same over the time of training",
                 "seconds");
  }
  return html.empty() ? "" : "<div class=\"cards\">\n" + html + "</div>\n";
}

}  // namespace kiln::report
