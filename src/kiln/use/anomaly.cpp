#include "kiln/use/anomaly.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <filesystem>
#include <numbers>

#include "kiln/core/text.h"
#include "kiln/feed/batches.h"
#include "kiln/io/csv_writer.h"
#include "kiln/train/pictures.h"
#include "kiln/use/picture_rows.h"

namespace kiln {
namespace {

JudgedData some_of(JudgedData judged, std::int64_t items) {
  if (items > 0 && items < judged.data->size())
    judged.data = subset(judged.data, spread_items(judged, items));
  return judged;
}

void refuse_learned(const TrainedModel& run, const std::string& data, const std::string& split) {
  const bool own = data.empty() || parse_source(data).text() == run.config.data;
  if (!own || (split != "train" && (data.empty() || !split.empty()))) return;
  throw ConfigError("score.ood",
                    "these are the items that the run learned from, so it knows them "
                    "too well; leave --data out, or take --split test or valid");
}

// What the run's own SPEC says of values and the other leaves open.
std::map<std::string, std::string> keys_to_share(const TrainedModel& run, const std::string& ood) {
  const auto own = parse_source(run.config.data).keys, other = parse_source(ood).keys;
  std::map<std::string, std::string> keys;
  for (const auto* key : {"binarize", "dequantize", "levels"})
    if (own.contains(key) && !other.contains(key)) keys[key] = own.at(key);
  return keys;
}

AnomalyFigure scored(const TrainedModel& run, const AnomalyData& data,
                     const ScoreOptions& options) {
  const auto in = score_items(run, data.in.data, data.in.transform, options);
  const auto out = score_items(run, data.out.data, data.out.transform, options);
  return {.name = in.name, .in = in.values, .out = out.values};
}

using Combine = double (*)(double, double);

AnomalyFigure combined(const std::string& name, const AnomalyFigure& a, const AnomalyFigure& b,
                       Combine combine) {
  AnomalyFigure figure{.name = name, .in = a.in, .out = a.out};
  for (std::size_t i = 0; i < figure.in.size(); ++i) figure.in[i] = combine(a.in[i], b.in[i]);
  for (std::size_t i = 0; i < figure.out.size(); ++i) figure.out[i] = combine(a.out[i], b.out[i]);
  return figure;
}

// The background model sees the very items that the run sees.
AnomalyFigure background_scores(const TrainedModel& run, const AnomalyData& data,
                                const std::string& path, const ScoreOptions& options) {
  const auto background = load_run(path, "best", options.device);
  const auto mine = run.model->value_set(), its = background.model->value_set();
  const auto fact = [](const TrainedModel& of, const char* name) {
    const auto found = of.config.model_options.find(name);
    return found == of.config.model_options.end() ? std::string() : found->second;
  };
  if (mine.kind != its.kind || mine.states != its.states ||
      fact(run, "data_dim") != fact(background, "data_dim"))
    throw ConfigError("score.background",
                      fmt::format("{} takes other items than the run: train it on the same data, "
                                  "with noise=0.2 in the SPEC",
                                  path));
  return scored(background, data, options);
}

// Bits of each item as a PNG of its own, drawn from the same stream as the scores.
std::vector<double> png_bits(const TrainedModel& run, const JudgedData& judged,
                             const ScoreOptions& options) {
  require_images("score.complexity", judged.name, judged.data->info());
  Loader loader(judged.data, judged.transform,
                LoaderOptions::one_pass(options.batch, options.seed));
  std::vector<double> bits;
  for (auto host = loader.next(); host.rows > 0; host = loader.next())
    for (const auto& picture :
         pictures_of(to_batch(std::move(host), loader.info()).x, run.model->value_set()))
      bits.push_back(8 * static_cast<double>(encode_png(picture).size()));
  return bits;
}

}  // namespace

bool AnomalyFigure::rises() const { return name == "reconstruction_error" || name == "png_bits"; }

AnomalyData anomaly_data(const TrainedModel& run, const std::string& data, const std::string& split,
                         const AnomalyRequest& request) {
  refuse_learned(run, data, split);
  const auto part = has_test_part(run, request.ood) ? "test" : "";
  return {
      some_of(judged_data(run, data, split), request.items),
      some_of(judged_data(run, request.ood, part, keys_to_share(run, request.ood)), request.items)};
}

std::vector<AnomalyFigure> anomaly_figures(const TrainedModel& run, const AnomalyData& data,
                                           const AnomalyRequest& request,
                                           const ScoreOptions& options) {
  std::vector<AnomalyFigure> figures{scored(run, data, options)};
  const auto own = figures.front();
  if ((request.png || !request.background.empty()) && own.name != "log_prob" && own.name != "bound")
    throw ConfigError("score", fmt::format("a correction needs log_prob or a bound, and the run's "
                                           "figure is {}",
                                           own.name));
  if (!request.background.empty()) {
    auto background = background_scores(run, data, request.background, options);
    if (background.name != own.name)
      throw ConfigError("score.background",
                        fmt::format("{} gives {} and the run {}: their difference means nothing",
                                    request.background, background.name, own.name));
    background.name = "background_" + background.name;
    background.judged = false;
    figures.push_back(background);
    figures.push_back(
        combined(own.name + "_ratio", own, background,
                 [](double log_p, double background_log_p) { return log_p - background_log_p; }));
  }
  if (request.png) {
    figures.push_back({.name = "png_bits",
                       .in = png_bits(run, data.in, options),
                       .out = png_bits(run, data.out, options),
                       .judged = false});
    figures.push_back(
        combined(own.name + "_plus_png", own, figures.back(),
                 [](double log_p, double bits) { return log_p + bits * std::numbers::ln2; }));
  }
  return figures;
}

void write_anomaly_csv(const std::string& path, const std::vector<AnomalyFigure>& figures) {
  std::vector<std::string> names{"index", "ood"};
  for (const auto& figure : figures) names.push_back(figure.name);
  std::vector<std::vector<double>> rows;
  for (const bool ood : {false, true}) {
    const auto count = (ood ? figures.front().out : figures.front().in).size();
    for (std::size_t i = 0; i < count; ++i) {
      std::vector<double> row{static_cast<double>(i), ood ? 1.0 : 0.0};
      for (const auto& figure : figures) row.push_back((ood ? figure.out : figure.in)[i]);
      rows.push_back(std::move(row));
    }
  }
  write_csv(path, names, rows);
}

}  // namespace kiln
