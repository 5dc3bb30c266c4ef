#include <fmt/format.h>

#include "apps/kiln/program.h"
#include "kiln/core/text.h"
#include "kiln/core/threads.h"
#include "kiln/metrics/likelihood.h"

namespace kiln::program {
namespace {

struct EvalArguments {
  RunArguments run;
  std::string data, split, metrics;
  std::int64_t draws = 50, batch = 100;
};

int evaluate(const EvalArguments& a, const Console& console) {
  start_up();
  const auto run = load(a.run, console);
  const auto known = metrics_of(*run.model);
  const auto wanted = a.metrics.empty() ? known : split(a.metrics, ',');
  if (known.empty()) run.refuse("likelihood");
  const auto judged = judged_data(run, a.data, a.split);
  console.note(fmt::format("{} items of {}; {}", judged.data->size(), judged.name,
                           judged.transform.describe()));
  nlohmann::json metrics, errors;
  std::string text = fmt::format("{} at step {} on {}", a.run.run, run.step, judged.name);
  for (const auto& metric : wanted) {
    const auto estimate =
        judge(*run.model, metric, judged.data, judged.transform, parse_device(a.run.device),
              {.draws = a.draws, .batch = a.batch, .seed = static_cast<std::uint64_t>(a.run.seed)});
    metrics[metric] = estimate.mean;
    errors[metric] = estimate.standard_error;
    const auto protocol = metric == "iwae" ? fmt::format(", {} draws", a.draws) : "";
    text += fmt::format("\n  {:16} {:10.4f} +- {:.4f} {} ({} items{})", metric, estimate.mean,
                        estimate.standard_error, metric_unit(metric), estimate.items, protocol);
  }
  console.result(text, {{"run", a.run.run},
                        {"step", run.step},
                        {"data", judged.name},
                        {"items", judged.data->size()},
                        {"draws", a.draws},
                        {"metrics", metrics},
                        {"standard_errors", errors}});
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
      "separated by commas [all that the model has]");
  command->add_option("--draws", a->draws, "importance draws of iwae [50]")
      ->check(CLI::Range(1, 100000));
  command->add_option("--batch", a->batch, "items at a time [100]")->check(CLI::Range(1, 100000));
  program.on_run(command, [a, &console = program.console] { return evaluate(*a, console); });
}

}  // namespace kiln::program
