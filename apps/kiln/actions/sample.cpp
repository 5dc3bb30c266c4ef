#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>

#include "apps/kiln/actions/run_access.h"
#include "apps/kiln/actions/run_pictures.h"
#include "kiln/core/text.h"
#include "kiln/core/threads.h"
#include "kiln/io/atomic_file.h"
#include "kiln/io/csv_writer.h"
#include "kiln/io/svg_plot.h"
#include "kiln/models/seen_as.h"
#include "kiln/train/pictures.h"

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

fs::path write(const SampleArguments& a, const TrainedModel& run, const Tensor& x) {
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

// The class that is asked for, by number or by the name that the run's data give it.
std::optional<std::int64_t> wanted_label(const SampleArguments& a, const TrainedModel& run) {
  if (a.class_name.empty()) return a.label;
  const auto& config = run.config;
  const auto source = open_source(
      parse_source(config.data),
      {.seed = static_cast<std::uint64_t>(config.train.seed), .skip_bad = config.skip_bad});
  const auto& names = source.splits.train->info().class_names;
  const auto found = std::find(names.begin(), names.end(), a.class_name);
  if (found != names.end()) return found - names.begin();
  const auto hint = did_you_mean(a.class_name, names);
  throw ConfigError("sample.condition",
                    names.empty()
                        ? fmt::format("the classes of {} have no names; say label=N", config.data)
                        : fmt::format("no class '{}'{} Classes: {}", a.class_name,
                                      hint.empty() ? "." : hint, join(names, ", ")));
}

Given given(const SampleArguments& a, const TrainedModel& run) {
  const auto label = wanted_label(a, run);
  return label ? Given::of_class(*label) : Given{};
}

// A picture of a model that adds noise to what it decodes shows what it decodes, as previews do;
// numbers, a temperature and a class are those of the law itself.
bool shows_mean(const SampleArguments& a, const TrainedModel& run) {
  const auto channels = run.config.model_options.find("channels");
  const bool images = channels != run.config.model_options.end() && channels->second != "0";
  const auto ending = fs::path(a.out).extension().string();
  const bool pictures = images && (a.out.empty() || ending.empty() || ending == ".png");
  const auto* model = run.model.get();
  const bool noisy = seen_as<Bound>(*model) || seen_as<Likelihood>(*model);
  return a.mean || (pictures && noisy && !a.noise && a.condition.empty() && a.temperature == 1 &&
                    seen_as<Decoder>(*model) && seen_as<Prior>(*model));
}

Tensor draw(const SampleArguments& a, const TrainedModel& run, Rng& rng, const Console& console) {
  if (!shows_mean(a, run))
    return run.as<Sampler>("sampler").sample(
        {.count = a.count, .temperature = a.temperature, .given = given(a, run)}, rng);
  if (!a.mean)
    console.note("each picture is the mean of x given a drawn code; --noise draws x itself");
  torch::NoGradGuard no_grad;
  auto& decoder = run.as<Decoder>("decoder");
  return decoder.decode_mean(run.as<Prior>("prior").sample_prior(a.count, rng));
}

}  // namespace

int sample(const SampleArguments& a, const Console& console) {
  start_up();
  const auto run = load(a.run, console);
  Rng rng(static_cast<std::uint64_t>(a.run.seed), "sample", parse_device(a.run.device));
  const auto x = draw(a, run, rng, console);
  const auto path = write(a, run, x).string();
  console.result(path, {{"run", a.run.run},
                        {"step", run.step},
                        {"count", a.count},
                        {"seed", a.run.seed},
                        {"file", path}});
  return 0;
}

}  // namespace kiln::program
