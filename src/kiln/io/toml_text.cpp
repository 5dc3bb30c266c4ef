#include "kiln/io/toml_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "kiln/core/error.h"

namespace kiln {
namespace {

constexpr int kMostDots = 100;

// What ends a key, or stands between two numbers.
bool separates(char c) {
  return c == '\n' || c == '=' || c == ',' || c == '[' || c == ']' || c == '{' || c == '}';
}

// Where the string that begins at `at` ends: behind its last quote, or at the end of its line or
// of the text where it is not closed.  Three quotes open one of several lines, which may end with
// two quotes more.
std::size_t end_of_string(std::string_view text, std::size_t at) {
  const char quote = text[at];
  const std::string three(3, quote);
  const bool long_one = text.substr(at, 3) == three;
  for (auto i = at + (long_one ? 3 : 1); i < text.size(); ++i) {
    if (text[i] == '\\' && quote == '"') {
      ++i;
    } else if (!long_one && (text[i] == quote || text[i] == '\n')) {
      return text[i] == quote ? i + 1 : i;
    } else if (long_one && text.substr(i, 3) == three) {
      i += 3;
      for (int more = 0; more < 2 && i < text.size() && text[i] == quote; ++more) ++i;
      return i;
    }
  }
  return text.size();
}

}  // namespace

// Comments and strings are passed over as the parser does, so that no key can hide behind them.
void refuse_deep_keys(const std::string& where, std::string_view text) {
  int dots = 0;
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c == '#') {
      i = std::min(text.find('\n', i), text.size());
      continue;
    }
    if (c == '"' || c == '\'') {
      i = end_of_string(text, i);
      continue;
    }
    if (separates(c)) dots = 0;
    if (c == '.' && ++dots > kMostDots)
      throw IoError(where,
                    fmt::format("line {}: a key has more than {} parts",
                                1 + std::count(text.begin(),
                                               text.begin() + static_cast<std::ptrdiff_t>(i), '\n'),
                                kMostDots));
    ++i;
  }
}

}  // namespace kiln
