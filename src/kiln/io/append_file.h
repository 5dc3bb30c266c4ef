#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace kiln {

/// A log file that grows by whole records: one that cannot be written (disk full) leaves nothing of
/// itself behind.  Throws IoError.
class AppendFile {
 public:
  explicit AppendFile(const std::filesystem::path& path);  ///< Creates the file if it is missing.
  ~AppendFile();
  AppendFile(const AppendFile&) = delete;
  AppendFile& operator=(const AppendFile&) = delete;

  void append(std::string_view record);
  void cut_to(std::uint64_t bytes);  ///< Keeps the first `bytes` bytes.
  std::uint64_t size() const { return size_; }

 private:
  std::filesystem::path path_;
  int descriptor_;
  std::uint64_t size_ = 0;
};

}  // namespace kiln
