#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace kiln {

/// What long work tells who asked for it, and whether it is to go on.  Every hook may be empty.
struct Hooks {
  std::function<void(const std::string&)> note = {};  ///< One line for a person.
  std::function<void(std::int64_t step, std::int64_t steps, double loss)> progress = {};
  std::function<void(const std::string&)> warn = {};  ///< One that is said in any case.
  std::function<bool()> interrupted = {};             ///< True: stop where that loses nothing.

  void say(const std::string& line) const {
    if (note) note(line);
  }
  /// Each of them as a warning.
  void warn_of(const std::vector<std::string>& lines) const {
    for (const auto& line : lines)
      if (warn) warn("warning: " + line);
  }
};

}  // namespace kiln
