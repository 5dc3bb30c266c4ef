#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "apps/kiln/number_checks.h"
#include "apps/kiln/svg_file.h"
#include "apps/kiln/theory_topics.h"
#include "kiln/core/text.h"
#include "kiln/io/atomic_file.h"
#include "kiln/theory/ordering_picture.h"

namespace kiln::program {
namespace {

struct OrderingArguments {
  std::string kind = "raster", file, out;
  std::int64_t height = 8, width = 8, seed = 1;
};

constexpr std::int64_t kMostShown = 20;  // rows and columns that fit a terminal

Ordering kind_of(const std::string& text) {
  std::vector<std::string> known;
  for (const auto& [kind, name] : enum_names(Ordering{})) {
    if (name == text) return kind;
    known.emplace_back(name);
  }
  const auto hint = did_you_mean(text, known);
  throw ConfigError("ordering.kind", fmt::format("no ordering '{}'{} Orderings: {}", text,
                                                 hint.empty() ? "." : hint, join(known, ", ")));
}

// The step at which each cell is visited, counted from 1.
std::string steps_table(const std::vector<std::int64_t>& order, const ImageShape& shape) {
  if (shape.height > kMostShown || shape.width > kMostShown) return "";
  const auto inverse = inverse_ordering(order);
  std::string text;
  for (std::size_t d = 0; d < inverse.size(); ++d)
    text += fmt::format("{}{:4}", d % static_cast<std::size_t>(shape.width) ? "" : "\n",
                        inverse[d] + 1);
  return text;
}

std::vector<std::int64_t> order_of(const OrderingArguments& a, const ImageShape& shape) {
  constexpr std::uint64_t kMostBytes = 64 << 20;
  const auto kind = kind_of(a.kind);
  if (kind != Ordering::file && !a.file.empty())
    throw ConfigError("ordering.file", fmt::format("belongs to --kind file, not {}", a.kind));
  if (kind != Ordering::file) return make_ordering(kind, shape, static_cast<std::uint64_t>(a.seed));
  if (a.file.empty()) throw ConfigError("ordering.file", "--kind file needs --file FILE");
  return parse_ordering(a.file, read_text_file(a.file, kMostBytes), shape.size());
}

int ordering(const OrderingArguments& a, const Console& console) {
  check_ending("out", a.out, ".svg");
  const ImageShape shape{1, a.height, a.width};
  const auto order = order_of(a, shape);
  const auto title = fmt::format("{}, {} x {}", a.kind, a.height, a.width);
  const double jump = mean_jump(order, shape);
  if (!a.out.empty()) write_picture(a.out, ordering_picture(order, shape, title));
  console.result(
      fmt::format("{}: {} steps, {:.3f} cells a step in the mean{}{}", title, order.size(), jump,
                  steps_table(order, shape), a.out.empty() ? "" : "\n" + a.out),
      {{"kind", a.kind},
       {"height", a.height},
       {"width", a.width},
       {"order", order},
       {"inverse", inverse_ordering(order)},
       {"mean_jump", jump}});
  return 0;
}

}  // namespace

void add_theory_ordering(const Program& topics) {
  auto a = std::make_shared<OrderingArguments>();
  auto* command =
      topics.add("ordering", "in which order an autoregressive model visits the pixels",
                 "kiln theory ordering --kind spiral --height 8 --width 8 -o spiral.svg");
  command->add_option("--kind", a->kind,
                      "raster, column, serpentine, zigzag, spiral, random or file [raster]");
  command->add_option("--file", a->file, "with --kind file: every index once, in visiting order");
  command->add_option("--height", a->height, "rows [8]")->check(whole_number(1, 256));
  command->add_option("--width", a->width, "columns [8]")->check(whole_number(1, 256));
  command->add_option("--seed", a->seed, "of the random order [1]");
  command->add_option("-o,--out", a->out, "FILE.svg: the path as a picture");
  topics.on_run(command, [command, a, &console = topics.console] {
    check_out(*command);
    return ordering(*a, console);
  });
}

}  // namespace kiln::program
