#include <fmt/format.h>
#include <torch/types.h>

#include <algorithm>

#include "apps/kiln/actions/check_pictures.h"
#include "apps/kiln/actions/progress.h"
#include "apps/kiln/actions/run_access.h"
#include "kiln/check/check_model.h"
#include "kiln/core/error.h"
#include "kiln/core/threads.h"
#include "kiln/feed/batches.h"
#include "kiln/io/atomic_file.h"

namespace kiln::program {
namespace {

constexpr std::int64_t kItems = 256;
constexpr int kRed = 4;  // the exit code of numbers that are wrong

// The first items, with the transform's draws of the first pass.
Batch first_batch(const JudgedData& judged) {
  const auto count = std::min(kItems, judged.data->size());
  if (count < 2)
    throw ConfigError("check", fmt::format("needs at least two items, {} holds {}; name another "
                                           "--data or --split",
                                           judged.name, count));
  Loader loader(judged.data, judged.transform,
                {.batch = count, .shuffle = false, .repeat = false, .threads = 0});
  return to_batch(loader.next(), loader.info());
}

// In a few contexts.
Tensor field_of(const TrainedModel& run, const Batch& items, const PixelOfShape& pixel) {
  const auto few = items.chosen(torch::arange(std::min<std::int64_t>(4, items.x.size(0))));
  return receptive_field(run.as<Autoregressive>("autoregressive"), run.model->value_set(),
                         few.around(few.x.flatten(1)), pixel);
}

std::string table(const CheckReport& report) {
  std::string text;
  for (const auto& f : report.findings)
    text += fmt::format("\n  {:4}  {:15} {}", f.passed ? "ok" : "RED", f.name, f.detail);
  return text;
}

nlohmann::json as_json(const CheckReport& report) {
  auto list = nlohmann::json::array();
  for (const auto& f : report.findings)
    list.push_back(
        {{"name", f.name}, {"passed", f.passed}, {"figure", f.figure}, {"detail", f.detail}});
  return list;
}

}  // namespace

int check(const CheckArguments& a, const Console& console) {
  start_up();
  const auto run = load(a.run, console);
  const auto judged = judged_data(run, a.data, a.split);
  Rng rng(static_cast<std::uint64_t>(a.run.seed), "check");
  const auto items = first_batch(judged);
  const auto pixel = a.field.empty()
                         ? std::nullopt
                         : std::optional(asked_pixel(a, items.x.sizes().slice(1).vec()));
  Progress progress(!console.quiet && !console.json);
  const auto report = check_model(
      *run.model, items, rng,
      [&](const auto& what, auto done, auto of) { progress.begin("check: " + what, done, of); });
  progress.clear();
  if (report.findings.empty())
    throw ConfigError("check", fmt::format("finds nothing that it could check on {}: a fitted "
                                           "density is weighed on tables of up to 64 numbers",
                                           judged.name));
  if (!a.out.empty() && report.leaks) {
    make_folder_of(a.out);
    write_file_atomically(a.out, leak_picture(*report.leaks));
  }
  if (pixel) {
    make_folder_of(a.field);
    write_file_atomically(a.field, field_picture(*pixel, field_of(run, items, *pixel)));
  }
  console.result(fmt::format("{} at step {}, contexts from {}{}", a.run.run, run.step, judged.name,
                             table(report)),
                 {{"run", a.run.run},
                  {"step", run.step},
                  {"data", judged.name},
                  {"passed", report.passed()},
                  {"findings", as_json(report)}});
  return report.passed() ? 0 : kRed;
}

}  // namespace kiln::program
