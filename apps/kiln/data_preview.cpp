#include "apps/kiln/data_preview.h"

#include <fmt/format.h>

#include "apps/kiln/data_words.h"
#include "kiln/core/error.h"
#include "kiln/io/atomic_file.h"
#include "kiln/io/image_grid.h"
#include "kiln/io/svg_plot.h"

namespace kiln::program {
namespace {

// Items `items` with their fields, one after another.
std::vector<float> read_items(const Dataset& data, const std::vector<std::int64_t>& items,
                              std::vector<std::int64_t>& labels) {
  const auto size = static_cast<std::size_t>(data.info().stored_size());
  std::vector<float> x(items.size() * size);
  for (std::size_t i = 0; i < items.size(); ++i)
    labels.push_back(data.read(items[i], {x.data() + i * size, size}));
  return x;
}

// One colour for each class; `labels` are in class order.
std::string scatter(const DataInfo& info, const std::vector<float>& x,
                    const std::vector<std::int64_t>& labels) {
  ScatterPlot plot{
      .title = info.name, .x_label = column_name(info, 0), .y_label = column_name(info, 1)};
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (i == 0 || labels[i] != labels[i - 1])
      plot.classes.push_back({.name = labels[i] < 0 ? "" : class_name(info, labels[i])});
    plot.classes.back().x.push_back(x[2 * i]);
    plot.classes.back().y.push_back(x[2 * i + 1]);
  }
  return svg_scatter_plot(plot);
}

void require_extension(const std::filesystem::path& out, const char* what, const char* extension) {
  if (out.extension() != extension)
    throw ConfigError("out", fmt::format("{} need a name that ends in {}, got '{}'", what,
                                         extension, out.string()));
}

}  // namespace

void write_preview(const std::filesystem::path& out, const Dataset& data,
                   const std::vector<std::int64_t>& items) {
  const auto& info = data.info();
  if (!info.is_image() && info.item_size() != 2)
    throw ConfigError("out", fmt::format("{} holds neither images nor points of the plane, so "
                                         "there is no preview; leave -o out",
                                         info.name));
  require_extension(out, info.is_image() ? "images" : "points", info.is_image() ? ".png" : ".svg");
  std::vector<std::int64_t> labels;
  auto x = read_items(data, items, labels);
  make_folder_of(out);
  if (!info.is_image()) return write_file_atomically(out, scatter(info, x, labels));
  const ValueSet values{info.values, info.levels};
  std::vector<Image> pictures;
  const float* next = x.data();
  const auto add = [&](const std::vector<std::int64_t>& shape) {
    const auto size = static_cast<std::size_t>(shape[0] * shape[1] * shape[2]);
    pictures.push_back(from_planar_floats({next, size}, shape[0], shape[1], shape[2], values.low(),
                                          values.high()));
    next += size;
  };
  for (std::size_t i = 0; i < items.size(); ++i) {
    add(info.shape);
    for (const auto& field : info.more) add(field.shape);
  }
  write_png(out, make_grid(pictures, {.columns = kPreviewColumns}), {{"data", info.name}});
}

}  // namespace kiln::program
