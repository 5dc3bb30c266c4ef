#include "kiln/core/options.h"

#include <fmt/format.h>

#include <algorithm>
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

namespace kiln {

std::string flag_of(const std::string& name) {
  std::string flag = "--" + name;
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

void check_option_text(std::string_view owner, const FieldInfo& field, std::string_view text) {
  using namespace option_detail;
  if (text == "auto" && field.default_value == "auto") return;
  const auto where = fmt::format("{}.{}", owner, field.name);
  const Field range{.help = field.help, .low = field.low, .high = field.high};
  if (field.type == "choice") {
    if (std::find(field.choices.begin(), field.choices.end(), text) == field.choices.end())
      unknown_choice(where, text, field.choices);
  } else if (field.type == "switch") {
    bool value = false;
    read(where, text, value);
  } else if (field.type == "integer") {
    std::int64_t value = 0;
    read(where, text, value);
    check_range(owner, field.name, static_cast<double>(value), range);
  } else if (field.type == "real") {
    double value = 0;
    read(where, text, value);
    check_range(owner, field.name, value, range);
  }
}

}  // namespace kiln
