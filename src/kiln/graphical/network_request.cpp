#include "kiln/graphical/network_request.h"

#include <fmt/format.h>

#include "kiln/core/error.h"
#include "kiln/core/text.h"
#include "kiln/data/csv_text.h"

namespace kiln {
namespace {

constexpr std::string_view kQueryForm = "write \"A, C | B=1, D=yes\"";
constexpr std::string_view kSeparationForm = "write \"A ; B | C, D\"";

[[noreturn]] void refuse(std::string_view text, std::string_view form) {
  throw ConfigError("bayesnet", fmt::format("cannot read the query {}; {}", shown(text), form));
}

std::string_view without_blanks(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// The two sides of a sign that stands at most once; the second is empty without it.
struct Sides {
  std::string_view left, right;
  bool split = false;
};
Sides sides(std::string_view text, char sign, std::string_view form) {
  const auto at = text.find(sign);
  if (at == std::string_view::npos) return {without_blanks(text), {}, false};
  if (text.find(sign, at + 1) != std::string_view::npos) refuse(text, form);
  return {without_blanks(text.substr(0, at)), without_blanks(text.substr(at + 1)), true};
}

std::vector<std::size_t> nodes_of(const Dag& dag, std::string_view list) {
  std::vector<std::size_t> nodes;
  for (const auto& name : split(list, ',')) nodes.push_back(dag.index_of(without_blanks(name)));
  return nodes;
}

}  // namespace

NetworkQuery parse_query(const Dag& dag, std::string_view text) {
  const auto [left, right, has_bar] = sides(text, '|', kQueryForm);
  if (left.empty() || (has_bar && right.empty())) refuse(text, kQueryForm);
  NetworkQuery query{nodes_of(dag, left)};
  for (const auto& part : split(right, ',')) {
    const auto [name, state, has_state] = sides(part, '=', kQueryForm);
    if (!has_state) refuse(text, kQueryForm);
    const auto node = dag.index_of(name);
    query.evidence.emplace_back(node, dag.state_of(node, state));
  }
  return query;
}

SeparationQuery parse_separation(const Dag& dag, std::string_view text) {
  const auto [left, right, has_bar] = sides(text, '|', kSeparationForm);
  const auto [a, b, has_semicolon] = sides(left, ';', kSeparationForm);
  if (!has_semicolon || a.empty() || b.empty() || (has_bar && right.empty()))
    refuse(text, kSeparationForm);
  return {nodes_of(dag, a), nodes_of(dag, b), nodes_of(dag, right)};
}

}  // namespace kiln
