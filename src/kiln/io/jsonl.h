#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "kiln/io/append_file.h"

namespace kiln {

/// A log of one JSON object a line.  Every line reaches the system at once; opening a log that
/// exists appends to it, after cutting off a line that a crash left half-written.  Throws IoError.
class JsonlWriter {
 public:
  explicit JsonlWriter(const std::filesystem::path& path);

  void write(std::string_view object);  ///< JSON text without line breaks.

 private:
  AppendFile file_;
};

/// Removes the lines whose "step" is larger than `step`, and a half-written last line.  Does
/// nothing if there is no such file.  Throws IoError naming a line that is not JSON.
void truncate_after_step(const std::filesystem::path& path, std::int64_t step);

}  // namespace kiln
