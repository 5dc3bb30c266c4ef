#include "kiln/use/reel.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/types.h>

#include <algorithm>
#include <set>
#include <span>

#include "kiln/core/text.h"
#include "kiln/io/atomic_file.h"
#include "kiln/io/npy.h"
#include "kiln/io/scatter_image.h"
#include "kiln/use/picture_rows.h"

namespace kiln {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kDataPoints = 1000;  // drawn behind the samples
constexpr std::uint64_t kMostBytes = 1 << 26;
constexpr std::size_t kNamedSteps = 6;  // in a refusal

std::map<std::int64_t, fs::path> files_of(const fs::path& run, const std::string& extension) {
  const std::string start = "step-";
  std::map<std::int64_t, fs::path> files;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(run / "samples", none)) {
    const auto stem = entry.path().stem().string();
    if (!stem.starts_with(start) || entry.path().extension() != extension) continue;
    if (const auto step = parse_integer(stem.substr(start.size()));
        step && entry.is_regular_file(none))
      files[*step] = entry.path();
  }
  return files;
}

struct Points {
  std::vector<double> x, y;
};

Points points_of(std::span<const float> pairs) {
  Points points;
  for (std::size_t i = 0; i + 1 < pairs.size(); i += 2)
    points.x.push_back(pairs[i]), points.y.push_back(pairs[i + 1]);
  return points;
}

Points read_points(const fs::path& file) {
  const auto bytes = read_file(file, kMostBytes);
  const auto header = parse_npy_header(file.string(), bytes.data(), bytes.size(), bytes.size());
  if (header.shape.size() != 2 || header.shape[1] != 2)
    throw ConfigError("film", fmt::format("'{}' has shape [{}]; a film shows images or points of "
                                          "the plane",
                                          file.string(), fmt::join(header.shape, ", ")));
  std::vector<float> pairs(static_cast<std::size_t>(header.count()));
  npy_to_float(header, bytes.data() + header.data_offset, header.count(), pairs.data());
  return points_of(pairs);
}

// Room around the data, so that samples beside them are seen.
Range range_around(const std::vector<double>& values) { return widened(range_of(values), 0.15); }

// "runs/a lacks steps 200, 400".
std::string lacking(const Reel& reel, const std::set<std::int64_t>& all) {
  const auto own = reel.steps();
  std::vector<std::string> missing;
  for (const auto step : all)
    if (!std::binary_search(own.begin(), own.end(), step)) missing.push_back(std::to_string(step));
  if (missing.empty()) return "";
  const auto more = missing.size() > kNamedSteps;
  if (more) missing.resize(kNamedSteps);
  return fmt::format("; {} lacks step{} {}{}", reel.run(), missing.size() > 1 ? "s" : "",
                     join(missing, ", "), more ? " ..." : "");
}

}  // namespace

Reel::Reel(const std::string& run, const Hooks& hooks) : run_(run) {
  RunFolder::open(run);
  files_ = files_of(run, ".png");
  if (files_.empty()) {
    files_ = files_of(run, ".npy");
    of_points_ = !files_.empty();
  }
  if (files_.empty())
    throw ConfigError("film", fmt::format("{} has no pictures of its training: samples/step-*.png, "
                                          "or .npy of points; models that draw samples make them",
                                          run));
  if (!of_points_) return;
  read_points(files_.begin()->second);
  read_data(hooks);
}

void Reel::read_data(const Hooks& hooks) {
  const auto trained = load_run(run_, "last");
  hooks.warn_of(trained.warnings);
  const auto judged = judged_data(trained, "", "train");
  const auto x = items_of(judged, spread_items(judged, kDataPoints), 1, torch::kCPU).x.contiguous();
  auto points = points_of({x.data_ptr<float>(), static_cast<std::size_t>(x.numel())});
  data_x_ = std::move(points.x), data_y_ = std::move(points.y);
}

std::vector<std::int64_t> Reel::steps() const {
  std::vector<std::int64_t> steps;
  for (const auto& [step, file] : files_) steps.push_back(step);
  return steps;
}

Range Reel::x_range() const { return range_around(data_x_); }
Range Reel::y_range() const { return range_around(data_y_); }

Image Reel::picture(std::int64_t step, const Range& x, const Range& y) const {
  const auto& file = files_.at(step);
  if (!of_points_) return with_channels(read_image(file), 3);
  auto samples = read_points(file);
  return scatter_image(
      {.side = 400,
       .x = x,
       .y = y,
       .layers = {
           {.x = data_x_, .y = data_y_, .colour = {150, 150, 150}, .radius = 1.2, .opacity = 0.5},
           {.x = std::move(samples.x), .y = std::move(samples.y)}}});
}

std::vector<std::int64_t> shared_steps(const std::vector<Reel>& reels) {
  std::set<std::int64_t> all;
  std::vector<std::int64_t> shared = reels.front().steps();
  for (const auto& reel : reels) {
    const auto steps = reel.steps();
    all.insert(steps.begin(), steps.end());
    std::erase_if(shared,
                  [&](auto step) { return !std::binary_search(steps.begin(), steps.end(), step); });
  }
  if (shared.size() >= 2) return shared;
  if (reels.size() == 1)
    throw ConfigError("film",
                      fmt::format("{} has a picture of step {} alone, and a film needs two; "
                                  "train on, or with a smaller --sample-every",
                                  reels.front().run(), shared.front()));
  std::string who;
  for (const auto& reel : reels) who += lacking(reel, all);
  throw ConfigError("film", fmt::format("the runs share {} step{} with pictures, and a film needs "
                                        "two{}; train them with one --sample-every",
                                        shared.size(), shared.size() == 1 ? "" : "s", who));
}

}  // namespace kiln
