#include "kiln/use/report_measured.h"

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kiln/io/svg_plot.h"
#include "kiln/models/directed_pair.h"
#include "kiln/models/seen_as.h"
#include "kiln/runs/watch.h"
#include "kiln/train/pictures.h"
#include "kiln/use/html.h"
#include "kiln/use/item_scores.h"
#include "kiln/use/picture_rows.h"

namespace kiln::report {
namespace {

constexpr std::int64_t kCompleted = 4, kDraws = 6;
constexpr std::int64_t kReconstructed = 16, kTranslated = 8;
constexpr std::int64_t kPaths = 4, kPoints = 10;

struct Judging {
  const TrainedModel& run;
  JudgedData judged;
  const ReportOptions& options;

  std::uint64_t seed() const { return options.seed; }
  torch::Device device() const { return options.device; }
  Rng rng(std::string_view stream) const { return Rng(seed(), stream, device()); }
  Batch items(std::int64_t count) const {
    return items_of(judged, first_items(judged, count), seed(), device());
  }
};

std::string section(const std::string& title, const std::string& content) {
  return "<h3>" + escape_html(title) + "</h3>\n" + content;
}

std::string grid(const Judging& j, const Tensor& x, std::int64_t columns,
                 const std::string& caption) {
  const auto png = encode_png(picture_grid(x, j.run.model->value_set(), columns));
  return figure("picture", embedded_png(png, caption), caption);
}

// The first pattern of known pixels that the model can condition on.
std::string completions(const Judging& j) {
  auto* completer = seen_as<Completer>(*j.run.model);
  if (!completer || !j.judged.data->info().is_image()) return "";
  const auto items = j.items(kCompleted);
  for (const auto* known : {"top-half", "left-half"}) {
    auto rng = j.rng("complete");
    try {
      const auto rows =
          completion_rows(*completer, j.run.model->value_set(), items,
                          known_pixels(known, items.x.sizes().slice(1).vec()), kDraws, rng);
      return section("Completions",
                     grid(j, rows, kDraws + 2,
                          fmt::format("An item, its {}, and {} draws of the rest", known, kDraws)));
    } catch (const ConfigError&) {
      // This ordering visits the pixels otherwise; the next pattern may suit it.
    }
  }
  return "";
}

std::string reconstructions(const Judging& j) {
  auto& model = *j.run.model;
  if (!seen_as<Encoder>(model) || !seen_as<Decoder>(model) || !j.judged.data->info().is_image())
    return "";
  const auto x = j.items(kReconstructed).x;
  const auto columns = std::min<std::int64_t>(kReconstructed / 2, x.size(0));
  return section("Reconstructions", grid(j, reconstruction_rows(x, reconstruct(model, x), columns),
                                         columns, "Items, each over the mean of x given its code"));
}

std::string interpolations(const Judging& j) {
  auto* decoder = seen_as<Decoder>(*j.run.model);
  auto* prior = seen_as<Prior>(*j.run.model);
  if (!decoder || !prior || !j.judged.data->info().is_image()) return "";
  torch::NoGradGuard no_grad;
  auto rng = j.rng("interpolate");
  const auto from = prior->sample_prior(kPaths, rng), to = prior->sample_prior(kPaths, rng);
  return section("Between codes",
                 grid(j, interpolation_rows(*decoder, LatentPath::slerp, from, to, kPoints),
                      kPoints, "Each row: from one draw of the prior to another, along the arc"));
}

// Both ways, where the model knows both.
std::string translations(const Judging& j) {
  auto* translator = seen_as<Translator>(*j.run.model);
  if (!translator) return "";
  std::string html;
  for (const auto& direction : translator->directions()) {
    const auto judged = pictures_to_translate(j.run, "", "", direction);
    const auto items = items_of(judged, spread_items(judged, kTranslated), j.seed(), j.device());
    auto rng = j.rng("translate");
    const auto rows = translation_rows(*translator, DirectedPair(items, direction), direction, rng);
    const auto png = encode_png(row_grid(rows.pictures, j.run.model->value_set()));
    const auto caption = fmt::format("{}, {}: {}", direction, judged.name, rows.names);
    html += figure("picture", embedded_png(png, caption), caption);
  }
  return section("Translations", html);
}

std::string scores(const Judging& j) {
  if (!scores_items(*j.run.model)) return "";
  ItemScores scored;
  try {
    scored = score_items(j.run, j.judged.data, j.judged.transform,
                         {.seed = j.seed(), .device = j.device()});
  } catch (const ConfigError&) {
    return "";  // a critic of packs has nothing to say of one item
  }
  const auto unit = scored.name == "realness_logit"         ? ""
                    : scored.name == "reconstruction_error" ? ", squared"
                                                            : ", nats";
  const auto count = scored.values.size();
  return section("Scores", figure("plot",
                                  svg_histogram({.title = scored.name + " of single items",
                                                 .x_label = scored.name + unit,
                                                 .series = {{.values = scored.values}}}),
                                  fmt::format("{} of {} items; mean {:.3f}", scored.name, count,
                                              scored.mean())));
}

// Of an implicit model, which has no other figure of its own.
Estimate covered(const Judging& j) {
  const auto items = coverage_items(j.judged.data->info().item_size(), j.judged.data->size());
  const double share =
      sample_coverage(*j.run.model, j.judged.data, j.judged.transform, j.seed(), j.device());
  return of_share(share, items);
}

std::int64_t count_parameters(const Model& model) {
  std::int64_t count = 0;
  for (const auto& parameter : model.parameters()) count += parameter.numel();
  return count;
}

}  // namespace

Measured measure(const std::string& path, const ReportOptions& options, const Hooks& hooks) {
  const auto run = load_run(path, "best", options.device);
  hooks.warn_of(run.warnings);
  Judging j{run, judged_data(run, "", ""), options};
  const auto limit = options.items > 0 ? options.items : j.judged.data->size();
  j.judged.data = subset(j.judged.data, spread_items(j.judged, limit));
  Measured measured{.step = run.step,
                    .parameters = count_parameters(*run.model),
                    .data = fmt::format("{} items of {}", j.judged.data->size(), j.judged.name),
                    .figures = {},
                    .sections = {}};
  for (const auto& metric : metrics_of(*run.model, j.judged.data->info())) {
    hooks.say(fmt::format("{}: {} over {}", path, metric, measured.data));
    measured.figures.emplace_back(
        metric, judge(*run.model, metric, j.judged.data, j.judged.transform, j.device(),
                      {.draws = options.draws, .seed = j.seed()}));
  }
  if (validation_metric(*run.model) == kCoverage)
    measured.figures.emplace_back(kCoverage, covered(j));
  measured.sections =
      completions(j) + reconstructions(j) + translations(j) + interpolations(j) + scores(j);
  return measured;
}

}  // namespace kiln::report
