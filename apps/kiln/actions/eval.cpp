#include <fmt/format.h>

#include <optional>

#include "apps/kiln/actions/eval_annealed.h"
#include "apps/kiln/actions/eval_codes.h"
#include "apps/kiln/actions/eval_modes.h"
#include "apps/kiln/actions/eval_network.h"
#include "apps/kiln/actions/eval_quality.h"
#include "apps/kiln/actions/eval_sets.h"
#include "apps/kiln/actions/run_access.h"
#include "kiln/core/text.h"
#include "kiln/core/threads.h"
#include "kiln/data/stacked.h"
#include "kiln/metrics/likelihood.h"

namespace kiln::program {
namespace {

constexpr std::int64_t kDraws = 50;  // of iwae

// What a metric says, as text, and its numbers.
struct Answers {
  std::string text;
  nlohmann::json metrics = {}, errors = {};

  void add(const std::string& metric, const Estimate& e, const std::string& protocol) {
    metrics[metric] = e.mean;
    errors[metric] = e.standard_error;
    text += fmt::format("\n  {:16} {:10.4f} +- {:.4f} {} ({} items{})", metric, e.mean,
                        e.standard_error, metric_unit(metric), e.items, protocol);
  }
  void add(const SetFigure& figure) {
    metrics[figure.name] = figure.value;
    text += fmt::format("\n  {:16} {:10.4f}", figure.name, figure.value);
    if (figure.error)
      errors[figure.name] = *figure.error, text += fmt::format(" +- {:.4f}", *figure.error);
    text += fmt::format(" ({})", figure.protocol);
  }
  void add(const std::string& metric, double value, const std::string& protocol) {
    metrics[metric] = value;
    text += fmt::format("\n  {:16} {:10.4f} {}", metric, value, protocol);
  }
};

// One run before its judges; each looks at samples only when a metric asks it to.
class Evaluation {
 public:
  Evaluation(const EvalArguments& a, const TrainedModel& run, const JudgedData& judged,
             const Console& console)
      : a_(a),
        run_(run),
        judged_(judged),
        console_(console),
        source_(a.data.empty() ? run.config.data : a.data),
        direction_(direction_of(run, a.direction)),
        sets_(run, judged,
              {.network = a.network,
               .source = source_,
               .samples = a.samples.value_or(kSetSamples),
               .seed = seed(),
               .device = parse_device(a.run.device)},
              console) {}

  // What is said when nothing is asked for: nothing that a judge must be trained for, but the modes
  // of stacked digits, which are what such data are for.
  std::vector<std::string> usual() const {
    auto known = metrics_of(*run_.model, judged_.data->info());
    const auto codes = code_metrics(run_, judged_);
    known.insert(known.end(), codes.begin(), codes.end());
    const bool samples = dynamic_cast<Sampler*>(run_.model.get());
    if (samples && parse_source(source_).name == stacked_kind().name)
      known.insert(known.end(), {"modes", "modes_kl", "modes_birthday"});
    else if (samples && has_modes(source_))
      for (const auto& metric : metrics())
        if (metric.of == MetricOf::modes) known.push_back(metric.name);
    return known;
  }

  void answer(const std::string& metric, Answers& answers) {
    const auto* row = find_metric(metric);
    const auto of = row ? row->of : MetricOf::items;
    if (of == MetricOf::modes) {
      if (!modes_)
        modes_ =
            count_modes(run_, {.source = source_, .network = a_.network, .samples = a_.samples},
                        Rng(seed(), "modes", parse_device(a_.run.device)), console_);
      answers.add(metric, mode_figure(*modes_, metric), mode_protocol(*modes_, metric));
    } else if (of == MetricOf::samples) {
      for (const auto& figure : sets_.figures(metric)) answers.add(figure);
      set_samples_ = true;
    } else if (const auto figure =
                   code_figure(run_, judged_, metric, a_.samples.value_or(kSetSamples),
                               Rng(seed(), "codes", parse_device(a_.run.device)))) {
      answers.add(metric, figure->estimate, figure->protocol);
    } else if (of == MetricOf::annealing) {
      const auto annealed =
          annealed_figure(run_, judged_, metric, a_.annealed, seed(), parse_device(a_.run.device));
      answers.add(metric, annealed.estimate, annealed.protocol);
    } else if (of == MetricOf::reconstructions) {
      answers.add(metric,
                  reconstruction_quality(run_, judged_, metric, a_.batch, seed(),
                                         parse_device(a_.run.device)),
                  ", beside their reconstructions");
    } else {
      answers.add(
          metric,
          judge(*run_.model, metric, judged_.data, judged_.transform, parse_device(a_.run.device),
                {.draws = draws(), .batch = a_.batch, .seed = seed(), .direction = direction_}),
          metric == "iwae"      ? fmt::format(", {} draws", draws())
          : !direction_.empty() ? fmt::format(", {}", direction_)
                                : "");
    }
  }

  // How many samples the figures about samples were of; modes may be counted in others.
  void note_samples(nlohmann::json& json) const {
    if (set_samples_) json["samples"] = a_.samples.value_or(kSetSamples);
    if (modes_) json[set_samples_ ? "mode_samples" : "samples"] = modes_->samples;
  }

 private:
  static constexpr std::int64_t kSetSamples = 10000;
  std::int64_t draws() const { return a_.draws.value_or(kDraws); }
  std::uint64_t seed() const { return static_cast<std::uint64_t>(a_.run.seed); }

  const EvalArguments& a_;
  const TrainedModel& run_;
  const JudgedData& judged_;
  const Console& console_;
  std::string source_, direction_;
  SetJudge sets_;
  std::optional<CountedModes> modes_ = std::nullopt;
  bool set_samples_ = false;
};

}  // namespace

int evaluate(const EvalArguments& a, const Console& console) {
  start_up();
  const auto run = load(a.run, console);
  const auto direction = direction_of(run, a.direction);
  const auto judged = direction.empty() ? judged_data(run, a.data, a.split)
                                        : pictures_to_translate(run, a.data, a.split, direction);
  Evaluation evaluation(a, run, judged, console);
  const auto wanted = a.metrics.empty() ? evaluation.usual() : split(a.metrics, ',');
  if (wanted.empty()) run.refuse("likelihood");
  console.note(fmt::format("{} items of {}; {}", judged.data->size(), judged.name,
                           judged.transform.describe()));
  Answers answers{.text = fmt::format("{} at step {} on {}", a.run.run, run.step, judged.name)};
  for (const auto& metric : wanted) evaluation.answer(metric, answers);
  nlohmann::json json{{"run", a.run.run},
                      {"step", run.step},
                      {"data", judged.name},
                      {"items", judged.data->size()},
                      {"draws", a.draws.value_or(kDraws)},
                      {"metrics", answers.metrics},
                      {"standard_errors", answers.errors}};
  evaluation.note_samples(json);
  if (!direction.empty()) json["direction"] = direction;
  console.result(answers.text, json);
  return 0;
}

}  // namespace kiln::program
