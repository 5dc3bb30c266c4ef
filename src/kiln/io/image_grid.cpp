#include "kiln/io/image_grid.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "kiln/core/error.h"

namespace kiln {
namespace {

constexpr std::uint8_t kSeparator = 150;        // seen against black and against white
constexpr double kSeenSide = 56;                // pixels that a picture should have on a screen
constexpr std::int64_t kGridLimit = 1ll << 28;  // pixels

std::int64_t check_images(const std::vector<Image>& images) {
  if (images.empty()) throw ShapeError("image.grid", "there is no picture to show");
  std::int64_t channels = 1;
  for (const auto& image : images) {
    if (image.width != images[0].width || image.height != images[0].height)
      throw ShapeError("image.grid",
                       fmt::format("pictures must have one size, got {} x {} and {} "
                                   "x {}; resize them first",
                                   images[0].width, images[0].height, image.width, image.height));
    channels = std::max(channels, image.channels);
  }
  return channels;
}

}  // namespace

void paste(Image& canvas, const Image& image, std::int64_t left, std::int64_t top) {
  const std::int64_t row = image.width * image.channels;
  for (std::int64_t y = 0; y < image.height; ++y)
    std::copy_n(image.pixels.begin() + y * row, row,
                canvas.pixels.begin() + ((top + y) * canvas.width + left) * canvas.channels);
}

Image make_grid(const std::vector<Image>& images, const GridOptions& options) {
  const std::int64_t channels = check_images(images);
  const auto count = static_cast<std::int64_t>(images.size());
  const auto square = static_cast<std::int64_t>(std::ceil(std::sqrt(static_cast<double>(count))));
  const std::int64_t columns = std::min(count, options.columns > 0 ? options.columns : square);
  const std::int64_t rows = (count + columns - 1) / columns;
  const double side = static_cast<double>(std::max(images[0].width, images[0].height));
  const std::int64_t zoom =
      options.zoom > 0 ? options.zoom : std::max<std::int64_t>(1, std::lround(kSeenSide / side));
  const std::int64_t step_x = images[0].width * zoom + options.padding;
  const std::int64_t step_y = images[0].height * zoom + options.padding;
  const double pixels = static_cast<double>(columns * step_x) * static_cast<double>(rows * step_y);
  if (options.padding < 0 || zoom > 1024 || pixels > static_cast<double>(kGridLimit))
    throw ConfigError("image.grid",
                      fmt::format("{} pictures of {} x {} at zoom {} make no grid of "
                                  "at most {} pixels; show fewer",
                                  count, images[0].width, images[0].height, zoom, kGridLimit));
  Image canvas{.width = columns * step_x + options.padding,
               .height = rows * step_y + options.padding,
               .channels = channels};
  canvas.pixels.assign(static_cast<std::size_t>(canvas.width * canvas.height * channels),
                       kSeparator);
  for (std::int64_t i = 0; i < count; ++i)
    paste(canvas, zoomed(with_channels(images[static_cast<std::size_t>(i)], channels), zoom),
          options.padding + i % columns * step_x, options.padding + i / columns * step_y);
  return canvas;
}

Image zoomed(const Image& image, std::int64_t factor) {
  if (factor < 1) throw ConfigError("image.zoom", fmt::format("must be positive, got {}", factor));
  Image large{
      .width = image.width * factor, .height = image.height * factor, .channels = image.channels};
  large.pixels.reserve(static_cast<std::size_t>(large.width * large.height * large.channels));
  for (std::int64_t y = 0; y < large.height; ++y)
    for (std::int64_t x = 0; x < large.width; ++x) {
      const auto pixel =
          image.pixels.begin() + (y / factor * image.width + x / factor) * image.channels;
      large.pixels.insert(large.pixels.end(), pixel, pixel + image.channels);
    }
  return large;
}

Image from_planar_floats(std::span<const float> chw, std::int64_t channels, std::int64_t height,
                         std::int64_t width, float low, float high) {
  const std::int64_t area = height * width;
  if ((channels != 1 && channels != 3) || height < 1 || width < 1 ||
      static_cast<std::size_t>(channels * area) != chw.size())
    throw ShapeError("image", fmt::format("a picture must be [1 or 3, H, W], got {} numbers for "
                                          "[{}, {}, {}]",
                                          chw.size(), channels, height, width));
  if (!(low < high))
    throw ConfigError("image", fmt::format("low must be below high, got {} and {}", low, high));
  Image image{.width = width, .height = height, .channels = channels};
  image.pixels.reserve(chw.size());
  for (std::int64_t at = 0; at < area; ++at)
    for (std::int64_t c = 0; c < channels; ++c) {
      const float unit = (chw[static_cast<std::size_t>(c * area + at)] - low) / (high - low);
      const float level = unit > 0 ? std::min(unit, 1.0f) * 255 : 0;  // false for NaN
      image.pixels.push_back(static_cast<std::uint8_t>(std::lround(level)));
    }
  return image;
}

}  // namespace kiln
