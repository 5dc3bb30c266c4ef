#include <fmt/format.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>

#include "apps/kiln/actions/run_access.h"
#include "kiln/check/check_model.h"
#include "kiln/core/error.h"
#include "kiln/core/text.h"
#include "kiln/core/threads.h"
#include "kiln/feed/batches.h"
#include "kiln/io/atomic_file.h"
#include "kiln/io/svg_plot.h"

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

// How far a conditional moves spans many powers of ten; what did not move stays blank.
std::string leak_picture(const Leaks& leaks) {
  HeatMap map{.title = "Which conditional moves when one number is changed",
              .x_label = "step of the number that was changed",
              .y_label = "step of the conditional",
              .value_label = "log10 of the change, nats",
              .rows = leaks.moves.size(0),
              .columns = leaks.moves.size(1)};
  const auto moves = leaks.moves.contiguous();
  for (std::int64_t k = 0; k < moves.numel(); ++k)
    map.values.push_back(std::log10(moves.data_ptr<double>()[k]));
  return svg_heat_map(map);
}

std::int64_t side(const std::string& text, std::int64_t length) {
  const auto number = parse_integer(text);
  if (!number || *number < 0 || *number >= length)
    throw ConfigError("check.pixel",
                      fmt::format("needs ROW,COLUMN, each from 0 up and inside of the "
                                  "picture, got '{}'",
                                  text));
  return *number;
}

// What the law of one pixel reads, in powers of ten; white: nothing.
std::string field_picture(const CheckArguments& a, const Leaks& leaks, const Autoregressive& model,
                          const std::vector<std::int64_t>& shape) {
  if (shape.size() != 3)
    throw ConfigError("check.field", "shows what a pixel reads, and the items are a table");
  const auto comma = a.pixel.find(',');
  const auto row = a.pixel.empty() ? shape[1] / 2 : side(a.pixel.substr(0, comma), shape[1]);
  const auto column = a.pixel.empty()              ? shape[2] / 2
                      : comma == std::string::npos ? side("", shape[2])
                                                   : side(a.pixel.substr(comma + 1), shape[2]);
  const auto field = receptive_field(leaks, model.ordering(), shape, row, column);
  HeatMap map{.title = fmt::format("What the law of pixel {},{} reads", row, column),
              .x_label = "column",
              .y_label = "row",
              .value_label = "log10 of the change, nats",
              .rows = shape[1],
              .columns = shape[2]};
  for (std::int64_t k = 0; k < field.numel(); ++k)
    map.values.push_back(std::log10(field.data_ptr<double>()[k]));
  return svg_heat_map(map);
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
  const auto report = check_model(*run.model, items, rng);
  if (report.findings.empty())
    throw ConfigError("check", fmt::format("finds nothing that it could check on {}: a fitted "
                                           "density is weighed on tables of up to 64 numbers",
                                           judged.name));
  if (!a.out.empty() && report.leaks) write_file_atomically(a.out, leak_picture(*report.leaks));
  if (!a.field.empty() && report.leaks)
    write_file_atomically(a.field,
                          field_picture(a, *report.leaks, run.as<Autoregressive>("autoregressive"),
                                        items.x.sizes().slice(1).vec()));
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
