#include "kiln/use/neighbours.h"

#include <fmt/format.h>

#include "apps/kiln/actions/nearness_report.h"
#include "apps/kiln/actions/run_pictures.h"
#include "kiln/core/threads.h"

namespace kiln::program {
namespace {

nlohmann::json json_of(const std::vector<NearestRow>& rows) {
  auto list = nlohmann::json::array();
  for (const auto& row : rows)
    list.push_back({{"sample", row.sample}, {"items", row.items}, {"distances", row.distances}});
  return list;
}

}  // namespace

int find_neighbours(const NeighboursArguments& a, const Console& console) {
  start_up();
  const auto path = picture_path(a.run, a.out, "neighbours");
  const auto run = load(a.run, console);
  if (!a.out.empty()) {
    const auto judged = judged_data(run, a.data, "train");
    require_images("neighbours", judged.name, judged.data->info());
  }
  const auto answer = neighbours(run, {.data = a.data,
                                       .samples = a.samples,
                                       .count = a.count,
                                       .nearest = a.nearest,
                                       .seed = static_cast<std::uint64_t>(a.run.seed),
                                       .device = parse_device(a.run.device)});
  auto report = report_nearness(answer.nearness);
  report.object.update({{"run", a.run.run},
                        {"step", run.step},
                        {"data", answer.train},
                        {"items", answer.train_items},
                        {"held_out", answer.held_out},
                        {"held_out_items", answer.held_out_items},
                        {"samples", a.samples},
                        {"rows", json_of(answer.rows)}});
  report.text = fmt::format(
                    "{} at step {}: {} samples and {} items of {}, each with the nearest of {} "
                    "items of {}\n",
                    a.run.run, run.step, a.samples, answer.held_out_items, answer.held_out,
                    answer.train_items, answer.train) +
                report.text;
  if (answer.picture.defined()) {
    write_picture(path, answer.picture, 1 + std::ssize(answer.rows[0].items), a.run, run);
    report.object["file"] = path.string();
    report.text = path.string() + "\n" + report.text;
  }
  console.result(report.text, report.object);
  return 0;
}

}  // namespace kiln::program
