#include "kiln/train/pictures.h"

#include <torch/torch.h>

#include <algorithm>
#include <vector>

#include "kiln/io/npy.h"

namespace kiln {
namespace {

constexpr std::int64_t kWantedPixels = 56;  // a 28-pixel digit is shown twice as large

// [B, C, H, W] in a model's values -> bytes 0 .. 255.
Tensor to_bytes(const Tensor& x, Values values) {
  const auto unit = values == Values::signed_unit ? (x + 1) / 2 : x;
  return (unit.clamp(0, 1) * 255).round().to(torch::kUInt8);
}

}  // namespace

Image picture_grid(const Tensor& x, Values values, std::int64_t columns) {
  const auto bytes = to_bytes(x.detach().to(torch::kCPU), values);
  const std::int64_t count = bytes.size(0), channels = bytes.size(1) == 3 ? 3 : 1;
  const auto zoom = std::max<std::int64_t>(1, kWantedPixels / std::max(bytes.size(2), bytes.size(3)));
  const auto height = bytes.size(2) * zoom, width = bytes.size(3) * zoom, gap = std::int64_t{2};
  columns = std::clamp<std::int64_t>(columns, 1, count);
  const auto rows = (count + columns - 1) / columns;
  auto canvas = torch::full({channels, rows * (height + gap) + gap, columns * (width + gap) + gap}, 96, torch::kUInt8);
  for (std::int64_t i = 0; i < count; ++i) {
    const auto tile = bytes[i].narrow(0, 0, channels).repeat_interleave(zoom, 1).repeat_interleave(zoom, 2);
    canvas.narrow(1, gap + i / columns * (height + gap), height).narrow(2, gap + i % columns * (width + gap), width).copy_(tile);
  }
  const auto planes = canvas.permute({1, 2, 0}).contiguous();
  const auto* data = planes.data_ptr<std::uint8_t>();
  return {canvas.size(2), canvas.size(1), channels, {data, data + planes.numel()}};
}

std::filesystem::path write_samples(const std::filesystem::path& stem, const Tensor& x, Values values,
                                    const std::map<std::string, std::string>& text) {
  auto path = stem;
  if (x.dim() == 4) {
    path += ".png";
    const auto columns = static_cast<std::int64_t>(std::ceil(std::sqrt(static_cast<double>(x.size(0)))));
    write_png(path, picture_grid(x, values, columns), text);
    return path;
  }
  path += ".npy";
  const auto host = x.detach().to(torch::kCPU, torch::kFloat32).contiguous();
  write_npy(path, {"", host.sizes().vec(), {host.data_ptr<float>(), host.data_ptr<float>() + host.numel()}});
  return path;
}

}  // namespace kiln
