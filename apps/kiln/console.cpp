#include "apps/kiln/console.h"

#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

namespace kiln::program {

void Console::note(const std::string& line) const {
  if (!quiet) warn(line);
}

void Console::warn(const std::string& line) const { fmt::print(stderr, "{}\n", line); }

void Console::result(const std::string& text, const nlohmann::json& object) const {
  fmt::print("{}\n", json ? object.dump() : text);
  std::fflush(stdout);
}

}  // namespace kiln::program
