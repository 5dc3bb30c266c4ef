#include <fmt/format.h>

#include "apps/kiln/actions/anomaly_report.h"
#include "apps/kiln/actions/run_access.h"
#include "kiln/core/threads.h"
#include "kiln/io/atomic_file.h"
#include "kiln/use/item_scores.h"

namespace kiln::program {
namespace {

ScoreOptions options_of(const ScoreArguments& a) {
  return {.draws = a.draws,
          .batch = a.batch,
          .seed = static_cast<std::uint64_t>(a.run.seed),
          .device = parse_device(a.run.device)};
}

int score_anomalies(const ScoreArguments& a, const TrainedModel& run, const Console& console) {
  auto request = a.anomaly;
  request.png = !a.complexity.empty();
  const auto data = anomaly_data(run, a.data, a.split, request);
  const auto figures = anomaly_figures(run, data, request, options_of(a));
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

}  // namespace

int score(const ScoreArguments& a, const Console& console) {
  start_up();
  const auto run = load(a.run, console);
  if (!a.anomaly.ood.empty()) return score_anomalies(a, run, console);
  const auto judged = judged_data(run, a.data, a.split);
  const auto scores = score_items(run, judged.data, judged.transform, options_of(a));
  std::string csv = fmt::format("index,{}\n", scores.name);
  for (std::size_t i = 0; i < scores.values.size(); ++i)
    csv += fmt::format("{},{}\n", i, scores.values[i]);
  make_folder_of(a.out);
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

}  // namespace kiln::program
