#include "kiln/use/evaluate.h"

#include <fmt/format.h>

#include "kiln/data/stacked.h"
#include "kiln/metrics/likelihood.h"
#include "kiln/use/annealed_figure.h"
#include "kiln/use/code_figures.h"
#include "kiln/use/counted_modes.h"
#include "kiln/use/reconstruction_quality.h"
#include "kiln/use/set_judge.h"

namespace kiln {
namespace {

constexpr std::int64_t kDraws = 50;  // of iwae
constexpr std::int64_t kSetSamples = 10000;

EvaluationFigure figure_of(const std::string& metric, const Estimate& e,
                           const std::string& remark) {
  return {metric, e.mean, e.standard_error,
          fmt::format("{} ({} items{})", metric_unit(metric), e.items, remark)};
}

// One run before its judges; each looks at samples only when a metric asks it to.
class Evaluation {
 public:
  Evaluation(const TrainedModel& run, const EvaluationAsk& ask, const Hooks& hooks)
      : run_(run),
        ask_(ask),
        hooks_(hooks),
        direction_(direction_of(run, ask.direction)),
        judged_(direction_.empty() ? judged_data(run, ask.data, ask.split)
                                   : pictures_to_translate(run, ask.data, ask.split, direction_)),
        source_(ask.data.empty() ? run.config.data : ask.data),
        sets_(run, judged_,
              {.network = ask.network,
               .source = source_,
               .samples = ask.samples.value_or(kSetSamples),
               .seed = ask.seed,
               .device = ask.device},
              hooks) {}

  EvaluationAnswer answer() {
    const auto wanted = ask_.metrics.empty() ? usual() : ask_.metrics;
    if (wanted.empty()) run_.refuse("likelihood");
    hooks_.say(fmt::format("{} items of {}; {}", judged_.data->size(), judged_.name,
                           judged_.transform.describe()));
    answer_ = {.data = judged_.name,
               .items = judged_.data->size(),
               .draws = draws(),
               .direction = direction_};
    for (const auto& metric : wanted) measure(metric);
    if (set_samples_) answer_.samples = ask_.samples.value_or(kSetSamples);
    if (modes_) (set_samples_ ? answer_.mode_samples : answer_.samples) = modes_->samples;
    return std::move(answer_);
  }

 private:
  // What is said when nothing is asked for: nothing that a judge must be trained for, but the modes
  // of stacked digits, which are what such data are for.
  std::vector<std::string> usual() const {
    auto known = metrics_of(*run_.model, judged_.data->info());
    const auto codes = code_metrics(run_, judged_);
    known.insert(known.end(), codes.begin(), codes.end());
    const bool samples = run_.can<Sampler>();
    if (samples && parse_source(source_).name == stacked_kind().name)
      known.insert(known.end(), {"modes", "modes_kl", "modes_birthday"});
    else if (samples && has_modes(source_))
      for (const auto& metric : metrics())
        if (metric.of == MetricOf::modes) known.push_back(metric.name);
    return known;
  }

  void measure(const std::string& metric) {
    const auto* row = find_metric(metric);
    const auto of = row ? row->of : MetricOf::items;
    if (of == MetricOf::modes) return measure_modes(metric);
    if (of == MetricOf::samples) return measure_samples(metric);
    const auto codes = code_figure(run_, judged_, metric, ask_.samples.value_or(kSetSamples),
                                   Rng(ask_.seed, "codes", ask_.device));
    if (codes) return add(metric, codes->estimate, codes->protocol);
    if (of == MetricOf::annealing) {
      const auto annealed =
          annealed_figure(run_, judged_, metric, ask_.annealing, ask_.seed, ask_.device);
      return add(metric, annealed.estimate, annealed.protocol);
    }
    if (of == MetricOf::reconstructions)
      return add(metric,
                 reconstruction_quality(run_, judged_, metric, ask_.batch, ask_.seed, ask_.device),
                 ", beside their reconstructions");
    add(metric,
        judge(*run_.model, metric, judged_.data, judged_.transform, ask_.device,
              {.draws = draws(), .batch = ask_.batch, .seed = ask_.seed, .direction = direction_}),
        metric == "iwae"      ? fmt::format(", {} draws", draws())
        : !direction_.empty() ? ", " + direction_
                              : "");
  }

  void measure_modes(const std::string& metric) {
    if (!modes_)
      modes_ =
          count_modes(run_, {.source = source_, .network = ask_.network, .samples = ask_.samples},
                      Rng(ask_.seed, "modes", ask_.device), hooks_);
    answer_.figures.push_back(
        {metric, mode_figure(*modes_, metric), std::nullopt, mode_protocol(*modes_, metric)});
  }

  void measure_samples(const std::string& metric) {
    for (const auto& figure : sets_.figures(metric))
      answer_.figures.push_back(
          {figure.name, figure.value, figure.error, fmt::format("({})", figure.protocol)});
    set_samples_ = true;
  }

  void add(const std::string& metric, const Estimate& estimate, const std::string& remark) {
    answer_.figures.push_back(figure_of(metric, estimate, remark));
  }

  std::int64_t draws() const { return ask_.draws.value_or(kDraws); }

  const TrainedModel& run_;
  const EvaluationAsk& ask_;
  const Hooks& hooks_;
  std::string direction_;
  JudgedData judged_;
  std::string source_;
  SetJudge sets_;
  std::optional<CountedModes> modes_ = std::nullopt;
  bool set_samples_ = false;
  EvaluationAnswer answer_;
};

}  // namespace

EvaluationAnswer evaluate(const TrainedModel& run, const EvaluationAsk& ask, const Hooks& hooks) {
  return Evaluation(run, ask, hooks).answer();
}

}  // namespace kiln
