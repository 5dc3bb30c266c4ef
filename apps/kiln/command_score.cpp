#include <fmt/format.h>

#include "apps/kiln/anomaly.h"
#include "apps/kiln/item_scores.h"
#include "apps/kiln/program.h"
#include "kiln/core/threads.h"
#include "kiln/io/atomic_file.h"

namespace kiln::program {
namespace {

struct ScoreArguments {
  RunArguments run;
  std::string data, split, out = "scores.csv";
  std::int64_t draws = 0, batch = 100;
  std::string complexity;
  AnomalyRequest anomaly;
};

ScoreOptions options_of(const ScoreArguments& a) {
  return {.draws = a.draws,
          .batch = a.batch,
          .seed = static_cast<std::uint64_t>(a.run.seed),
          .device = parse_device(a.run.device)};
}

int score_anomalies(ScoreArguments& a, const LoadedRun& run, const Console& console) {
  if (!a.complexity.empty() && a.complexity != "png")
    throw ConfigError("score.complexity", fmt::format("needs png, got '{}'", a.complexity));
  a.anomaly.png = !a.complexity.empty();
  const auto data = anomaly_data(run, a.data, a.split, a.anomaly);
  const auto figures = anomaly_figures(run, data, a.anomaly, options_of(a));
  write_anomaly_csv(a.out, figures);
  auto report = report_anomaly(a.out, data, figures);
  report.object.update({{"run", a.run.run},
                        {"step", run.step},
                        {"data", data.in.name},
                        {"ood", data.out.name},
                        {"file", a.out},
                        {"rows", figures.front().in.size()},
                        {"ood_rows", figures.front().out.size()}});
  console.result(report.text, report.object);
  return 0;
}

int score(ScoreArguments& a, const Console& console) {
  start_up();
  if (a.anomaly.ood.empty() &&
      !(a.anomaly.background.empty() && a.complexity.empty() && a.anomaly.items == 0))
    throw ConfigError("score",
                      "--background, --complexity and --items go with --ood SPEC, strange items");
  const auto run = load(a.run, console);
  if (!a.anomaly.ood.empty()) return score_anomalies(a, run, console);
  const auto judged = judged_data(run, a.data, a.split);
  const auto scores = score_items(run, judged.data, judged.transform, options_of(a));
  std::string csv = fmt::format("index,{}\n", scores.name);
  for (std::size_t i = 0; i < scores.values.size(); ++i)
    csv += fmt::format("{},{}\n", i, scores.values[i]);
  write_file_atomically(a.out, csv);
  console.result(fmt::format("{} rows of {} in {}; mean {:.4f}", scores.values.size(), scores.name,
                             a.out, scores.mean()),
                 {{"run", a.run.run},
                  {"data", judged.name},
                  {"file", a.out},
                  {"rows", scores.values.size()},
                  {"score", scores.name},
                  {"mean", scores.mean()}});
  return 0;
}

}  // namespace

void add_score(const Program& program) {
  auto a = std::make_shared<ScoreArguments>();
  auto* command =
      program.add("score", "one figure per item: log_prob, bound, error or a critic's logit",
                  "kiln score runs/nade --data digits -o scores.csv");
  add_run_arguments(command, a->run);
  command->add_option("--data", a->data, "data source, every row [the run's own source]");
  command->add_option("--split", a->split,
                      "train, valid or test [test, or valid where there is no test part]");
  command->add_option("-o,--out", a->out, "CSV file [scores.csv]");
  command->add_option("--draws", a->draws, "for a bound: importance draws; 0 is the ELBO [0]")
      ->check(CLI::Range(0, 100000));
  command->add_option("--batch", a->batch, "items at a time [100]")->check(CLI::Range(1, 100000));
  command->add_option("--ood", a->anomaly.ood,
                      "strange items to be told from the run's own: a source, its test part or "
                      "every row; writes ROC curves and histograms too");
  command->add_option("--background", a->anomaly.background,
                      "with --ood: a run trained with noise=0.2 in its SPEC, for the ratio of "
                      "likelihoods");
  command->add_option("--complexity", a->complexity,
                      "with --ood: png, correct by the bits of each item as a PNG");
  command
      ->add_option("--items", a->anomaly.items,
                   "with --ood: so many of the first items of each kind; 0: all [0]")
      ->check(CLI::NonNegativeNumber);
  program.on_run(command, [a, &console = program.console] { return score(*a, console); });
}

}  // namespace kiln::program
