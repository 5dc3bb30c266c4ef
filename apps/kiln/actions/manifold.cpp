#include "kiln/use/manifold.h"

#include <torch/types.h>

#include "apps/kiln/actions/run_pictures.h"
#include "kiln/core/threads.h"

namespace kiln::program {

int manifold(const ManifoldArguments& a, const Console& console) {
  start_up();
  const auto path = picture_path(a.run, a.out, "manifold");
  const auto run = load(a.run, console);
  const auto drawn = manifold_of(run, a.side, parse_device(a.run.device));
  write_picture(path, drawn.x, drawn.words, a.run, run);
  console.result(path.string(), {{"run", a.run.run},
                                 {"step", run.step},
                                 {"side", a.side},
                                 {"z_low", drawn.z.min().item<double>()},
                                 {"z_high", drawn.z.max().item<double>()},
                                 {"file", path.string()}});
  return 0;
}

}  // namespace kiln::program
