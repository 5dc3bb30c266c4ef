#include "kiln/data/quantized.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "kiln/core/error.h"
#include "kiln/core/options.h"

namespace kiln {
namespace {

class Quantized : public Dataset {
 public:
  Quantized(DatasetPtr parent, std::int64_t levels)
      : parent_(std::move(parent)), info_(parent_->info()) {
    if (info_.values != Values::unit)
      throw ConfigError("data.levels",
                        fmt::format("{} holds {} values and levels= quantises grey levels in "
                                    "[0, 1]; leave levels out",
                                    info_.name, enum_name(info_.values)));
    info_.values = Values::states;
    info_.levels = levels;
  }
  const DataInfo& info() const override { return info_; }
  std::int64_t size() const override { return parent_->size(); }
  std::int64_t read(std::int64_t index, std::span<float> x) const override {
    const auto label = parent_->read(index, x);
    const auto levels = static_cast<float>(info_.levels);
    for (auto& value : x) value = std::min(std::floor(value * levels), levels - 1);
    return label;
  }

 private:
  DatasetPtr parent_;
  DataInfo info_;
};

}  // namespace

Splits quantized(Splits splits, std::int64_t levels) {
  for (auto* part : {&splits.train, &splits.valid, &splits.test})
    if (*part) *part = std::make_shared<Quantized>(*part, levels);
  return splits;
}

}  // namespace kiln
