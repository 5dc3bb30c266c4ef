#include "kiln/data/fingerprint.h"

#include <algorithm>
#include <vector>

#include "kiln/io/content_hash.h"

namespace kiln {

std::string fingerprint(const Dataset& data) {
  constexpr std::int64_t kMostItems = 256;
  const auto& info = data.info();
  ContentHash hash;
  for (const auto side : info.shape) hash.add(side);
  hash.add(info.classes);
  hash.add(data.size());
  std::vector<float> x(static_cast<std::size_t>(info.item_size()));
  const auto count = std::min(data.size(), kMostItems);
  for (std::int64_t i = 0; i < count; ++i) {
    // In two steps, so that no product can be too large.
    const auto stride = (data.size() - 1) / std::max<std::int64_t>(1, count - 1);
    const auto index = i + 1 == count ? data.size() - 1 : i * stride;
    hash.add(data.read(index, x));
    hash.add(x);
  }
  return hash.hex();
}

}  // namespace kiln
