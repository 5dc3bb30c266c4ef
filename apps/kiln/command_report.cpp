#include <fmt/format.h>

#include "apps/kiln/program.h"
#include "apps/kiln/report.h"
#include "kiln/core/threads.h"

namespace kiln::program {
namespace {

struct ReportArguments {
  std::vector<std::string> runs;
  std::string out;
  ReportOptions options;
};

int report(const ReportArguments& a, const Console& console) {
  start_up();
  if (a.out.empty() && a.runs.size() > 1)
    throw ConfigError("report", "a page about several runs needs -o FILE.html");
  const auto out = a.out.empty() ? std::filesystem::path(a.runs.front()) / "report.html"
                                 : std::filesystem::path(a.out);
  write_report(out, a.runs, a.options, console);
  console.result(out.string(), {{"file", out.string()}, {"runs", a.runs}});
  return 0;
}

}  // namespace

void add_report(const Program& program) {
  auto a = std::make_shared<ReportArguments>();
  auto* command = program.add("report", "write one page about one or several runs",
                              "kiln report runs/nade runs/vae -o report.html");
  command->add_option("RUN", a->runs, "run folders")->required();
  command->add_option("-o,--out", a->out, "FILE.html [RUN/report.html for a single run]");
  command
      ->add_option("--items", a->options.items, "judge by at most this many items; 0: all [1000]")
      ->check(CLI::Range(0, 100000000));
  command->add_option("--draws", a->options.draws, "importance draws of iwae [50]")
      ->check(CLI::Range(1, 100000));
  command->add_option("--device", a->options.device, "cpu, cuda or cuda:N [cpu]");
  command->add_option("--seed", a->options.seed, "seed of every draw [1]")
      ->check(CLI::NonNegativeNumber);
  program.on_run(command, [a, &console = program.console] { return report(*a, console); });
}

}  // namespace kiln::program
