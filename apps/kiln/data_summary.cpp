#include "apps/kiln/data_summary.h"

#include <algorithm>
#include <cmath>

namespace kiln::program {
namespace {

constexpr std::size_t kMostColumns = 64;

}  // namespace

void NumberSummary::add(double value) {
  smallest = count == 0 ? value : std::min(smallest, value);
  largest = count == 0 ? value : std::max(largest, value);
  ++count;
  const double before = value - mean;
  mean += before / static_cast<double>(count);
  squares += before * (value - mean);
}

double NumberSummary::standard_deviation() const {
  return count > 1 ? std::sqrt(squares / static_cast<double>(count - 1)) : 0;
}

DataSummary summarize(const Dataset& data, std::int64_t most_items, std::int64_t shown) {
  const auto size = static_cast<std::size_t>(data.info().item_size());
  DataSummary summary;
  summary.items = std::min(data.size(), most_items);
  if (data.info().shape.size() == 1 && size <= kMostColumns) summary.columns.resize(size);
  std::map<std::int64_t, std::vector<std::int64_t>> of_class;
  std::vector<float> x(static_cast<std::size_t>(data.info().stored_size()));
  for (std::int64_t i = 0; i < summary.items; ++i) {
    // A file may be sorted by class: evenly spaced items see all of it.
    const auto index =
        static_cast<std::int64_t>(static_cast<double>(i) * static_cast<double>(data.size()) /
                                  static_cast<double>(summary.items));
    const auto label = data.read(index, x);
    of_class[label].push_back(index);
    for (std::size_t d = 0; d < size; ++d) {
      summary.all.add(x[d]);
      if (!summary.columns.empty()) summary.columns[d].add(x[d]);
    }
  }
  const auto wanted = static_cast<std::size_t>(shown);
  const auto each = std::max<std::size_t>(1, wanted / std::max<std::size_t>(1, of_class.size()));
  for (const auto& [label, items] : of_class) {
    if (label >= 0) summary.per_class[label] = static_cast<std::int64_t>(items.size());
    const auto count = std::min({each, items.size(), wanted - summary.preview.size()});
    summary.preview.insert(summary.preview.end(), items.begin(),
                           items.begin() + static_cast<std::ptrdiff_t>(count));
  }
  return summary;
}

}  // namespace kiln::program
