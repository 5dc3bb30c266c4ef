#include <fmt/format.h>

#include "apps/kiln/actions/run_access.h"
#include "kiln/core/threads.h"
#include "kiln/use/report_page.h"

namespace kiln::program {

int report(const ReportArguments& a, const Console& console) {
  start_up();
  const auto out =
      a.out.empty() ? report::own_report(a.runs.front()) : std::filesystem::path(a.out);
  Progress progress(!console.quiet);
  report::write_report(out, a.runs,
                       {.measure = a.options.measure,
                        .items = a.options.items,
                        .draws = a.options.draws,
                        .device = parse_device(a.options.device),
                        .seed = static_cast<std::uint64_t>(a.options.seed)},
                       hooks_of(console, progress));
  console.result(out.string(), {{"file", out.string()}, {"runs", a.runs}});
  return 0;
}

}  // namespace kiln::program
