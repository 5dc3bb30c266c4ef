#include "apps/kiln/actions/sample_files.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "kiln/io/atomic_file.h"
#include "kiln/io/csv_writer.h"
#include "kiln/io/svg_plot.h"
#include "kiln/train/pictures.h"
#include "kiln/use/judged_data.h"
#include "kiln/use/picture_rows.h"

namespace kiln::program {
namespace {

namespace fs = std::filesystem;

std::map<std::string, std::string> provenance(const SampleArguments& a, const TrainedModel& run) {
  return {{"model", run.config.model},
          {"run", fs::path(a.run.run).filename().string()},
          {"step", std::to_string(run.step)},
          {"seed", std::to_string(a.run.seed)},
          {"temperature", fmt::format("{}", a.temperature)}};
}

// A table, one row a sample.
void write_table(const fs::path& out, const Tensor& x) {
  const auto host = x.to(torch::kCPU, torch::kFloat64).contiguous();
  const auto columns = host.size(1);
  std::vector<std::string> names;
  for (std::int64_t d = 0; d < columns; ++d) names.push_back(fmt::format("x{}", d));
  std::vector<std::vector<double>> rows;
  for (std::int64_t i = 0; i < host.size(0); ++i) {
    const auto* row = host.data_ptr<double>() + i * columns;
    rows.emplace_back(row, row + columns);
  }
  write_csv(out, names, rows);
}

// Pictures, points and tables each have endings of their own; numbers have theirs always.
void check_fits(const std::string& ending, const Tensor& x) {
  const bool images = x.dim() == 4, points = x.dim() == 2 && x.size(1) == 2;
  const auto wanted = images   ? "FILE.png, FILE.npy or DIR/"
                      : points ? "FILE.svg, FILE.csv, FILE.npy or DIR/"
                               : "FILE.csv, FILE.npy or DIR/";
  if (ending.empty() || ending == ".npy" || (ending == ".csv" && !images) ||
      (ending == ".png" && images) || (ending == ".svg" && points))
    return;
  throw ConfigError("sample.out", fmt::format("the samples are {}: give {}",
                                              images   ? "images"
                                              : points ? "points"
                                                       : "a table",
                                              wanted));
}

fs::path write_one_each(const fs::path& folder, const Tensor& x, ValueSet values,
                        const std::map<std::string, std::string>& text) {
  make_folder_of(folder / "0");
  for (std::int64_t i = 0; i < x.size(0); ++i)
    write_samples(folder / fmt::format("{:05}", i), x.narrow(0, i, 1), values, text);
  return folder;
}

fs::path default_stem(const SampleArguments& a) {
  const auto stem = fs::path(a.run.run) / "samples" / fmt::format("sample-{}", a.run.seed);
  for (const auto* ending : {".png", ".svg", ".npy"}) drop_link(stem.string() + ending);
  return stem;
}

constexpr std::int64_t kDataPoints = 1000;

PlotSeries points_of(const std::string& name, const Tensor& x) {
  PlotSeries series{.name = name};
  const auto host = x.to(torch::kCPU, torch::kFloat64).contiguous();
  for (std::int64_t i = 0; i < host.size(0); ++i) {
    const auto* point = host.data_ptr<double>() + 2 * i;
    series.x.push_back(point[0]), series.y.push_back(point[1]);
  }
  return series;
}

fs::path write_beside_data(const SampleArguments& a, const TrainedModel& run, fs::path out,
                           const Tensor& x) {
  if (x.dim() != 2 || x.size(1) != 2 || (!a.out.empty() && out.extension() != ".svg"))
    throw ConfigError("sample.beside_data", "draws points of the plane, into FILE.svg");
  const auto judged = judged_data(run, "", "");
  const auto data = items_of(judged, spread_items(judged, kDataPoints), 1, torch::kCPU).x;
  out.replace_extension(".svg");
  write_file_atomically(out, svg_scatter_plot({.title = fmt::format("samples of {} beside {}",
                                                                    run.config.model, judged.name),
                                               .x_label = "x0",
                                               .y_label = "x1",
                                               .classes = {points_of("samples", x)},
                                               .behind = points_of("data", data)}));
  return out;
}

}  // namespace

fs::path write_sample_files(const SampleArguments& a, const TrainedModel& run, const Tensor& x) {
  const auto text = provenance(a, run);
  const auto values = run.model->value_set();
  auto out = a.out.empty() ? default_stem(a) : fs::path(a.out);
  const auto ending = a.out.empty() ? std::string() : out.extension().string();
  check_fits(ending, x);
  if (!out.has_filename()) return write_one_each(out, x, values, text);
  make_folder_of(out);
  if (a.beside_data) return write_beside_data(a, run, out, x);
  if (ending == ".csv") return write_table(out, x), out;
  if (ending == ".npy") return write_tensor(out, x), out;
  if (!ending.empty()) out.replace_extension();
  return write_samples(out, x, values, text);
}

}  // namespace kiln::program
