#include "kiln/data/dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "kiln/core/error.h"
#include "kiln/core/philox.h"

namespace kiln {
namespace {

class Subset : public Dataset {
 public:
  Subset(DatasetPtr parent, std::vector<std::int64_t> indices)
      : parent_(std::move(parent)), indices_(std::move(indices)) {
    for (const auto index : indices_)
      if (index < 0 || index >= parent_->size())
        throw ConfigError("data.subset", fmt::format("item {} does not exist: {} has {} items",
                                                     index, parent_->info().name, parent_->size()));
  }

  const DataInfo& info() const override { return parent_->info(); }
  std::int64_t size() const override { return static_cast<std::int64_t>(indices_.size()); }
  std::int64_t read(std::int64_t index, std::span<float> x) const override {
    return parent_->read(indices_.at(static_cast<std::size_t>(index)), x);
  }

 private:
  DatasetPtr parent_;
  std::vector<std::int64_t> indices_;
};

std::int64_t product_of(const std::vector<std::int64_t>& shape) {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

}  // namespace

std::int64_t ItemField::size() const { return product_of(shape); }

std::int64_t DataInfo::item_size() const { return product_of(shape); }

std::int64_t DataInfo::stored_size() const {
  auto numbers = item_size();
  for (const auto& part : more) numbers += part.size();
  return numbers;
}

std::int64_t DataInfo::valued_size() const {
  auto numbers = item_size();
  for (const auto& part : more)
    if (!part.as_is) numbers += part.size();
  return numbers;
}

const ItemField* DataInfo::field(const std::string& wanted) const {
  for (const auto& part : more)
    if (part.name == wanted) return &part;
  return nullptr;
}

DatasetPtr subset(DatasetPtr parent, std::vector<std::int64_t> indices) {
  return std::make_shared<Subset>(std::move(parent), std::move(indices));
}

Splits with_validation(Splits splits, double fraction, std::uint64_t seed) {
  if (splits.valid) return splits;
  const auto size = splits.train->size();
  if (!(fraction > 0 && fraction < 1))
    throw ConfigError("data.validation",
                      fmt::format("needs a share between 0 and 1, got {}", fraction));
  if (size < 2)
    throw ConfigError("data.validation",
                      fmt::format("{} has {} training item(s): too few to set some aside for "
                                  "validation; add data or name a validation source",
                                  splits.train->info().name, size));
  const auto wanted = std::llround(fraction * static_cast<double>(size));
  const auto count = std::clamp<std::int64_t>(wanted, 1, size - 1);
  const auto key = derive_key(seed, "validation");
  std::vector<std::int64_t> train, valid;
  for (std::int64_t i = 0; i < size; ++i) {
    const auto item = static_cast<std::int64_t>(
        permuted_index(static_cast<std::uint64_t>(i), static_cast<std::uint64_t>(size), key));
    (i < count ? valid : train).push_back(item);
  }
  // Rising indices keep reads of large files in order when nobody shuffles.
  std::sort(train.begin(), train.end());
  std::sort(valid.begin(), valid.end());
  splits.valid = subset(splits.train, std::move(valid));
  splits.train = subset(splits.train, std::move(train));
  return splits;
}

}  // namespace kiln
