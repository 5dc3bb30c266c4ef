#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "kiln/io/append_file.h"
#include "kiln/io/image.h"

namespace kiln {

/// An event file for TensorBoard.  Opening one that exists appends to it, after cutting off a
/// record that a crash left half-written.  Nothing but the calls decides the bytes: the wall time
/// is the caller's, 0 unless given.  Throws IoError.
class TensorboardWriter {
 public:
  explicit TensorboardWriter(const std::filesystem::path& path);

  void scalar(std::string_view tag, std::int64_t step, double value, double wall_time = 0);
  void image(std::string_view tag, std::int64_t step, const Image& image, double wall_time = 0);

 private:
  AppendFile file_;
};

/// Cuts an event file back to the events before the first one whose step is larger than `step`.
/// Does nothing if there is no such file.
void truncate_events_after_step(const std::filesystem::path& path, std::int64_t step);

}  // namespace kiln
