// IDX bytes: whatever they are, they are read or refused with an IoError, and what is read stays
// within [0, 1].  The input is the image file, and after a byte 0xFE twice its label file.
#include <algorithm>
#include <cstdlib>

#include "kiln/core/error.h"
#include "kiln/data/idx.h"

namespace {

using Bytes = std::vector<std::uint8_t>;

void read_all(const kiln::Dataset& data) {
  std::vector<float> x(static_cast<std::size_t>(data.info().item_size()));
  for (std::int64_t i = 0; i < std::min<std::int64_t>(data.size(), 1000); ++i) {
    const auto label = data.read(i, x);
    if (label < -1 || label >= std::max<std::int64_t>(data.info().classes, 1)) std::abort();
    for (const float value : x)
      if (!(value >= 0 && value <= 1)) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const Bytes mark{0xFE, 0xFE}, input(bytes, bytes + size);
  const auto cut = std::search(input.begin(), input.end(), mark.begin(), mark.end());
  try {
    kiln::ByteSourcePtr labels;
    if (cut != input.end()) labels = kiln::memory_bytes("labels", Bytes(cut + 2, input.end()));
    read_all(*kiln::idx_dataset("fuzz", kiln::memory_bytes("images", Bytes(input.begin(), cut)),
                                labels));
  } catch (const kiln::IoError&) {
  }
  return 0;
}
