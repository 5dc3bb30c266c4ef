#include "kiln/graphical/d_separation.h"

#include <fmt/format.h>

#include <algorithm>
#include <queue>

#include "kiln/core/error.h"

namespace kiln {
namespace {

void check(const Dag& dag, const SeparationQuery& query) {
  if (query.a.empty() || query.b.empty())
    throw ConfigError("bayesnet", "independence needs a node on each side of the semicolon");
  std::vector<std::size_t> seen;
  for (const auto* set : {&query.a, &query.b, &query.given})
    for (const auto node : *set) {
      if (std::ranges::find(seen, node) != seen.end())
        throw ConfigError("bayesnet",
                          fmt::format("'{}' is named twice; a node stands on one side or is given",
                                      dag.node(node).name));
      seen.push_back(node);
    }
}

std::vector<bool> flags(const Dag& dag, const std::vector<std::size_t>& nodes) {
  std::vector<bool> flags(dag.size(), false);
  for (const auto node : nodes) flags[node] = true;
  return flags;
}

// How a trail arrives at a node: against an arrow (from a child) or along one (from a parent).
enum Arrival : std::size_t { kFromChild, kFromParent, kArrivals };

// Breadth first over (node, arrival); `stops(node)` and `may_pass` say where trails go.
class Trails {
 public:
  explicit Trails(const Dag& dag) : dag_(dag), from_(dag.size() * kArrivals, kUnseen) {}

  // `may_pass(node, arrival, to_parent)`: whether the trail may go on to parents, or to children.
  template <class MayPass>
  std::vector<std::size_t> shortest(const SeparationQuery& query, const MayPass& may_pass) {
    const auto goal = flags(dag_, query.b);
    for (const auto node : query.a) reach(node * kArrivals + kFromChild, kStart);
    while (!open_.empty()) {
      const auto state = open_.front();
      open_.pop();
      const auto node = state / kArrivals;
      const auto arrival = static_cast<Arrival>(state % kArrivals);
      if (goal[node]) return way_to(state);
      const bool start = from_[state] == kStart;
      if (start || may_pass(node, arrival, true))
        for (const auto parent : dag_.node(node).parents)
          reach(parent * kArrivals + kFromChild, state);
      if (start || may_pass(node, arrival, false))
        for (const auto child : dag_.children(node)) reach(child * kArrivals + kFromParent, state);
    }
    return {};
  }

 private:
  static constexpr std::size_t kUnseen = static_cast<std::size_t>(-1), kStart = kUnseen - 1;

  void reach(std::size_t state, std::size_t from) {
    if (from_[state] != kUnseen) return;
    from_[state] = from;
    open_.push(state);
  }

  std::vector<std::size_t> way_to(std::size_t state) const {
    std::vector<std::size_t> way;
    for (; state != kStart; state = from_[state]) way.push_back(state / kArrivals);
    std::ranges::reverse(way);
    return way;
  }

  const Dag& dag_;
  std::vector<std::size_t> from_;  // of each (node, arrival) the state before it
  std::queue<std::size_t> open_;
};

bool is_arrow(const Dag& dag, std::size_t from, std::size_t to) {
  return std::ranges::find(dag.node(to).parents, from) != dag.node(to).parents.end();
}

// The nearest known node among v and its descendants.
std::optional<std::size_t> known_below(const Dag& dag, std::size_t v,
                                       const std::vector<bool>& known) {
  std::vector<bool> seen(dag.size(), false);
  std::queue<std::size_t> open;
  open.push(v);
  while (!open.empty()) {
    const auto node = open.front();
    open.pop();
    if (known[node]) return node;
    if (seen[node]) continue;
    seen[node] = true;
    for (const auto child : dag.children(node)) open.push(child);
  }
  return std::nullopt;
}

PathNode inspect(const Dag& dag, std::size_t before, std::size_t node, std::size_t after,
                 const std::vector<bool>& known) {
  const bool in = is_arrow(dag, before, node), out = is_arrow(dag, node, after);
  if (in && !out) {
    const auto opener = known_below(dag, node, known);
    return {node, Meeting::collider, opener.has_value(), opener};
  }
  return {node, in || !out ? Meeting::chain : Meeting::fork, !known[node]};
}

}  // namespace

// A trail may pass v as a chain or fork if v is not known, and as a collider (from a parent to a
// parent) if v or a descendant of it is known, that is, if v is an ancestor of what is known.
Separation d_separation(const Dag& dag, const SeparationQuery& query) {
  check(dag, query);
  const auto known = flags(dag, query.given);
  const auto above_known = dag.ancestors(query.given);
  Separation result;
  result.path = Trails(dag).shortest(query, [&](std::size_t v, Arrival arrival, bool to_parent) {
    return arrival == kFromParent && to_parent ? above_known[v] : !known[v];
  });
  result.separated = result.path.empty();
  if (result.separated)
    result.path = Trails(dag).shortest(query, [](std::size_t, Arrival, bool) { return true; });
  for (std::size_t i = 1; i + 1 < result.path.size(); ++i)
    result.inner.push_back(
        inspect(dag, result.path[i - 1], result.path[i], result.path[i + 1], known));
  return result;
}

}  // namespace kiln
