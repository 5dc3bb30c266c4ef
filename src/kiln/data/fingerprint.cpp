#include "kiln/data/fingerprint.h"

#include <algorithm>
#include <vector>

#include "kiln/io/content_hash.h"

namespace kiln {

namespace {

constexpr std::int64_t kMostNumbers = std::int64_t{1} << 22, kItems = 256;

// Item i of `count`, evenly spaced among `size` with the first and the last; no product overflows.
std::int64_t place(std::int64_t i, std::int64_t count, std::int64_t size) {
  if (count < 2) return 0;
  const auto whole = (size - 1) / (count - 1), rest = (size - 1) % (count - 1);
  return i * whole + i * rest / (count - 1);
}

}  // namespace

std::string fingerprint(const Dataset& data) {
  const auto& info = data.info();
  ContentHash hash;
  for (const auto side : info.shape) hash.add(side);
  hash.add(info.classes);
  hash.add(data.size());
  std::vector<float> x(static_cast<std::size_t>(info.stored_size()));
  const bool small = data.size() <= kMostNumbers / std::max<std::int64_t>(1, info.item_size());
  const auto count = small ? data.size() : std::min(data.size(), kItems);
  for (std::int64_t i = 0; i < count; ++i) {
    hash.add(data.read(place(i, count, data.size()), x));
    hash.add(std::span(x).first(static_cast<std::size_t>(info.valued_size())));
  }
  return hash.hex();
}

}  // namespace kiln
