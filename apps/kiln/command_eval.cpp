#include <fmt/format.h>

#include <optional>

#include "apps/kiln/eval_modes.h"
#include "apps/kiln/program.h"
#include "kiln/core/text.h"
#include "kiln/core/threads.h"
#include "kiln/metrics/likelihood.h"

namespace kiln::program {
namespace {

struct EvalArguments {
  RunArguments run;
  std::string data, split, metrics;
  std::int64_t draws = 50, batch = 100, samples = 2500;
};

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
  void add(const std::string& metric, double value, const std::string& protocol) {
    metrics[metric] = value;
    text += fmt::format("\n  {:16} {:10.4f} {}", metric, value, protocol);
  }
};

int evaluate(const EvalArguments& a, const Console& console) {
  start_up();
  const auto run = load(a.run, console);
  const auto law = isotropic_modes(a.data.empty() ? run.config.data : a.data);
  auto known = metrics_of(*run.model);
  if (law && dynamic_cast<Sampler*>(run.model.get()))
    for (const auto* name : kModeMetrics) known.emplace_back(name);
  const auto wanted = a.metrics.empty() ? known : split(a.metrics, ',');
  if (known.empty()) run.refuse("likelihood");
  const auto judged = judged_data(run, a.data, a.split);
  console.note(fmt::format("{} items of {}; {}", judged.data->size(), judged.name,
                           judged.transform.describe()));
  Answers answers{.text = fmt::format("{} at step {} on {}", a.run.run, run.step, judged.name)};
  std::optional<ModeCoverage> modes;
  for (const auto& metric : wanted) {
    if (is_mode_metric(metric)) {
      if (!modes)
        modes = modes_of(
            run, law, a.samples,
            Rng(static_cast<std::uint64_t>(a.run.seed), "modes", parse_device(a.run.device)));
      answers.add(metric, mode_figure(*modes, metric), mode_protocol(*modes, metric, a.samples));
      continue;
    }
    answers.add(
        metric,
        judge(*run.model, metric, judged.data, judged.transform, parse_device(a.run.device),
              {.draws = a.draws, .batch = a.batch, .seed = static_cast<std::uint64_t>(a.run.seed)}),
        metric == "iwae" ? fmt::format(", {} draws", a.draws) : "");
  }
  nlohmann::json json{{"run", a.run.run},
                      {"step", run.step},
                      {"data", judged.name},
                      {"items", judged.data->size()},
                      {"draws", a.draws},
                      {"metrics", answers.metrics},
                      {"standard_errors", answers.errors}};
  if (modes) json["samples"] = a.samples;
  console.result(answers.text, json);
  return 0;
}

}  // namespace

void add_eval(const Program& program) {
  auto a = std::make_shared<EvalArguments>();
  auto* command = program.add("eval", "judge a trained model on data",
                              "kiln eval runs/nade --split test --metric nll,bpd");
  add_run_arguments(command, a->run);
  command->add_option("--data", a->data, "data source, every row [the run's own source]");
  command->add_option("--split", a->split,
                      "train, valid or test [test, or valid where there is no test part]");
  command->add_option(
      "--metric", a->metrics,
      "nll, bpd, nll_standardised, elbo, iwae, active_units, reconstruction, code_mmd, error, "
      "and modes, high_quality, modes_kl of Gaussian modes on the plane, separated by commas [all "
      "that the model has]");
  command->add_option("--samples", a->samples, "samples that modes are counted in [2500]")
      ->check(CLI::Range(1, 1000000));
  command->add_option("--draws", a->draws, "importance draws of iwae [50]")
      ->check(CLI::Range(1, 100000));
  command->add_option("--batch", a->batch, "items at a time [100]")->check(CLI::Range(1, 100000));
  program.on_run(command, [a, &console = program.console] { return evaluate(*a, console); });
}

}  // namespace kiln::program
