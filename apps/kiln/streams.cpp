#include "apps/kiln/streams.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace kiln::program {

void keep_standard_streams() {
  for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(number, F_GETFD) < 0) {
      // For reading only: what is written there fails, as it did when it was closed.
      [[maybe_unused]] const int taken = ::open("/dev/null", O_RDONLY);
    }
}

void say(std::FILE* stream, std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stream);
  std::fflush(stream);
}

std::string printable(std::string_view text) {
  std::string clean;
  unsigned char before = 0;
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    const bool low = (code < 0x20 && c != '\n' && c != '\t') || code == 0x7f;
    const bool high = before == 0xc2 && code < 0xa0;  // U+0080 to U+009F in UTF-8
    if (high) clean.pop_back();
    if (low || high)
      clean += fmt::format("\\x{:02x}", code);
    else
      clean += c;
    before = code;
  }
  return clean;
}

}  // namespace kiln::program
