#include "kiln/io/toml_text.h"

#include <fmt/format.h>

#include "kiln/core/error.h"

namespace kiln {
namespace {

constexpr int kMostDots = 100;

// What ends a key, or stands between two numbers.
bool separates(char c) {
  return c == '\n' || c == '=' || c == ',' || c == '[' || c == ']' || c == '{' || c == '}';
}

}  // namespace

// A dot inside quotes joins nothing; quotes end with their line, as those of keys do.
void refuse_deep_keys(const std::string& where, std::string_view text) {
  int line = 1, dots = 0;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') ++line, quote = 0;
    if (quote != 0) {
      if (c == '\\' && quote == '"')
        ++i;
      else if (c == quote)
        quote = 0;
      continue;
    }
    if (c == '"' || c == '\'') quote = c;
    if (separates(c)) dots = 0;
    if (c == '.' && ++dots > kMostDots)
      throw IoError(where, fmt::format("line {}: a key has more than {} parts", line, kMostDots));
  }
}

}  // namespace kiln
