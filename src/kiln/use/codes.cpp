#include "kiln/use/codes.h"

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "kiln/io/svg.h"
#include "kiln/io/svg_plot.h"
#include "kiln/metrics/code_density.h"
#include "kiln/models/seen_as.h"
#include "kiln/use/picture_rows.h"

namespace kiln {
namespace {

constexpr std::size_t kLongestName = 36;                      // that an axis holds
constexpr std::int64_t kMostNumbers = std::int64_t{1} << 28;  // 1 GiB of codes
constexpr std::int64_t kDecodedAtOnce = 500;
constexpr std::int64_t kCells = 60;         // of a map of densities, each side
constexpr std::int64_t kMostPoints = 5000;  // of a scatter that a browser still likes

std::vector<double> column(const Tensor& points, std::int64_t index) {
  const auto values = points.select(1, index).contiguous();
  return {values.data_ptr<double>(), values.data_ptr<double>() + values.numel()};
}

PlotSeries series_of(const std::string& name, const Tensor& points) {
  return {.name = name, .x = column(points, 0), .y = column(points, 1)};
}

std::vector<PlotSeries> classes_of(const Tensor& points, const Tensor& y, const DataInfo& info) {
  if (!y.defined()) return {series_of("", points)};
  std::vector<PlotSeries> classes;
  for (std::int64_t label = 0; label < info.classes; ++label)
    classes.push_back(series_of(
        class_name(info, label),
        points.index_select(0, (y.narrow(0, 0, points.size(0)) == label).nonzero().flatten())));
  return classes;
}

// What the plane's axes are called.
std::pair<std::string, std::string> axes_of(const CodePlane& plane, std::int64_t latents) {
  if (latents <= 2) return {"z0", latents > 1 ? "z1" : ""};
  return {fmt::format("first component, {:.0f} %", 100 * plane.first_share),
          fmt::format("second component, {:.0f} %", 100 * plane.second_share)};
}

std::string scatter_of(const LabelledCodes& codes, const CodePlane& plane, const JudgedData& judged,
                       double limit) {
  const auto latents = codes.z.size(1), shown = std::min(kMostPoints, codes.z.size(0));
  const auto [x_name, y_name] = axes_of(plane, latents);
  ScatterPlot plot{.title = "codes of " + short_name(judged.name),
                   .x_label = x_name,
                   .y_label = y_name,
                   .limit = limit,
                   .radius = shown > 1500 ? 1.8 : 2.5};
  if (latents > 2)
    plot.title = fmt::format("{}: 2 principal components of {} latents, {:.0f} % of the variance",
                             short_name(judged.name), latents,
                             100 * (plane.first_share + plane.second_share));
  if (shown < codes.z.size(0)) plot.x_label += fmt::format(" (the first {} items)", shown);
  plot.classes = classes_of(plane.points.narrow(0, 0, shown), codes.y, judged.data->info());
  return svg_scatter_plot(plot);
}

// Codes and draws as they lie on one plane, within -limit to limit.
struct Compared {
  CodePlane plane;
  Tensor codes, prior;  // [N, 2]
  double limit;
};

Compared compared(const CodePlane& plane, const Tensor& codes, const Tensor& prior) {
  Compared both{plane, plane.place(codes), plane.place(prior), 0};
  for (const auto& points : {both.plane.points, both.codes, both.prior})
    both.limit = std::max(both.limit, 1.05 * points.abs().max().item<double>());
  if (!std::isfinite(both.limit))
    throw ConfigError("encode", "some codes are not finite; they have no place on a plane");
  if (both.limit == 0) both.limit = 1;
  return both;
}

std::string density(const std::string& title, const Compared& both, const Tensor& points,
                    std::int64_t latents, double most) {
  auto map = code_density(points, both.limit, kCells);
  map.title = title;
  std::tie(map.x_label, map.y_label) = axes_of(both.plane, latents);
  map.value_label = "share per unit of area; the brightest: so much or more";
  map.most = most;
  return svg_heat_map(map);
}

}  // namespace

LabelledCodes codes_of(Encoder& encoder, const JudgedData& judged, const CodeOptions& options,
                       Rng* draws) {
  auto data = judged.data;
  if (options.items > 0 && options.items < data->size())
    data = subset(data, first_items(judged, options.items));
  if (data->size() > kMostNumbers / encoder.code_size())
    throw ConfigError("encode", fmt::format("{} codes of {} numbers are more than fit; take a part "
                                            "of at most {} items with --items",
                                            data->size(), encoder.code_size(),
                                            kMostNumbers / encoder.code_size()));
  Loader loader(data, judged.transform, LoaderOptions::one_pass(options.batch, options.seed));
  return encode_items(encoder, loader, options.device, draws);
}

std::int64_t latents_of(const TrainedModel& run) {
  if (const auto* encoder = seen_as<Encoder>(*run.model)) return encoder->code_size();
  Rng rng(0, "latents");
  return run.as<Prior>("encoder or prior").sample_prior(1, rng).size(1);
}

Tensor decode_codes(Decoder& decoder, const Tensor& z, torch::Device device) {
  torch::NoGradGuard no_grad;
  std::vector<Tensor> parts;
  for (const auto& part : z.to(device, torch::kFloat32).split(kDecodedAtOnce))
    parts.push_back(decoder.decode_mean(part).to(torch::kCPU));
  return torch::cat(parts);
}

Tensor decode_images(const std::string& command, const TrainedModel& run, Decoder& decoder,
                     const Tensor& z, torch::Device device) {
  const auto x = decode_codes(decoder, z, device);
  if (x.dim() != 4)
    throw ConfigError(command,
                      fmt::format("draws images; the run learned {}, a table", run.config.data));
  return x;
}

std::string class_name(const DataInfo& info, std::int64_t label) {
  const auto index = static_cast<std::size_t>(label);
  return index < info.class_names.size() ? info.class_names[index] : fmt::format("{}", label);
}

std::string short_name(const std::string& judged) {
  const auto colon = judged.find(':');
  const auto slash = judged.rfind('/', std::min(judged.find(','), judged.find(' ')));
  auto name = judged;
  if (colon != std::string::npos && slash != std::string::npos && slash > colon)
    name = judged.substr(0, colon + 1) + judged.substr(slash + 1);
  const auto keys = name.find(','), part = name.find(' ');
  if (name.size() > kLongestName && keys < part) name.erase(keys, part - keys);
  return name;
}

std::string code_scatter(const LabelledCodes& codes, const JudgedData& judged) {
  return scatter_of(codes, code_plane(codes.z), judged, 0);
}

std::string codes_beside_prior(const LabelledCodes& codes, const Tensor& drawn,
                               const JudgedData& judged, Prior& prior, Rng& rng) {
  const auto both =
      compared(code_plane(codes.z), drawn, prior.sample_prior(drawn.size(0), rng).to(torch::kCPU));
  const auto most = code_density(both.prior, both.limit, kCells).values;
  const auto latents = codes.z.size(1);
  const double brightest = *std::max_element(most.begin(), most.end());
  return svg_row({scatter_of(codes, both.plane, judged, both.limit),
                  density("density of the codes", both, both.codes, latents, brightest),
                  density("density of the prior", both, both.prior, latents, brightest)},
                 "codes of " + judged.name + " beside the prior");
}

}  // namespace kiln
