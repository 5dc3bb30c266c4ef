#include "kiln/graphical/graph_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "kiln/core/error.h"

namespace kiln {
namespace {

constexpr std::size_t kMostNodes = 200, kMostArrows = 2000;
constexpr double kRadiusY = 24, kLayerStep = 112, kGap = 28, kPassage = 10, kMargin = 24;
constexpr int kSweeps = 24;

// A node, or a passage of an arrow through a layer (node >= dag.size()).
struct Slot {
  std::size_t layer = 0;
  double half_width = 0;
  double x = 0;
  std::vector<std::size_t> up = {}, down = {};  // slots in the layers next to this one
};

struct Sketch {
  std::vector<Slot> slots;
  std::vector<std::vector<std::size_t>> layers;  // slots from left to right
  std::vector<std::vector<std::size_t>> ways;    // slots of each arrow, from parent to child
};

std::vector<std::size_t> layer_numbers(const Dag& dag) {
  std::vector<std::size_t> layer(dag.size(), 0);
  for (const auto i : dag.order())
    for (const auto parent : dag.node(i).parents) layer[i] = std::max(layer[i], layer[parent] + 1);
  return layer;
}

Sketch sketch_of(const Dag& dag, const std::vector<double>& radii_x) {
  Sketch sketch;
  const auto layer = layer_numbers(dag);
  for (std::size_t i = 0; i < dag.size(); ++i) sketch.slots.push_back({layer[i], radii_x[i]});
  for (std::size_t i = 0; i < dag.size(); ++i)
    for (const auto parent : dag.node(i).parents) {
      std::vector<std::size_t> way{parent};
      for (auto between = layer[parent] + 1; between < layer[i]; ++between) {
        way.push_back(sketch.slots.size());
        sketch.slots.push_back({between, kPassage});
      }
      way.push_back(i);
      for (std::size_t k = 0; k + 1 < way.size(); ++k) {
        sketch.slots[way[k]].down.push_back(way[k + 1]);
        sketch.slots[way[k + 1]].up.push_back(way[k]);
      }
      sketch.ways.push_back(std::move(way));
    }
  sketch.layers.resize(*std::ranges::max_element(layer) + 1);
  for (std::size_t s = 0; s < sketch.slots.size(); ++s)
    sketch.layers[sketch.slots[s].layer].push_back(s);
  return sketch;
}

std::vector<double> places(const Sketch& sketch) {
  std::vector<double> place(sketch.slots.size());
  for (const auto& layer : sketch.layers)
    for (std::size_t k = 0; k < layer.size(); ++k) place[layer[k]] = static_cast<double>(k);
  return place;
}

// Pairs of arrows that cross, by the places of their ends in neighbouring layers.
std::size_t crossings(const Sketch& sketch) {
  const auto place = places(sketch);
  std::size_t count = 0;
  for (const auto& layer : sketch.layers) {
    std::vector<std::pair<double, double>> ends;
    for (const auto s : layer)
      for (const auto t : sketch.slots[s].down) ends.emplace_back(place[s], place[t]);
    for (std::size_t i = 0; i < ends.size(); ++i)
      for (std::size_t j = 0; j < i; ++j)
        count += (ends[i].first - ends[j].first) * (ends[i].second - ends[j].second) < 0;
  }
  return count;
}

double mean(const std::vector<std::size_t>& slots, const std::vector<double>& of, double without) {
  if (slots.empty()) return without;
  double sum = 0;
  for (const auto s : slots) sum += of[s];
  return sum / static_cast<double>(slots.size());
}

// Sorts each layer by the mean place of the neighbours above it, or below it, in turn.
void sort_layers(Sketch& sketch) {
  auto best = sketch.layers;
  auto fewest = crossings(sketch);
  for (int sweep = 0; sweep < kSweeps && fewest > 0; ++sweep) {
    const bool down = sweep % 2 == 0;
    for (std::size_t k = 0; k < sketch.layers.size(); ++k) {
      auto& layer = sketch.layers[down ? k : sketch.layers.size() - 1 - k];
      const auto place = places(sketch);
      std::ranges::stable_sort(layer, {}, [&](std::size_t s) {
        return mean(down ? sketch.slots[s].up : sketch.slots[s].down, place, place[s]);
      });
    }
    if (const auto now = crossings(sketch); now < fewest) fewest = now, best = sketch.layers;
  }
  sketch.layers = best;
}

double distance(const Slot& left, const Slot& right) {
  return left.half_width + right.half_width + kGap;
}

// Puts a layer's slots as near to `wanted` as their order and widths allow, by least squares: runs
// of slots that would overlap move together (pool adjacent violators).
void place_layer(Sketch& sketch, const std::vector<std::size_t>& layer,
                 const std::vector<double>& wanted) {
  struct Run {
    double sum, count;
    double at() const { return sum / count; }
  };
  std::vector<Run> runs;
  std::vector<double> offset(layer.size(), 0);
  for (std::size_t k = 0; k < layer.size(); ++k) {
    if (k > 0)
      offset[k] = offset[k - 1] + distance(sketch.slots[layer[k - 1]], sketch.slots[layer[k]]);
    runs.push_back({wanted[layer[k]] - offset[k], 1});
    while (runs.size() > 1 && runs[runs.size() - 2].at() > runs.back().at()) {
      const auto last = runs.back();
      runs.pop_back();
      runs.back().sum += last.sum, runs.back().count += last.count;
    }
  }
  std::size_t k = 0;
  for (const auto& run : runs)
    for (double i = 0; i < run.count; ++i, ++k) sketch.slots[layer[k]].x = run.at() + offset[k];
}

void place_slots(Sketch& sketch) {
  for (int sweep = 0; sweep < kSweeps; ++sweep)
    for (const auto& layer : sketch.layers) {
      std::vector<double> x(sketch.slots.size()), wanted(sketch.slots.size());
      for (std::size_t s = 0; s < x.size(); ++s) x[s] = sketch.slots[s].x;
      for (const auto s : layer) {
        auto neighbours = sketch.slots[s].up;
        neighbours.insert(neighbours.end(), sketch.slots[s].down.begin(),
                          sketch.slots[s].down.end());
        wanted[s] = mean(neighbours, x, x[s]);
      }
      place_layer(sketch, layer, wanted);
    }
  double left = 0;
  for (const auto& slot : sketch.slots) left = std::min(left, slot.x - slot.half_width);
  for (auto& slot : sketch.slots) slot.x += kMargin - left;
}

double layer_y(std::size_t layer) {
  return kMargin + kRadiusY + kLayerStep * static_cast<double>(layer);
}

// Where the k-th of n arrows, from left to right, meets an ellipse: on its lower (or upper) side.
std::pair<double, double> port(const PlacedNode& node, std::size_t k, std::size_t n, double side) {
  const double part = (static_cast<double>(k) + 0.5) / static_cast<double>(n) - 0.5;
  const double angle = part * std::min(1.6, 0.5 * static_cast<double>(n));
  return {node.x + node.radius_x * std::sin(angle),
          node.y + side * node.radius_y * std::cos(angle)};
}

// The rank of `other` among the neighbours, from left to right.
std::size_t rank(const Sketch& sketch, const std::vector<std::size_t>& neighbours,
                 std::size_t other) {
  return static_cast<std::size_t>(std::ranges::count_if(neighbours, [&](std::size_t s) {
    return std::pair(sketch.slots[s].x, s) < std::pair(sketch.slots[other].x, other);
  }));
}

// A curve that leaves and arrives vertically stays between the heights of its ends.
void curve_to(PlacedArrow& arrow, double x, double y) {
  const auto [x0, y0] = arrow.points.back();
  const double bend = (y - y0) * 0.45;
  arrow.points.insert(arrow.points.end(), {{x0, y0 + bend}, {x, y - bend}, {x, y}});
}

PlacedArrow draw_way(const Sketch& sketch, const std::vector<PlacedNode>& nodes,
                     const std::vector<std::size_t>& way) {
  const auto &first = sketch.slots[way.front()], &last = sketch.slots[way.back()];
  PlacedArrow arrow{way.front(), way.back()};
  arrow.points.push_back(
      port(nodes[way.front()], rank(sketch, first.down, way[1]), first.down.size(), 1));
  for (std::size_t k = 1; k + 1 < way.size(); ++k) {
    const auto& passage = sketch.slots[way[k]];
    curve_to(arrow, passage.x, layer_y(passage.layer) - kRadiusY);
    curve_to(arrow, passage.x, layer_y(passage.layer) + kRadiusY);
  }
  const auto [x, y] =
      port(nodes[way.back()], rank(sketch, last.up, way[way.size() - 2]), last.up.size(), -1);
  curve_to(arrow, x, y);
  return arrow;
}

}  // namespace

GraphLayout layered_layout(const Dag& dag, const std::vector<double>& radii_x) {
  KILN_ASSERT(radii_x.size() == dag.size());
  std::size_t arrows = 0;
  for (const auto& node : dag.nodes()) arrows += node.parents.size();
  if (dag.size() > kMostNodes || arrows > kMostArrows)
    throw ConfigError("bayesnet", fmt::format("a picture holds at most {} nodes and {} arrows, got "
                                              "{} and {}",
                                              kMostNodes, kMostArrows, dag.size(), arrows));
  auto sketch = sketch_of(dag, radii_x);
  sort_layers(sketch);
  place_slots(sketch);
  GraphLayout layout;
  layout.height = layer_y(sketch.layers.size() - 1) + kRadiusY + kMargin;
  for (std::size_t i = 0; i < dag.size(); ++i) {
    const auto& slot = sketch.slots[i];
    layout.nodes.push_back({slot.x, layer_y(slot.layer), radii_x[i], kRadiusY});
  }
  for (const auto& slot : sketch.slots)
    layout.width = std::max(layout.width, slot.x + slot.half_width + kMargin);
  for (const auto& way : sketch.ways) layout.arrows.push_back(draw_way(sketch, layout.nodes, way));
  return layout;
}

}  // namespace kiln
