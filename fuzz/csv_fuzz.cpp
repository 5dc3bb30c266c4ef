// CSV bytes: whatever they are, they are read or refused with an Error, what is read is finite, and
// a table held in memory equals the same table read row by row from the file.  The first byte
// chooses the settings.
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "kiln/core/error.h"
#include "kiln/data/csv.h"

namespace {

kiln::CsvOptions options_from(std::uint8_t choice) {
  kiln::CsvOptions options;
  if (choice & 1) options.label = "0";
  if (choice & 2) options.header = (choice & 4) != 0;
  if (choice & 8) options.sep = static_cast<kiln::CsvSeparator>(choice >> 4 & 3);
  return options;
}

void compare(const kiln::Dataset& held, const kiln::Dataset& streamed) {
  if (held.size() != streamed.size()) std::abort();
  const auto width = static_cast<std::size_t>(held.info().item_size());
  std::vector<float> x(width), again(width);
  for (std::int64_t i = 0; i < held.size(); ++i) {
    if (held.read(i, x) != streamed.read(i, again)) std::abort();
    if (std::memcmp(x.data(), again.data(), width * sizeof(float)) != 0) std::abort();
    for (const float value : x)
      if (!std::isfinite(value)) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  auto options = options_from(bytes[0]);
  const bool skip_bad = (bytes[0] & 64) != 0;
  const auto table = kiln::memory_bytes("fuzz", {bytes + 1, bytes + size});
  try {
    const auto held = kiln::open_csv("fuzz", table, options, skip_bad);
    options.memory = 0;
    compare(*held, *kiln::open_csv("fuzz", table, options, skip_bad));
  } catch (const kiln::Error&) {
  }
  return 0;
}
