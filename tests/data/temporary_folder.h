#pragma once

#include <cstdint>
#include <fstream>
#include <span>
#include <string_view>

#include "tests/io/temp_folder.h"

namespace kiln {

/// An empty folder for one test that files are easily put into.
class TemporaryFolder : public TempFolder {
 public:
  std::string operator/(const std::string& name) const { return (path() / name).string(); }

  /// Writes a file, making its folder if need be, and gives its path.
  std::string write(const std::string& name, std::string_view bytes) const {
    const auto file_path = path() / name;
    std::filesystem::create_directories(file_path.parent_path());
    std::ofstream file(file_path, std::ios::binary);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return file_path.string();
  }
  std::string write(const std::string& name, std::span<const std::uint8_t> bytes) const {
    return write(name, std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  }
};

}  // namespace kiln
