#include "kiln/io/append_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "kiln/core/error.h"

namespace kiln {
namespace {

[[noreturn]] void fail(const char* action, const std::filesystem::path& path, int code) {
  if (code == ELOOP)
    throw IoError("io.append", fmt::format("'{}' is a link; remove it, so that nothing is written "
                                           "where it leads",
                                           path.string()));
  throw IoError("io.append",
                fmt::format("cannot {} '{}': {}", action, path.string(), strerror(code)));
}

}  // namespace

AppendFile::AppendFile(const std::filesystem::path& path)
    : path_(path),
      descriptor_(
          ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0666)) {
  if (descriptor_ < 0) fail("open", path_, errno);
  struct stat status;
  if (::fstat(descriptor_, &status) != 0) {
    const int code = errno;
    ::close(descriptor_);
    fail("open", path_, code);
  }
  size_ = static_cast<std::uint64_t>(status.st_size);
}

AppendFile::~AppendFile() { ::close(descriptor_); }

void AppendFile::append(std::string_view record) {
  std::string_view rest = record;
  while (!rest.empty()) {
    const ssize_t written = ::write(descriptor_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const int code = errno;
      // If even this fails, readers of the log still cope with a half-written end.
      [[maybe_unused]] const int ignored = ::ftruncate(descriptor_, static_cast<off_t>(size_));
      fail("write", path_, code);
    }
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  size_ += record.size();
}

void AppendFile::cut_to(std::uint64_t bytes) {
  if (::ftruncate(descriptor_, static_cast<off_t>(bytes)) != 0) fail("cut", path_, errno);
  size_ = bytes;
}

}  // namespace kiln
