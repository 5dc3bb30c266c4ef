#include "apps/kiln/actions/anomaly_report.h"

#include <fmt/format.h>

#include <filesystem>
#include <numeric>

#include "kiln/core/text.h"
#include "kiln/io/atomic_file.h"
#include "kiln/io/svg_plot.h"
#include "kiln/metrics/roc.h"
#include "kiln/use/codes.h"

namespace kiln::program {
namespace {

constexpr std::int64_t kBins = 60;

// Larger for stranger items: the positives of the curve are the strange ones.
std::vector<double> strangeness(const AnomalyFigure& figure, std::vector<double> values) {
  if (!figure.rises())
    for (auto& value : values) value = -value;
  return values;
}

struct Worth {
  Auroc auroc;
  double average_precision, false_positives;
  RocCurve curve;
};

Worth worth_of(const AnomalyFigure& figure) {
  const auto out = strangeness(figure, figure.out), in = strangeness(figure, figure.in);
  return {auroc(out, in), average_precision(out, in), false_positive_rate_at(0.95, out, in),
          roc_curve(out, in)};
}

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

nlohmann::json object_of(const AnomalyFigure& figure, const Worth& worth) {
  return {{"mean", mean(figure.in)},
          {"ood_mean", mean(figure.out)},
          {"auroc", worth.auroc.value},
          {"auroc_standard_error", worth.auroc.standard_error},
          {"average_precision", worth.average_precision},
          {"false_positive_rate_at_95", worth.false_positives}};
}

// "scores.csv" -> "scores-roc.svg".
std::string beside(const std::string& csv, const std::string& what) {
  return std::filesystem::path(csv).replace_extension().string() + "-" + what + ".svg";
}

std::string draw_histogram(const std::string& csv, const AnomalyData& data,
                           const AnomalyFigure& figure) {
  const auto path = beside(csv, figure.name);
  const bool error = figure.name == "reconstruction_error";
  write_file_atomically(path, svg_histogram({.title = figure.name,
                                             .x_label = figure.name + (error ? "" : ", nats"),
                                             .series = {{short_name(data.in.name), figure.in},
                                                        {short_name(data.out.name), figure.out}},
                                             .bins = kBins}));
  return path;
}

std::string line_of(const AnomalyFigure& figure, const Worth& worth) {
  return fmt::format("{:<22} {:>8.4f} +- {:<7.4f} {:>9.4f} {:>13.4f} {:>12.3f} {:>12.3f}\n",
                     figure.name, worth.auroc.value, worth.auroc.standard_error,
                     worth.average_precision, worth.false_positives, mean(figure.in),
                     mean(figure.out));
}

}  // namespace

AnomalyReport report_anomaly(const std::string& csv, const AnomalyData& data,
                             const std::vector<AnomalyFigure>& figures) {
  AnomalyReport report;
  report.text = fmt::format("{:<22} {:>8}    {:<7} {:>9} {:>13} {:>12} {:>12}\n", "figure", "AUROC",
                            "error", "precision", "FPR at 95 %", "mean", "OOD mean");
  const auto in = short_name(data.in.name), out = short_name(data.out.name);
  LinePlot plot{.title = "Which items are strange?",
                .x_label = "share of " + in + " taken for strange",
                .y_label = "share of " + out + " found",
                .square = true};
  std::vector<std::string> histograms;
  for (const auto& figure : figures) {
    if (!figure.judged) continue;
    const auto worth = worth_of(figure);
    report.text += line_of(figure, worth);
    report.object["figures"][figure.name] = object_of(figure, worth);
    report.object["score"] = figure.name;
    report.object["auroc"] = worth.auroc.value;
    report.object["auroc_standard_error"] = worth.auroc.standard_error;
    plot.series.push_back({.name = fmt::format("{}, AUROC {:.3f}", figure.name, worth.auroc.value),
                           .x = worth.curve.false_positive_rate,
                           .y = worth.curve.true_positive_rate});
    histograms.push_back(draw_histogram(csv, data, figure));
  }
  plot.series.push_back({.name = "chance", .x = {0, 1}, .y = {0, 1}, .dashed = true});
  write_file_atomically(beside(csv, "roc"), svg_line_plot(plot));
  report.object["roc"] = beside(csv, "roc");
  report.object["histograms"] = histograms;
  report.text += fmt::format("{}, {}, {}", csv, beside(csv, "roc"), join(histograms, ", "));
  return report;
}

}  // namespace kiln::program
