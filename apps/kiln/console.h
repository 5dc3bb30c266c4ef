#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace kiln::program {

/// Where a command writes: results on standard output, notes on standard error.
struct Console {
  bool json = false;
  bool quiet = false;

  void note(const std::string& line) const;  ///< Standard error, unless --quiet.
  void warn(const std::string& line) const;  ///< Standard error, always.
  void result(const std::string& text,
              const nlohmann::json& object) const;  ///< One of the two, on standard output.
};

}  // namespace kiln::program
