#include "kiln/data/byte_source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "kiln/core/error.h"

namespace kiln {
namespace {

constexpr std::size_t kChunk = std::size_t{1} << 16;

void check_range(const ByteSource& source, std::uint64_t offset, std::size_t count) {
  if (offset > source.size() || count > source.size() - offset)
    throw IoError("data.file",
                  fmt::format("{} ends after {} bytes, bytes {} to {} were wanted: it is cut short",
                              source.name(), source.size(), offset, offset + count));
}

class MemoryBytes : public ByteSource {
 public:
  MemoryBytes(std::string name, std::vector<std::uint8_t> bytes)
      : name_(std::move(name)), bytes_(std::move(bytes)) {}

  const std::string& name() const override { return name_; }
  std::uint64_t size() const override { return bytes_.size(); }
  void read(std::uint64_t offset, std::span<std::uint8_t> bytes) const override {
    check_range(*this, offset, bytes.size());
    if (!bytes.empty()) std::memcpy(bytes.data(), bytes_.data() + offset, bytes.size());
  }

 private:
  std::string name_;
  std::vector<std::uint8_t> bytes_;
};

class FileBytes : public ByteSource {
 public:
  FileBytes(std::string name, int descriptor, std::uint64_t size)
      : name_(std::move(name)), descriptor_(descriptor), size_(size) {}
  ~FileBytes() override { ::close(descriptor_); }
  FileBytes(const FileBytes&) = delete;
  FileBytes& operator=(const FileBytes&) = delete;

  const std::string& name() const override { return name_; }
  std::uint64_t size() const override { return size_; }
  void read(std::uint64_t offset, std::span<std::uint8_t> bytes) const override;

 private:
  std::string name_;
  int descriptor_;
  std::uint64_t size_;
};

void FileBytes::read(std::uint64_t offset, std::span<std::uint8_t> bytes) const {
  check_range(*this, offset, bytes.size());
  while (!bytes.empty()) {
    const auto count = ::pread(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0)
      throw IoError("data.file", fmt::format("cannot read {}: {}", name_, std::strerror(errno)));
    if (count == 0)
      throw IoError("data.file", fmt::format("{} became shorter while it was being read", name_));
    offset += static_cast<std::uint64_t>(count);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

int open_to_read(const std::filesystem::path& path, struct stat& status) {
  // A pipe without a writer would keep us waiting.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0)
    throw IoError("data.file",
                  fmt::format("cannot open {}: {}", path.string(), std::strerror(errno)));
  if (::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode)) return descriptor;
  ::close(descriptor);
  throw IoError("data.file", fmt::format("{} is no regular file", path.string()));
}

// Errors of the temporary folder, with what a person can do about them.
[[noreturn]] void refuse_temporary(const std::string& name, int error) {
  throw IoError(
      "data.file",
      fmt::format("cannot unpack {} into a temporary file in {}: {}; set TMPDIR to a "
                  "folder with room, or raise memory=",
                  name, std::filesystem::temp_directory_path().string(), std::strerror(error)));
}

int open_unnamed_file(const std::string& name) {
  auto path = (std::filesystem::temp_directory_path() / "kiln-XXXXXX").string();
  const int descriptor = ::mkostemp(path.data(), O_CLOEXEC);
  if (descriptor < 0) refuse_temporary(name, errno);
  ::unlink(path.c_str());
  return descriptor;
}

void write_all(int descriptor, std::span<const std::uint8_t> bytes, const std::string& name) {
  while (!bytes.empty()) {
    const auto count = ::write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) refuse_temporary(name, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

struct GzipFile {
  explicit GzipFile(const std::filesystem::path& path)
      : name(path.string()), file(::gzopen(path.c_str(), "rbe")) {
    if (!file)
      throw IoError("data.file", fmt::format("cannot open {}: {}", name, std::strerror(errno)));
  }
  ~GzipFile() { ::gzclose_r(file); }
  GzipFile(const GzipFile&) = delete;
  GzipFile& operator=(const GzipFile&) = delete;

  // Bytes inflated into `bytes`; fewer than asked for only at the end.
  std::size_t read(std::span<std::uint8_t> bytes) {
    const int count = ::gzread(file, bytes.data(), static_cast<unsigned>(bytes.size()));
    int code = Z_OK;
    ::gzerror(file, &code);
    if (code == Z_BUF_ERROR)
      throw IoError(
          "data.gzip",
          fmt::format("{} is cut short: its compressed data do not end; get it again", name));
    if (count < 0 || code < 0)
      throw IoError("data.gzip",
                    fmt::format("{} is damaged: it cannot be decompressed; get it again", name));
    return static_cast<std::size_t>(count);
  }

  std::string name;
  ::gzFile file;
};

}  // namespace

ByteSourcePtr memory_bytes(std::string name, std::vector<std::uint8_t> bytes) {
  return std::make_shared<MemoryBytes>(std::move(name), std::move(bytes));
}

ByteSourcePtr file_bytes(const std::filesystem::path& path) {
  struct stat status {};
  const int descriptor = open_to_read(path, status);
  return std::make_shared<FileBytes>(path.string(), descriptor,
                                     static_cast<std::uint64_t>(status.st_size));
}

SpillBuffer::SpillBuffer(std::string name, std::uint64_t memory_limit)
    : name_(std::move(name)), memory_limit_(memory_limit) {}

SpillBuffer::~SpillBuffer() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void SpillBuffer::append(std::span<const std::uint8_t> bytes) {
  if (descriptor_ < 0 && size_ + bytes.size() > memory_limit_) {
    descriptor_ = open_unnamed_file(name_);
    write_all(descriptor_, memory_, name_);
    std::vector<std::uint8_t>().swap(memory_);
  }
  if (descriptor_ >= 0)
    write_all(descriptor_, bytes, name_);
  else
    memory_.insert(memory_.end(), bytes.begin(), bytes.end());
  size_ += bytes.size();
}

ByteSourcePtr SpillBuffer::finish() {
  const auto size = std::exchange(size_, 0);
  if (descriptor_ < 0) return memory_bytes(name_, std::move(memory_));
  return std::make_shared<FileBytes>(name_, std::exchange(descriptor_, -1), size);
}

bool is_gzip(const std::filesystem::path& path) {
  const auto file = file_bytes(path);
  std::uint8_t magic[2] = {};
  if (file->size() < sizeof(magic)) return false;
  file->read(0, magic);
  return magic[0] == 0x1F && magic[1] == 0x8B;
}

std::vector<std::uint8_t> gzip_prefix(const std::filesystem::path& path, std::size_t count) {
  GzipFile file(path);
  std::vector<std::uint8_t> bytes(count);
  bytes.resize(file.read(bytes));
  return bytes;
}

ByteSourcePtr inflate_gzip(const std::filesystem::path& path, std::uint64_t size_limit,
                           std::uint64_t memory_limit) {
  GzipFile file(path);
  SpillBuffer buffer(path.string(), memory_limit);
  std::vector<std::uint8_t> chunk(kChunk);
  for (;;) {
    const auto count = file.read(chunk);
    buffer.append(std::span(chunk).first(count));
    if (buffer.size() > size_limit)
      throw IoError("data.gzip", fmt::format("{} holds more than the {} bytes that "
                                             "were expected",
                                             file.name, size_limit));
    if (count < chunk.size()) return buffer.finish();
  }
}

}  // namespace kiln
