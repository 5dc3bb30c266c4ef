#include <fmt/format.h>
#include <torch/types.h>

#include "apps/kiln/actions/run_access.h"
#include "apps/kiln/actions/run_pictures.h"
#include "kiln/core/threads.h"

namespace kiln::program {
namespace {

constexpr std::int64_t kColumns = 16;

}  // namespace

int reconstruct_items(const ReconstructArguments& a, const Console& console) {
  start_up();
  const auto path = picture_path(a.run, a.out, "reconstructions");
  const auto run = load(a.run, console);
  run.as<Encoder>("encoder");
  run.as<Decoder>("decoder");
  const auto judged = judged_data(run, a.data, a.split);
  require_images("reconstruct", judged.name, judged.data->info());
  const auto x = items_of(judged, first_items(judged, a.count),
                          static_cast<std::uint64_t>(a.run.seed), parse_device(a.run.device))
                     .x;
  const auto again = reconstruct(*run.model, x);
  const double error = (again - x).square().mean(torch::kFloat64).item<double>();
  const auto columns = std::min(kColumns, x.size(0));
  write_picture(path, reconstruction_rows(x, again, columns), columns, a.run, run);
  console.result(fmt::format("{}\nmean squared error {:.6f} over {} items of {}", path.string(),
                             error, x.size(0), judged.name),
                 {{"run", a.run.run},
                  {"step", run.step},
                  {"data", judged.name},
                  {"items", x.size(0)},
                  {"mean_squared_error", error},
                  {"file", path.string()}});
  return 0;
}

}  // namespace kiln::program
