#include "apps/kiln/fetch/download.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <system_error>
#include <vector>

#include "kiln/core/error.h"
#include "kiln/core/version.h"

namespace kiln::program {
namespace {

namespace fs = std::filesystem;

constexpr long kConnectSeconds = 30, kMostRedirections = 5;
constexpr long kSlowestBytes = 500, kSlowSeconds = 60;  // a second, and for how long
constexpr long kRangeNotSatisfiable = 416;

// What has arrived of one file: a plain file of its own, no link to another.
class PartFile {
 public:
  explicit PartFile(const fs::path& path)
      : path_(path),
        descriptor_(
            ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666)) {
    if (descriptor_ < 0) {
      if (errno == ELOOP || errno == ENXIO || errno == EISDIR) refuse();
      fail(errno);
    }
    struct stat status {};
    if (::fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode) || status.st_nlink != 1) {
      ::close(descriptor_);
      refuse();
    }
    size_ = static_cast<std::uint64_t>(status.st_size);
    ::lseek(descriptor_, 0, SEEK_END);
  }
  ~PartFile() { ::close(descriptor_); }
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  std::uint64_t size() const { return size_; }

  void append(const char* bytes, std::size_t count) {
    while (count > 0) {
      const auto written = ::write(descriptor_, bytes, count);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail(errno);
      bytes += written, count -= static_cast<std::size_t>(written);
      size_ += static_cast<std::uint64_t>(written);
    }
  }

  void restart() {
    if (::ftruncate(descriptor_, 0) != 0) fail(errno);
    ::lseek(descriptor_, 0, SEEK_SET);
    size_ = 0;
  }

 private:
  [[noreturn]] void fail(int code) const {
    throw IoError(path_.string(), fmt::format("cannot be written: {}", std::strerror(code)));
  }
  [[noreturn]] void refuse() const {
    throw IoError(path_.string(), "is no plain file of its own; remove it");
  }

  fs::path path_;
  int descriptor_;
  std::uint64_t size_ = 0;
};

// What libcurl's functions are given.  No exception may pass through libcurl.
struct Transfer {
  PartFile& part;
  std::uint64_t most_bytes, first_byte;
  const Watch& watch;
  bool too_long = false;
  std::exception_ptr failed;
};

std::size_t take(char* bytes, std::size_t, std::size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  transfer.too_long = transfer.part.size() + count > transfer.most_bytes;
  if (transfer.too_long) return CURL_WRITEFUNC_ERROR;
  try {
    transfer.part.append(bytes, count);
  } catch (...) {
    transfer.failed = std::current_exception();
    return CURL_WRITEFUNC_ERROR;
  }
  return count;
}

int show(void* user, curl_off_t total, curl_off_t done, curl_off_t, curl_off_t) {
  const auto& transfer = *static_cast<Transfer*>(user);
  const auto first = transfer.first_byte;
  if (transfer.watch)
    transfer.watch(first + static_cast<std::uint64_t>(done),
                   total > 0 ? first + static_cast<std::uint64_t>(total) : 0);
  return 0;
}

using Curl = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;

Curl open_curl() {
  static const auto ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  Curl curl(ready == CURLE_OK ? curl_easy_init() : nullptr, &curl_easy_cleanup);
  if (!curl) throw NotDelivered("libcurl cannot start");
  return curl;
}

// One request, from the end of the part on.  The answer's status goes to `status`.
CURLcode request(const std::string& url, Transfer& transfer, std::string& message, long& status) {
  const auto curl = open_curl();
  std::array<char, CURL_ERROR_SIZE> text{};
  const auto set = [&](CURLoption option, auto value) {
    curl_easy_setopt(curl.get(), option, value);
  };
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 1L);
  set(CURLOPT_MAXREDIRS, kMostRedirections);
  set(CURLOPT_FAILONERROR, 1L);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  set(CURLOPT_LOW_SPEED_LIMIT, kSlowestBytes);
  set(CURLOPT_LOW_SPEED_TIME, kSlowSeconds);
  const auto agent = std::string("kiln/") + version();
  set(CURLOPT_USERAGENT, agent.c_str());
  set(CURLOPT_ERRORBUFFER, text.data());
  set(CURLOPT_WRITEFUNCTION, &take);
  set(CURLOPT_WRITEDATA, &transfer);
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, &show);
  set(CURLOPT_XFERINFODATA, &transfer);
  set(CURLOPT_RESUME_FROM_LARGE, static_cast<curl_off_t>(transfer.first_byte));
  const auto code = curl_easy_perform(curl.get());
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  message = text[0] != '\0' ? text.data() : curl_easy_strerror(code);
  return code;
}

}  // namespace

void download(const std::string& url, const fs::path& part, std::uint64_t most_bytes,
              const Watch& watch) {
  PartFile file(part);
  if (file.size() > most_bytes) file.restart();
  for (;;) {
    Transfer transfer{file, most_bytes, file.size(), watch, false, {}};
    std::string message;
    long status = 0;
    const auto code = request(url, transfer, message, status);
    if (transfer.failed) std::rethrow_exception(transfer.failed);
    if (transfer.too_long) throw NotDelivered(fmt::format("sends more than {} bytes", most_bytes));
    // 416: there is nothing behind the part, so it may be the whole.
    if (code == CURLE_OK || (transfer.first_byte > 0 && status == kRangeNotSatisfiable)) return;
    if (transfer.first_byte == 0 || code != CURLE_RANGE_ERROR) throw NotDelivered(message);
    file.restart();  // this server cannot begin in the middle
  }
}

void copy_in(const fs::path& file, const fs::path& part, std::uint64_t most_bytes) {
  std::error_code error;
  if (!fs::is_regular_file(file, error)) throw NotDelivered("there is no such file");
  std::ifstream from(file, std::ios::binary);
  if (!from) throw NotDelivered("cannot be read");
  PartFile to(part);
  to.restart();
  std::vector<char> piece(std::size_t{1} << 20);
  while (from.read(piece.data(), static_cast<std::streamsize>(piece.size())), from.gcount() > 0) {
    const auto count = static_cast<std::size_t>(from.gcount());
    if (to.size() + count > most_bytes)
      throw NotDelivered(fmt::format("is longer than {} bytes", most_bytes));
    to.append(piece.data(), count);
  }
  if (from.bad()) throw NotDelivered("cannot be read");
}

}  // namespace kiln::program
