#include "kiln/use/probe.h"

#include <fmt/format.h>

#include "apps/kiln/actions/run_access.h"
#include "kiln/core/threads.h"

namespace kiln::program {
namespace {

std::string table_of(const std::vector<std::int64_t>& counts, const ProbeAnswer& answer) {
  auto text = fmt::format("{:<8}", "labels");
  for (const auto& [method, values] : answer.accuracies) text += fmt::format(" {:>18}", method);
  for (std::size_t i = 0; i < counts.size(); ++i) {
    text += fmt::format("\n{:<8}", counts[i]);
    for (const auto& [method, values] : answer.accuracies)
      text += fmt::format(" {:>18.4f}", values[i]);
  }
  return text;
}

}  // namespace

int probe_codes(const ProbeArguments& a, const Console& console) {
  start_up();
  const auto run = load(a.run, console);
  Progress progress(!console.quiet);
  const auto answer = probe(run,
                            {.data = a.data,
                             .split = a.split,
                             .labels = a.labels,
                             .neighbours = a.neighbours,
                             .fine_tune = a.fine_tune,
                             .seed = static_cast<std::uint64_t>(a.run.seed),
                             .device = parse_device(a.run.device)},
                            hooks_of(console, progress));
  nlohmann::json by_method;
  for (const auto& [method, values] : answer.accuracies) by_method[method] = values;
  console.result(
      fmt::format("accuracy on {} items of {}, from {} numbers of each item\n{}", answer.items,
                  answer.data, answer.features, table_of(a.labels, answer)),
      {{"run", a.run.run},
       {"step", run.step},
       {"data", answer.data},
       {"items", answer.items},
       {"features", answer.features},
       {"labels", a.labels},
       {"seed", a.run.seed},
       {"accuracy", by_method}});
  return 0;
}

}  // namespace kiln::program
