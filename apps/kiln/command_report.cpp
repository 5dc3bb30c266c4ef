#include "apps/kiln/device_name.h"
#include "apps/kiln/number_checks.h"
#include "apps/kiln/program.h"

namespace kiln::program {
namespace {

void check_report(ReportArguments& a) {
  if (a.out.empty() && a.runs.size() > 1)
    throw ConfigError("report", "a page about several runs needs -o FILE.html");
  check_ending("out", a.out, ".html");
  cuda_index(a.options.device);
}

}  // namespace

void add_report(const Program& program) {
  auto a = std::make_shared<ReportArguments>();
  auto* command = program.add("report", "write one page about one or several runs",
                              "kiln report runs/nade runs/vae -o report.html");
  command->add_option("RUN", a->runs, "run folders")->required();
  command->add_option("-o,--out", a->out, "FILE.html [RUN/report.html for a single run]");
  command
      ->add_option("--items", a->options.items,
                   "judge by at most this many items, evenly spread; 0: all [1000]")
      ->check(whole_number(0, 100000000));
  command->add_option("--draws", a->options.draws, "importance draws of iwae [50]")
      ->check(whole_number(1, 100000));
  command->add_option("--device", a->options.device, "cpu, cuda or cuda:N [cpu]");
  command->add_option("--seed", a->options.seed, "seed of every draw [1]")->check(whole_number(0));
  program.on_run(command, &Actions::report, a, check_report);
}

}  // namespace kiln::program
