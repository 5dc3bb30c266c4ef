#include "kiln/train/pictures.h"

#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "kiln/io/atomic_file.h"
#include "kiln/io/image_grid.h"
#include "kiln/io/npy.h"
#include "kiln/io/svg_plot.h"

namespace kiln {
namespace {

Tensor on_host(const Tensor& x) { return x.detach().to(torch::kCPU, torch::kFloat32).contiguous(); }

std::vector<double> column(const Tensor& x, std::int64_t index) {
  const auto values = x.select(1, index).to(torch::kFloat64).contiguous();
  return {values.data_ptr<double>(), values.data_ptr<double>() + values.numel()};
}

}  // namespace

std::vector<Image> pictures_of(const Tensor& x, ValueSet values) {
  const auto host = on_host(x);
  const auto size =
      static_cast<std::size_t>(host.numel() / std::max<std::int64_t>(1, host.size(0)));
  std::vector<Image> pictures;
  for (std::int64_t i = 0; i < host.size(0); ++i)
    pictures.push_back(
        from_planar_floats({host.data_ptr<float>() + static_cast<std::size_t>(i) * size, size},
                           host.size(1), host.size(2), host.size(3), values.low(), values.high()));
  return pictures;
}

Tensor unit_item(const Image& picture) {
  auto bytes = torch::empty({1, picture.height, picture.width, picture.channels}, torch::kUInt8);
  std::copy(picture.pixels.begin(), picture.pixels.end(), bytes.data_ptr<std::uint8_t>());
  return bytes.permute({0, 3, 1, 2}).to(torch::kFloat32).contiguous() / 255;
}

namespace {

constexpr double kDeepest = 65535;

}  // namespace

Tensor unit_item(const DeepImage& picture) {
  auto samples = torch::empty({1, picture.height, picture.width, picture.channels});
  std::copy(picture.samples.begin(), picture.samples.end(), samples.data_ptr<float>());
  return samples.permute({0, 3, 1, 2}).contiguous() / kDeepest;
}

DeepImage deep_picture_of(const Tensor& x, ValueSet values) {
  const auto unit = (on_host(x) - values.low()) / (values.high() - values.low());
  const auto samples = (unit.clamp(0, 1) * kDeepest).round().permute({0, 2, 3, 1}).contiguous();
  DeepImage picture{.width = x.size(3), .height = x.size(2), .channels = x.size(1)};
  const auto* first = samples.data_ptr<float>();
  for (std::int64_t i = 0; i < samples.numel(); ++i)
    picture.samples.push_back(static_cast<std::uint16_t>(first[i]));
  return picture;
}

Image picture_grid(const Tensor& x, ValueSet values, std::int64_t columns) {
  return make_grid(pictures_of(x, values), {.columns = columns});
}

Image row_grid(const std::vector<Tensor>& rows, ValueSet values) {
  std::vector<Image> pictures;
  for (const auto& row : rows)
    for (auto& picture : pictures_of(row, values)) pictures.push_back(std::move(picture));
  return make_grid(pictures, {.columns = rows.front().size(0)});
}

std::filesystem::path write_samples(const std::filesystem::path& stem, const Tensor& x,
                                    ValueSet values,
                                    const std::map<std::string, std::string>& text) {
  auto path = stem;
  if (x.dim() == 4 && (x.size(1) == 1 || x.size(1) == 3)) {
    path += ".png";
    write_png(path, picture_grid(x, values, 0), text);
  } else if (x.dim() == 2 && x.size(1) == 2) {
    path += ".svg";
    const auto host = on_host(x);
    write_file_atomically(
        path, svg_scatter_plot({.title = "samples",
                                .x_label = "x0",
                                .y_label = "x1",
                                .classes = {{.x = column(host, 0), .y = column(host, 1)}}}));
  } else {
    path += ".npy";
    write_tensor(path, x);
  }
  return path;
}

void write_tensor(const std::filesystem::path& path, const Tensor& x) {
  const auto host = on_host(x);
  write_npy(
      path,
      {"", host.sizes().vec(), {host.data_ptr<float>(), host.data_ptr<float>() + host.numel()}});
}

}  // namespace kiln
