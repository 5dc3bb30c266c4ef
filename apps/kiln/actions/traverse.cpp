#include "kiln/use/traverse.h"

#include <fmt/format.h>
#include <torch/types.h>

#include "apps/kiln/actions/run_pictures.h"
#include "kiln/core/text.h"
#include "kiln/core/threads.h"

namespace kiln::program {
namespace {

TraverseAsk ask_of(const TraverseArguments& a) {
  return {.latents = a.latents,
          .item = a.item,
          .data = a.data,
          .split = a.split,
          .steps = a.steps,
          .low = a.low,
          .high = a.high,
          .quantiles = a.quantiles,
          .seed = static_cast<std::uint64_t>(a.run.seed),
          .device = parse_device(a.run.device)};
}

// What stands in the picture, for a person.
std::string said(const TraverseAnswer& answer) {
  if (answer.codes.empty())
    return fmt::format("{} of {} latents, one in each row, from {}", answer.latents.size(),
                       answer.all_latents, answer.base);
  return fmt::format("{} rows of {} columns: {}", answer.x.size(0) / answer.words.columns,
                     answer.words.columns, join(answer.codes, ", "));
}

}  // namespace

int traverse(const TraverseArguments& a, const Console& console) {
  start_up();
  const auto path = picture_path(a.run, a.out, "traverse");
  const auto run = load(a.run, console);
  const auto answer = traverse(run, ask_of(a));
  write_picture(path, answer.x, answer.words, a.run, run);
  nlohmann::ordered_json facts{{"run", a.run.run}, {"step", run.step}};
  if (answer.codes.empty()) {
    facts["base"] = answer.base;
    facts["latents"] = answer.latents;
    facts["steps"] = answer.words.columns;
  } else {
    facts["codes"] = answer.codes;
    facts["columns"] = answer.words.columns;
  }
  facts["low"] = answer.low;
  facts["high"] = answer.high;
  facts["file"] = path.string();
  console.result(fmt::format("{}\n{}", path.string(), said(answer)), facts);
  return 0;
}

}  // namespace kiln::program
