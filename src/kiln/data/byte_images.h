#pragma once

#include <cstdint>
#include <vector>

#include "kiln/data/byte_source.h"
#include "kiln/data/dataset.h"

namespace kiln {

/// Items of one byte a number at equal distances in a file.
struct ByteRecords {
  ByteSourcePtr bytes;
  std::uint64_t offset = 0;  ///< Of the first item.
  std::uint64_t stride = 0;  ///< From one item to the next.
  std::int64_t items = 0;
};

/// What the bytes of some records are, found by reading them all (or until it is plain).
struct ByteRange {
  bool only_0_and_255 = true;
  bool only_0_and_1 = true;
  void join(const ByteRange& other);
};
ByteRange range_of(const ByteRecords& records, std::int64_t item_size);

/// Items of all `parts` in order; a byte b becomes b / `white`.  `labels` is empty or one per item.
DatasetPtr byte_images(DataInfo info, std::vector<ByteRecords> parts,
                       std::vector<std::int32_t> labels, float white = 255);

}  // namespace kiln
