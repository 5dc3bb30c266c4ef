#include <fmt/format.h>

#include "apps/kiln/number_checks.h"
#include "apps/kiln/program.h"

namespace kiln::program {
namespace {

void check_score(ScoreArguments& a) {
  const auto& strange = a.anomaly;
  if (strange.ood.empty() &&
      !(strange.background.empty() && a.complexity.empty() && strange.items == 0))
    throw ConfigError("score",
                      "--background, --complexity and --items go with --ood SPEC, strange items");
  if (!a.complexity.empty() && a.complexity != "png")
    throw ConfigError("score.complexity", fmt::format("needs png, got '{}'", a.complexity));
  check_data(strange.ood);
  if (!strange.background.empty()) check_runs({strange.background});
  check_ending("out", a.out, ".csv");
}

}  // namespace

void add_score(const Program& program) {
  auto a = std::make_shared<ScoreArguments>();
  auto* command =
      program.add("score", "one figure per item: log_prob, bound, error or a critic's logit",
                  "kiln score runs/nade --data digits -o scores.csv");
  add_run_arguments(command, a->run);
  add_judged_data(command, a->data, a->split);
  command->add_option("-o,--out", a->out, "CSV file [scores.csv]");
  command->add_option("--draws", a->draws, "for a bound: importance draws; 0 is the ELBO [0]")
      ->check(whole_number(0, 100000));
  command->add_option("--batch", a->batch, "items at a time [100]")->check(whole_number(1, 100000));
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
                   "with --ood: so many items of each kind, evenly spread; 0: all [0]")
      ->check(whole_number(0));
  program.on_run(command, &Actions::score, a, check_score);
}

}  // namespace kiln::program
