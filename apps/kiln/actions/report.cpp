#include <fmt/format.h>

#include "apps/kiln/actions/report_page.h"
#include "apps/kiln/actions/run_access.h"
#include "kiln/core/threads.h"

namespace kiln::program {
int report(const ReportArguments& a, const Console& console) {
  start_up();
  const auto out = a.out.empty() ? own_report(a.runs.front()) : std::filesystem::path(a.out);
  write_report(out, a.runs, a.options, console);
  console.result(out.string(), {{"file", out.string()}, {"runs", a.runs}});
  return 0;
}

}  // namespace kiln::program
