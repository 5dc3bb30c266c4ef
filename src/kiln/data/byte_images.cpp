#include "kiln/data/byte_images.h"

#include <algorithm>
#include <numeric>

#include "kiln/core/error.h"

namespace kiln {
namespace {

class ByteImages : public Dataset {
 public:
  ByteImages(DataInfo info, std::vector<ByteRecords> parts, std::vector<std::int32_t> labels,
             float white)
      : info_(std::move(info)),
        parts_(std::move(parts)),
        labels_(std::move(labels)),
        white_(white) {
    for (const auto& part : parts_) size_ += part.items;
    KILN_ASSERT(labels_.empty() || std::ssize(labels_) == size_);
  }

  const DataInfo& info() const override { return info_; }
  std::int64_t size() const override { return size_; }
  std::int64_t read(std::int64_t index, std::span<float> x) const override {
    KILN_ASSERT(index >= 0 && index < size_);
    auto part = parts_.begin();
    auto row = index;
    while (row >= part->items) row -= part++->items;
    std::vector<std::uint8_t> bytes(x.size());
    part->bytes->read(part->offset + static_cast<std::uint64_t>(row) * part->stride, bytes);
    std::transform(bytes.begin(), bytes.end(), x.begin(),
                   [this](std::uint8_t byte) { return static_cast<float>(byte) / white_; });
    return labels_.empty() ? -1 : labels_[static_cast<std::size_t>(index)];
  }

 private:
  DataInfo info_;
  std::vector<ByteRecords> parts_;
  std::vector<std::int32_t> labels_;
  float white_;
  std::int64_t size_ = 0;
};

}  // namespace

void ByteRange::join(const ByteRange& other) {
  only_0_and_255 = only_0_and_255 && other.only_0_and_255;
  only_0_and_1 = only_0_and_1 && other.only_0_and_1;
}

// Records without a gap between them are read many at once.
ByteRange range_of(const ByteRecords& records, std::int64_t item_size) {
  constexpr std::int64_t kReadAtOnce = 1 << 18;
  ByteRange range;
  const bool dense = records.stride == static_cast<std::uint64_t>(item_size);
  const auto at_once = dense ? std::max<std::int64_t>(1, kReadAtOnce / item_size) : 1;
  std::vector<std::uint8_t> block(static_cast<std::size_t>(at_once * item_size));
  for (std::int64_t first = 0; first < records.items; first += at_once) {
    if (!range.only_0_and_255 && !range.only_0_and_1) break;
    const auto rows = std::min(at_once, records.items - first);
    const auto bytes = std::span(block).first(static_cast<std::size_t>(rows * item_size));
    records.bytes->read(records.offset + static_cast<std::uint64_t>(first) * records.stride, bytes);
    const auto zeros = std::count(bytes.begin(), bytes.end(), std::uint8_t{0});
    const auto ones = std::count(bytes.begin(), bytes.end(), std::uint8_t{1});
    const auto whites = std::count(bytes.begin(), bytes.end(), std::uint8_t{255});
    range.join({.only_0_and_255 = zeros + whites == std::ssize(bytes),
                .only_0_and_1 = zeros + ones == std::ssize(bytes)});
  }
  return range;
}

DatasetPtr byte_images(DataInfo info, std::vector<ByteRecords> parts,
                       std::vector<std::int32_t> labels, float white) {
  return std::make_shared<ByteImages>(std::move(info), std::move(parts), std::move(labels), white);
}

}  // namespace kiln
