#include "kiln/use/arithmetic.h"

#include <fmt/format.h>

#include "apps/kiln/actions/run_pictures.h"
#include "kiln/core/threads.h"

namespace kiln::program {

int arithmetic(const ArithmeticArguments& a, const Console& console) {
  start_up();
  const auto path = picture_path(a.run, a.out, "arithmetic");
  const auto run = load(a.run, console);
  const auto answer = code_arithmetic(run, {.plus = a.plus,
                                            .minus = a.minus,
                                            .from = a.from,
                                            .data = a.data,
                                            .split = a.split,
                                            .steps = a.steps,
                                            .strength = a.strength,
                                            .items = a.items,
                                            .seed = static_cast<std::uint64_t>(a.run.seed),
                                            .device = parse_device(a.run.device)});
  write_picture(path, answer.rows, a.steps + 1, a.run, run);
  console.result(
      fmt::format("{}\n{} items, each before its code moves by {:.3f} in {} steps", path.string(),
                  answer.items.size(), a.strength * answer.direction_norm, a.steps - 1),
      {{"run", a.run.run},
       {"step", run.step},
       {"data", answer.data},
       {"plus", a.plus},
       {"minus", a.minus},
       {"items", answer.items},
       {"direction_norm", answer.direction_norm},
       {"strength", a.strength},
       {"steps", a.steps},
       {"file", path.string()}});
  return 0;
}

}  // namespace kiln::program
