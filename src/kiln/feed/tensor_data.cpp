#include "kiln/feed/tensor_data.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/types.h>

#include <algorithm>

#include "kiln/core/check.h"
#include "kiln/core/options.h"
#include "kiln/data/value_range.h"

namespace kiln {
namespace {

constexpr std::int64_t kByteLevels = 256, kMostClasses = 10000;

class TensorData : public Dataset {
 public:
  TensorData(DataInfo info, Tensor x, std::vector<std::int64_t> labels)
      : info_(std::move(info)), x_(std::move(x)), labels_(std::move(labels)) {}
  const DataInfo& info() const override { return info_; }
  std::int64_t size() const override { return x_.size(0); }
  std::int64_t read(std::int64_t index, std::span<float> x) const override {
    const auto* item = x_.data_ptr<float>() + index * x_.size(1);
    std::copy(item, item + x_.size(1), x.begin());
    return labels_.empty() ? -1 : labels_[static_cast<std::size_t>(index)];
  }

 private:
  DataInfo info_;
  Tensor x_;  // [N, numbers of an item] float32, CPU
  std::vector<std::int64_t> labels_;
};

std::vector<std::int64_t> labels_of(const Tensor& y, std::int64_t items) {
  if (!y.defined()) return {};
  check_shape("in_memory", "y", y, {items});
  const auto whole = y.detach().to(torch::kCPU, torch::kInt64).contiguous();
  const auto low = whole.min().item<std::int64_t>(), high = whole.max().item<std::int64_t>();
  const bool exact = !y.is_floating_point() || y.eq(y.floor()).all().item<bool>();
  if (!exact || low < -1 || high >= kMostClasses)
    throw ConfigError("in_memory",
                      fmt::format("labels run from {} to {}; they must be whole "
                                  "numbers from 0, or -1 for no label, below {}",
                                  y.min().item<double>(), y.max().item<double>(), kMostClasses));
  return {whole.data_ptr<std::int64_t>(), whole.data_ptr<std::int64_t>() + items};
}

Values kind_of(const ValueRange& range, const DataInfo& info, std::optional<Values> wanted) {
  const auto otherwise = range.only_0_and_1 ? Values::binary
                         : info.is_image()  ? Values::unit
                                            : Values::real;
  return check_values("in_memory", "x", range, wanted, otherwise);
}

}  // namespace

DatasetPtr in_memory(const Tensor& x, const Tensor& y, std::optional<Values> values) {
  if (!x.defined() || (x.dim() != 2 && x.dim() != 4) || x.numel() == 0)
    throw ShapeError("in_memory",
                     fmt::format("x must be [N, D] or [N, C, H, W] with at least one number, got "
                                 "[{}]",
                                 x.defined() ? fmt::format("{}", fmt::join(x.sizes().begin(),
                                                                           x.sizes().end(), ", "))
                                             : "nothing"));
  const bool bytes = x.scalar_type() == torch::kUInt8 && x.dim() == 4;
  if (bytes && values && *values != Values::unit && *values != Values::binary)
    throw ConfigError("in_memory",
                      fmt::format("bytes of pictures become numbers in [0, 1], not {}; "
                                  "give floats, or leave the values out",
                                  enum_name(*values)));
  auto flat = x.detach().to(torch::kCPU, torch::kFloat32).flatten(1).contiguous().clone();
  if (bytes) flat /= kByteLevels - 1;
  if (!flat.isfinite().all().item<bool>())
    throw ConfigError("in_memory", "x holds numbers that are not finite");
  DataInfo info;
  info.name = "memory";
  info.shape = x.sizes().slice(1).vec();
  ValueRange range;
  range.add({flat.data_ptr<float>(), static_cast<std::size_t>(flat.numel())});
  info.values = kind_of(range, info, values);
  info.levels = bytes && info.values == Values::unit ? kByteLevels : levels_of(info.values, range);
  auto labels = labels_of(y, x.size(0));
  for (const auto label : labels) info.classes = std::max(info.classes, label + 1);
  return std::make_shared<TensorData>(std::move(info), std::move(flat), std::move(labels));
}

}  // namespace kiln
