#include <algorithm>

#include "apps/kiln/metric_names.h"
#include "apps/kiln/model_table.h"
#include "apps/kiln/number_checks.h"
#include "apps/kiln/program.h"
#include "kiln/core/text.h"
#include "kiln/train/run_folder.h"

namespace kiln::program {
namespace {

void add_network_arguments(CLI::App* command, NetworkChoice& a) {
  command->add_option("--features", a.features,
                      "TorchScript FILE that gives features of images, or features and class "
                      "logits [Kiln's own classifier of the source's labels]");
  command
      ->add_option("--resize", a.side, "with --features: pixels of a side that it is shown [as is]")
      ->check(whole_number(1, 4096));
}

void add_annealed_arguments(CLI::App* command, AnnealingChoice& a) {
  command->add_option("--ais-items", a.items, "items that ais judges [100]")
      ->check(whole_number(2, 100000));
  command->add_option("--ais-temperatures", a.temperatures, "steps from p(z) to p(z|x) [500]")
      ->check(whole_number(1, 1000000));
  command->add_option("--ais-chains", a.chains, "chains of each item [16]")
      ->check(whole_number(1, 10000));
}

bool asks_for(const std::string& metrics, const std::string& name) {
  const auto names = split(metrics, ',');
  return std::find(names.begin(), names.end(), name) != names.end();
}

void check_eval(EvalArguments& a) {
  if (a.network.side && a.network.features.empty())
    throw ConfigError("eval.resize", "belongs to --features FILE");
  if (a.draws && !a.metrics.empty() && !asks_for(a.metrics, "iwae"))
    throw ConfigError("eval.draws", "are those of iwae, which --metric does not ask for");
  if (!a.metrics.empty())
    check_metrics(a.metrics, find_model_info(RunFolder::open(a.run.run).config().model));
}

}  // namespace

void add_eval(const Program& program) {
  auto a = std::make_shared<EvalArguments>();
  auto* command = program.add("eval", "judge a trained model on data",
                              "kiln eval runs/nade --split test --metric nll,bpd");
  add_run_arguments(command, a->run);
  add_judged_data(command, a->data, a->split);
  command->add_option("--metric", a->metrics, metric_help());
  command->add_option("--direction", a->direction,
                      "of a run that translates: a2b or b2a [the run's first]");
  add_network_arguments(command, a->network);
  command
      ->add_option("--samples", a->samples,
                   "samples that are judged [10000; for modes 2500, of stacked digits 26000]")
      ->check(whole_number(10, 1000000));
  command->add_option("--draws", a->draws, "importance draws of iwae [50]")
      ->check(whole_number(1, 100000));
  add_annealed_arguments(command, a->annealed);
  command->add_option("--batch", a->batch, "items at a time [100]")->check(whole_number(1, 100000));
  program.on_run(command, &Actions::eval, a, check_eval);
}

}  // namespace kiln::program
