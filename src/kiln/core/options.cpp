#include "kiln/core/options.h"

#include <fmt/format.h>

#include <cmath>

#include "kiln/core/text.h"

namespace kiln::option_detail {

std::string to_text(std::int64_t value) { return std::to_string(value); }
std::string to_text(double value) { return fmt::format("{}", value); }
std::string to_text(bool value) { return value ? "true" : "false"; }

void read(std::string_view where, std::string_view text, std::int64_t& value) {
  const auto number = parse_integer(text);
  if (!number) throw ConfigError(where, fmt::format("needs a whole number, got '{}'", text));
  value = *number;
}

void read(std::string_view where, std::string_view text, double& value) {
  const auto number = parse_real(text);
  if (!number || !std::isfinite(*number))
    throw ConfigError(where, fmt::format("needs a number, got '{}'", text));
  value = *number;
}

void read(std::string_view where, std::string_view text, bool& value) {
  if (text == "true" || text == "yes" || text == "on" || text == "1")
    value = true;
  else if (text == "false" || text == "no" || text == "off" || text == "0")
    value = false;
  else
    throw ConfigError(where, fmt::format("needs true or false, got '{}'", text));
}

void check_range(std::string_view owner, std::string_view name, double value, const Field& field) {
  if (value >= field.low && value <= field.high) return;
  std::string range;
  if (std::isinf(field.high))
    range = fmt::format("at least {}", field.low);
  else if (std::isinf(field.low))
    range = fmt::format("at most {}", field.high);
  else
    range = fmt::format("between {} and {}", field.low, field.high);
  throw ConfigError(fmt::format("{}.{}", owner, name),
                    fmt::format("must be {}, got {}", range, value));
}

void unknown_option(std::string_view owner, std::string_view name,
                    const std::vector<std::string>& known) {
  throw ConfigError(
      owner,
      fmt::format("no option '{}'{} Options: {}", name,
                  did_you_mean(name, known).empty() ? std::string(".") : did_you_mean(name, known),
                  join(known, ", ")));
}

void unknown_choice(std::string_view where, std::string_view text,
                    const std::vector<std::string>& known) {
  const auto hint = did_you_mean(text, known);
  throw ConfigError(where, fmt::format("has no choice '{}'{} Choices: {}", text,
                                       hint.empty() ? std::string(".") : hint, join(known, ", ")));
}

}  // namespace kiln::option_detail
