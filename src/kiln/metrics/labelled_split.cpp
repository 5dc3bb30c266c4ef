#include "kiln/metrics/labelled_split.h"

#include <fmt/format.h>

#include <algorithm>

#include "kiln/core/check.h"

namespace kiln {
namespace {

void check_count(const Tensor& y, std::int64_t classes, std::int64_t count) {
  check_shape("labels", "y", y, {kAny});
  if (classes < 2) throw ConfigError("labels", "the data have no classes to tell apart");
  if (count < 2 * classes)
    throw ConfigError("labels", fmt::format("{} labels are too few: {} classes need at least {}, "
                                            "one of each to fit and one to choose by",
                                            count, classes, 2 * classes));
}

// Items of each class in a random order.
std::vector<std::vector<std::int64_t>> shuffled_classes(const Tensor& y, std::int64_t classes,
                                                        Rng& rng) {
  const auto order = rng.permutation(y.size(0)).to(torch::kCPU).contiguous();
  const auto labels = y.to(torch::kCPU, torch::kInt64).contiguous();
  std::vector<std::vector<std::int64_t>> members(static_cast<std::size_t>(classes));
  for (std::int64_t i = 0; i < y.size(0); ++i) {
    const auto item = order.data_ptr<std::int64_t>()[i];
    const auto label = labels.data_ptr<std::int64_t>()[item];
    if (label < 0 || label >= classes)
      throw ConfigError("labels", fmt::format("item {} has label {}, not one of {} classes", item,
                                              label, classes));
    members[static_cast<std::size_t>(label)].push_back(item);
  }
  return members;
}

}  // namespace

std::vector<std::int64_t> LabelledSplit::all() const {
  auto items = fit;
  items.insert(items.end(), held_out.begin(), held_out.end());
  return items;
}

LabelledSplit draw_labelled(const Tensor& y, std::int64_t classes, std::int64_t count, Rng& rng) {
  check_count(y, classes, count);
  const auto members = shuffled_classes(y, classes, rng);
  LabelledSplit split;
  for (std::int64_t c = 0; c < classes; ++c) {
    const auto& items = members[static_cast<std::size_t>(c)];
    const auto wanted = count / classes + (c < count % classes ? 1 : 0);
    if (static_cast<std::int64_t>(items.size()) < wanted)
      throw ConfigError("labels", fmt::format("{} labels need {} items of class {}, and there are "
                                              "{}; ask for fewer",
                                              count, wanted, c, items.size()));
    const auto kept = std::max<std::int64_t>(1, wanted / 5);
    split.held_out.insert(split.held_out.end(), items.begin(), items.begin() + kept);
    split.fit.insert(split.fit.end(), items.begin() + kept, items.begin() + wanted);
  }
  return split;
}

}  // namespace kiln
