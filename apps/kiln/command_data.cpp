#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "apps/kiln/data_summary.h"
#include "apps/kiln/number_checks.h"
#include "apps/kiln/program.h"
#include "kiln/core/text.h"
#include "kiln/data/source.h"
#include "kiln/io/atomic_file.h"
#include "kiln/io/image_grid.h"
#include "kiln/io/svg_plot.h"

namespace kiln::program {
namespace {

constexpr std::int64_t kMostItems = 10000;
constexpr std::int64_t kColumns = 10;

struct DataArguments {
  std::string spec, out;
  bool skip_bad = false;
  std::int64_t seed = 1;
};

void list_sources(const Console& console) {
  auto list = nlohmann::json::array();
  std::string text;
  for (const auto& kind : source_kinds()) {
    nlohmann::json keys = nlohmann::json::object();
    text += fmt::format("{}{:12} {}\n{:12} as in {}", text.empty() ? "" : "\n", kind.name,
                        kind.help, "", kind.example);
    for (const auto& [key, help] : kind.keys) {
      keys[key] = help;
      text += fmt::format("\n{:12}   {:12} {}", "", key + "=", help);
    }
    list.push_back(
        {{"name", kind.name}, {"help", kind.help}, {"example", kind.example}, {"keys", keys}});
  }
  console.result(text, {{"sources", list}});
}

std::string class_name(const DataInfo& info, std::int64_t label) {
  const auto at = static_cast<std::size_t>(label);
  return at < info.class_names.size() ? info.class_names[at] : std::to_string(label);
}

nlohmann::json json_of(const NumberSummary& numbers) {
  return {{"mean", numbers.mean},
          {"standard_deviation", numbers.standard_deviation()},
          {"min", numbers.smallest},
          {"max", numbers.largest}};
}

std::string line_of(const NumberSummary& numbers) {
  return fmt::format("mean {:.4f}, standard deviation {:.4f}, min {:.4g}, max {:.4g}", numbers.mean,
                     numbers.standard_deviation(), numbers.smallest, numbers.largest);
}

std::string column_name(const DataInfo& info, std::size_t column) {
  return column < info.columns.size() ? info.columns[column] : fmt::format("column {}", column);
}

std::string describe_values(const DataInfo& info) {
  const auto kind = std::string(enum_name(info.values));
  return info.levels > 0 ? fmt::format("{}, {} levels", kind, info.levels) : kind;
}

struct Parts {
  std::string text;
  nlohmann::json json;
};

Parts parts_of(const Splits& splits) {
  Parts parts;
  for (const auto& [name, part] :
       {std::pair("train", splits.train), {"valid", splits.valid}, {"test", splits.test}}) {
    parts.json[name] = part ? nlohmann::json(part->size()) : nlohmann::json();
    if (part)
      parts.text += fmt::format("{}{} {}", parts.text.empty() ? "" : ", ", name, part->size());
  }
  return parts;
}

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

// Items in class order: a grid of images, or a scatter of points.
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
  write_png(out, make_grid(pictures, {.columns = kColumns}), {{"data", info.name}});
}

int look(const DataArguments& a, const Console& console) {
  if (a.spec.empty()) {
    list_sources(console);
    return 0;
  }
  const auto source = open_source(
      parse_source(a.spec), {.seed = static_cast<std::uint64_t>(a.seed), .skip_bad = a.skip_bad});
  const auto& data = *source.splits.train;
  const auto& info = data.info();
  const auto summary = summarize(data, kMostItems, info.is_image() ? 10 * kColumns : 2000);
  const auto parts = parts_of(source.splits);
  nlohmann::json counts = nlohmann::json::object(), columns = nlohmann::json::array();
  auto text = fmt::format("{}\n  parts    {}\n  shape    {} ({})\n  numbers  {}",
                          source.spec.text(), parts.text, fmt::join(info.shape, " x "),
                          describe_values(info), line_of(summary.all));
  for (const auto& field : info.more)
    text += fmt::format("\n  beside x {}: {}", field.name, fmt::join(field.shape, " x "));
  std::vector<std::string> classes;
  for (const auto& [label, count] : summary.per_class) {
    counts[class_name(info, label)] = count;
    classes.push_back(fmt::format("{}: {}", class_name(info, label), count));
  }
  if (info.classes > 0)
    text += fmt::format("\n  classes  {}; {}", info.classes, join(classes, ", "));
  for (std::size_t d = 0; d < summary.columns.size(); ++d) {
    auto column = json_of(summary.columns[d]);
    column["name"] = column_name(info, d);
    columns.push_back(column);
    text += fmt::format("\n  {:20} {}", column_name(info, d), line_of(summary.columns[d]));
  }
  if (summary.items < data.size())
    text += fmt::format("\n  (over {} of {} items)", summary.items, data.size());
  if (info.skipped > 0) text += fmt::format("\n  {} broken items left out", info.skipped);
  for (const auto& note : info.notes) text += "\n  " + note;
  auto object = json_of(summary.all);
  object.update({{"data", source.spec.text()},
                 {"parts", parts.json},
                 {"shape", info.shape},
                 {"values", enum_name(info.values)},
                 {"levels", info.levels},
                 {"classes", info.classes},
                 {"class_counts", counts},
                 {"columns", columns},
                 {"items", summary.items},
                 {"skipped", info.skipped}});
  if (!a.out.empty()) {
    write_preview(a.out, data, summary.preview);
    object["file"] = a.out;
    text += "\n  preview  " + a.out;
  }
  console.result(text, object);
  return 0;
}

}  // namespace

void add_data(const Program& program) {
  auto a = std::make_shared<DataArguments>();
  auto* command = program.add("data", "list the data sources, look at one, or fetch one",
                              "kiln data shapes:size=32 -o shapes.png");
  command->add_option("SPEC", a->spec, "a source [all kinds of sources]");
  command->add_option("-o,--out", a->out,
                      "preview: FILE.png (images in class order) or FILE.svg (points) [none]");
  command->add_option("--seed", a->seed, "seed of generators [1]")->check(whole_number(0));
  command->add_flag("--skip-bad", a->skip_bad, "leave broken items out and count them");
  add_data_get({*command, program.console, program.commands, program.arguments});
  program.on_run(command, [a, &console = program.console] { return look(*a, console); });
}

}  // namespace kiln::program
