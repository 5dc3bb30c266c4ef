#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace kiln {

/// Bytes that can be read anywhere from any thread: memory, or a file that stays on disk.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  virtual const std::string& name() const = 0;  ///< For messages.
  virtual std::uint64_t size() const = 0;
  /// Fills `bytes` from `offset`.  Throws IoError when they reach beyond the end.
  virtual void read(std::uint64_t offset, std::span<std::uint8_t> bytes) const = 0;
};

using ByteSourcePtr = std::shared_ptr<const ByteSource>;

ByteSourcePtr memory_bytes(std::string name, std::vector<std::uint8_t> bytes);

/// A file, read piece by piece.  Throws IoError if it is missing, a folder or unreadable.
ByteSourcePtr file_bytes(const std::filesystem::path& path);

/// Collects bytes that arrive in order: in memory up to `memory_limit`, beyond that in a temporary
/// file that has no name and vanishes with the process.
class SpillBuffer {
 public:
  SpillBuffer(std::string name, std::uint64_t memory_limit);
  ~SpillBuffer();
  SpillBuffer(const SpillBuffer&) = delete;
  SpillBuffer& operator=(const SpillBuffer&) = delete;

  void append(std::span<const std::uint8_t> bytes);  ///< Throws IoError when the disk is full.
  std::uint64_t size() const { return size_; }
  ByteSourcePtr finish();  ///< What was collected; the buffer is empty afterwards.

 private:
  std::string name_;
  std::uint64_t memory_limit_, size_ = 0;
  std::vector<std::uint8_t> memory_;
  int descriptor_ = -1;
};

/// Whether the file begins like a gzip file.  Throws IoError if it cannot be opened.
bool is_gzip(const std::filesystem::path& path);

/// The first bytes of a gzip file's content, at most `count`.
std::vector<std::uint8_t> gzip_prefix(const std::filesystem::path& path, std::size_t count);

/// A gzip file's content, inflated once.  Throws IoError when it is truncated, damaged, or longer
/// than `size_limit`.
ByteSourcePtr inflate_gzip(const std::filesystem::path& path, std::uint64_t size_limit,
                           std::uint64_t memory_limit);

}  // namespace kiln
