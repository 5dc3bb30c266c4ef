#include "kiln/use/given_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "kiln/core/error.h"
#include "kiln/core/text.h"

namespace kiln {
namespace {

struct Part {
  std::string_view key;
  std::string GivenText::*value;
};
constexpr std::array kParts{Part{"label=", &GivenText::label}, Part{"code=", &GivenText::codes}};

// The part whose name the text begins with, or none.
const Part* part_at(std::string_view text) {
  const auto found = std::find_if(kParts.begin(), kParts.end(),
                                  [&](const Part& part) { return text.starts_with(part.key); });
  return found == kParts.end() ? nullptr : &*found;
}

// Where the next part's comma stands, or the text's end.
std::size_t end_of_part(std::string_view text) {
  for (auto comma = text.find(','); comma != std::string_view::npos;
       comma = text.find(',', comma + 1))
    if (part_at(text.substr(comma + 1))) return comma;
  return text.size();
}

// A number that a comma follows was meant to be one.
bool is_class(std::string_view value) {
  const auto number = parse_integer(value);
  const auto comma = value.find(',');
  return (!number || *number >= 0) && !value.ends_with(',') &&
         (comma == std::string_view::npos || !parse_integer(value.substr(0, comma)));
}

}  // namespace

GivenText parse_given(std::string_view where, std::string_view text) {
  GivenText given;
  for (auto rest = text; !rest.empty();) {
    const auto* part = part_at(rest);
    const auto end = end_of_part(rest);
    const auto value = part ? rest.substr(part->key.size(), end - part->key.size()) : "";
    if (value.empty() || (part->value == &GivenText::label && !is_class(value)))
      throw ConfigError(where, fmt::format("must be label=N, N the number of a class, label=NAME, "
                                           "or code=FILE of `kiln encode`, got '{}'",
                                           text));
    if (!(given.*part->value).empty())
      throw ConfigError(where, fmt::format("asks for {} twice in '{}'; leave one of them out",
                                           part->key.substr(0, part->key.size() - 1), text));
    given.*part->value = value;
    rest = rest.substr(std::min(end + 1, rest.size()));
  }
  return given;
}

}  // namespace kiln
