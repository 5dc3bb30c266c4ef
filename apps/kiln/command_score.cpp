#include <fmt/format.h>

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
};

int score(const ScoreArguments& a, const Console& console) {
  start_up();
  const auto run = load(a.run, console);
  const auto judged = judged_data(run, a.data, a.split);
  const auto scores = score_items(run, judged.data, judged.transform,
                                  {.draws = a.draws,
                                   .batch = a.batch,
                                   .seed = static_cast<std::uint64_t>(a.run.seed),
                                   .device = parse_device(a.run.device)});
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
  program.on_run(command, [a, &console = program.console] { return score(*a, console); });
}

}  // namespace kiln::program
