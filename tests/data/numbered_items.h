#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

#include "kiln/core/error.h"
#include "kiln/data/dataset.h"

namespace kiln {

/// Item i holds `width` times the number i / (size - 1); its label is i.
class NumberedItems : public Dataset {
 public:
  NumberedItems(std::int64_t size, std::int64_t width, Values values = Values::unit) : size_(size) {
    info_.name = "numbered";
    info_.shape = {width};
    info_.values = values;
    info_.classes = size;
  }

  const DataInfo& info() const override { return info_; }
  std::int64_t size() const override { return size_; }
  std::int64_t read(std::int64_t index, std::span<float> x) const override {
    if (index == broken) throw IoError("test", "item is broken");
    if (uneven && index % 8 == 0) std::this_thread::sleep_for(std::chrono::microseconds(300));
    std::fill(x.begin(), x.end(), static_cast<float>(index) / static_cast<float>(size_ - 1));
    return index;
  }

  bool uneven = false;                    ///< Some items take longer to read than others.
  std::atomic<std::int64_t> broken = -1;  ///< The item that cannot be read.

 private:
  DataInfo info_;
  std::int64_t size_;
};

}  // namespace kiln
