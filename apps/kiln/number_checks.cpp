#include "apps/kiln/number_checks.h"

#include <fmt/format.h>

#include "kiln/core/text.h"

namespace kiln::program {

CLI::Validator whole_number(std::int64_t low, std::int64_t high) {
  const bool open = high == std::numeric_limits<std::int64_t>::max();
  const auto range =
      open ? fmt::format("of at least {}", low) : fmt::format("from {} to {}", low, high);
  return {[low, high, range](const std::string& text) -> std::string {
            const auto number = parse_integer(text);
            if (number && *number >= low && *number <= high) return "";
            return fmt::format("needs a whole number {}, got '{}'", range, text);
          },
          "", "whole number"};
}

CLI::Validator number_between(double low, double high) {
  return {[low, high](const std::string& text) -> std::string {
            const auto number = parse_real(text);
            if (number && *number >= low && *number <= high) return "";
            return fmt::format("needs a number from {} to {}, got '{}'", low, high, text);
          },
          "", "number"};
}

}  // namespace kiln::program
