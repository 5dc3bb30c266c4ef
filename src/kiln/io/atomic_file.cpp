#include "kiln/io/atomic_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "kiln/core/error.h"
#include "kiln/core/text.h"

namespace kiln {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(std::string_view where, std::string_view action, const fs::path& path,
                       int code) {
  std::string message = fmt::format("cannot {} '{}': {}", action, path.string(), strerror(code));
  if (code == ENOSPC || code == EDQUOT) message += "; free some space or choose another disk";
  throw IoError(where, message);
}

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int get() const { return value_; }
  bool close() { return ::close(std::exchange(value_, -1)) == 0; }

 private:
  int value_;
};

void write_all(const Descriptor& file, std::span<const std::uint8_t> bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("io.write", "write", path, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

// A new file beside the target, removed again unless it was renamed.
class TemporaryFile {
 public:
  explicit TemporaryFile(const fs::path& target) : target_(target), file_(create()) {}
  ~TemporaryFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  // Some file systems report a full disk only here.
  void finish(std::span<const std::uint8_t> bytes) {
    write_all(file_, bytes, target_);
    if (::fsync(file_.get()) != 0) fail("io.write", "write", target_, errno);
    if (!file_.close()) fail("io.write", "write", target_, errno);
    if (::rename(path_.c_str(), target_.c_str()) != 0) fail("io.write", "replace", target_, errno);
    path_.clear();
  }

 private:
  // The name is short whatever the target's is; a name that a killed process left is passed over.
  int create() {
    static std::atomic<unsigned> counter{0};
    for (;;) {
      path_ = target_.parent_path() / fmt::format(".kiln-{}-{}.tmp", ::getpid(), counter++);
      const int file = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
      if (file >= 0) return file;
      if (errno != EEXIST) fail("io.write", "create", target_, errno);
    }
  }

  fs::path target_, path_;
  Descriptor file_;
};

// After this the rename survives a power cut.  Some network file systems cannot sync a folder.
void sync_folder(const fs::path& folder) {
  const Descriptor file(::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0 || (::fsync(file.get()) != 0 && errno != EINVAL))
    fail("io.write", "sync the folder of", folder, errno);
}

// Devices and pipes (/dev/stdout) are written straight: renaming would replace the device itself.
void write_stream(const fs::path& path, std::span<const std::uint8_t> bytes) {
  Descriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (file.get() < 0) fail("io.write", "open", path, errno);
  write_all(file, bytes, path);
  if (!file.close()) fail("io.write", "write", path, errno);
}

template <class Container>
Container read_whole(const fs::path& path, std::uint64_t limit) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status;
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0) fail("io.read", "read", path, errno);
  const auto too_long = [&] {
    throw IoError("io.read", fmt::format("'{}' is longer than {} bytes", path.string(), limit));
  };
  const auto size = static_cast<std::uint64_t>(std::max<off_t>(status.st_size, 0));
  if (S_ISREG(status.st_mode) && size > limit) too_long();

  // Pipes and /proc do not tell their size, and a file may grow: read until the end says so.
  Container content(static_cast<std::size_t>(S_ISREG(status.st_mode) ? size + 1 : 65536), 0);
  std::size_t filled = 0;
  for (;;) {
    const ssize_t got = ::read(file.get(), content.data() + filled, content.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail("io.read", "read", path, errno);
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
    if (filled > limit) too_long();
    if (filled == content.size()) content.resize(content.size() * 2);
  }
  content.resize(filled);
  return content;
}

}  // namespace

void check_folder_of(const std::filesystem::path& file) {
  const auto folder = file.parent_path(), above = folder.parent_path();
  std::error_code error;
  if (folder.empty() || std::filesystem::is_directory(folder, error)) return;
  if (std::filesystem::exists(folder, error))
    throw IoError(file.string(), fmt::format("{} is no folder; name another", folder.string()));
  if (!above.empty() && !std::filesystem::is_directory(above, error))
    throw IoError(file.string(),
                  fmt::format("there is no folder {}; make it first", above.string()));
}

void make_folder_of(const std::filesystem::path& file) {
  check_folder_of(file);
  const auto folder = file.parent_path();
  std::error_code error;
  if (folder.empty() || std::filesystem::is_directory(folder, error)) return;
  std::filesystem::create_directory(folder, error);
  if (error)
    throw IoError(folder.string(), fmt::format("cannot make the folder: {}", error.message()));
}

void write_file_atomically(const fs::path& path, std::span<const std::uint8_t> bytes) {
  std::error_code code;
  const auto status = fs::status(path, code);
  if (fs::is_directory(status)) fail("io.write", "write", path, EISDIR);
  if (fs::exists(status) && !fs::is_regular_file(status)) return write_stream(path, bytes);
  // A link stays a link: what it points to is replaced.
  const auto target = fs::exists(status) ? fs::canonical(path, code) : path;
  if (code && fs::exists(status)) fail("io.write", "resolve", path, code.value());
  TemporaryFile(target).finish(bytes);
  sync_folder(target.parent_path());
}

void write_file_atomically(const fs::path& path, std::string_view text) {
  write_file_atomically(path,
                        std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

void drop_link(const fs::path& path) {
  std::error_code error;
  if (fs::is_symlink(path, error) && !fs::remove(path, error))
    fail("io.write", "remove the link", path, error.value());
}

bool is_temporary_name(std::string_view name) {
  return name.starts_with(".kiln-") && name.ends_with(".tmp");
}

void remove_leftovers(const fs::path& folder) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const auto name = entry.path().filename().string();
    if (!is_temporary_name(name)) continue;
    const auto number = name.substr(6, name.find('-', 6) - 6);  // of the process
    const auto process = parse_integer(number);
    if (process && *process > 0 && ::kill(static_cast<pid_t>(*process), 0) != 0 && errno == ESRCH)
      fs::remove(entry.path(), error);
  }
}

std::vector<std::uint8_t> read_file(const fs::path& path, std::uint64_t limit_bytes) {
  return read_whole<std::vector<std::uint8_t>>(path, limit_bytes);
}

std::string read_text_file(const fs::path& path, std::uint64_t limit_bytes) {
  return read_whole<std::string>(path, limit_bytes);
}

// flock() locks belong to the open file: the kernel drops them when the process ends in any way.
FolderLock::FolderLock(const fs::path& folder) {
  const auto file = folder / ".lock";
  descriptor_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (descriptor_ < 0) fail("io.lock", "lock", folder, errno);
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) == 0) return;
  const int code = errno;
  ::close(descriptor_);
  if (code != EWOULDBLOCK) fail("io.lock", "lock", folder, code);
  throw IoError("io.lock", fmt::format("'{}' is in use by another process; wait until it ends",
                                       folder.string()));
}

FolderLock::~FolderLock() { ::close(descriptor_); }

}  // namespace kiln
