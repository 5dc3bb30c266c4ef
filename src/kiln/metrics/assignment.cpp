#include "kiln/metrics/assignment.h"

#include <torch/types.h>

#include <algorithm>
#include <limits>

#include "kiln/core/check.h"

namespace kiln {
namespace {

// Shortest augmenting paths with a price for every row and column; costs are minus the values.
// Row and column 0 stand for none.
class Hungarian {
 public:
  explicit Hungarian(const Tensor& values)
      : cost_((-values).to(torch::kFloat64).contiguous()),
        rows_(values.size(0)),
        columns_(values.size(1)),
        row_price_(at(rows_), 0.),
        column_price_(at(columns_), 0.),
        row_of_(at(columns_), 0) {
    for (std::int64_t row = 1; row <= rows_; ++row) add(row);
  }

  std::vector<std::int64_t> columns() const {
    std::vector<std::int64_t> chosen(static_cast<std::size_t>(rows_));
    for (std::size_t c = 1; c < row_of_.size(); ++c)
      if (row_of_[c] > 0)
        chosen[static_cast<std::size_t>(row_of_[c] - 1)] = static_cast<std::int64_t>(c) - 1;
    return chosen;
  }

 private:
  static std::size_t at(std::int64_t last) { return static_cast<std::size_t>(last + 1); }

  double reduced(std::int64_t row, std::size_t column) const {
    const auto place = (row - 1) * columns_ + static_cast<std::int64_t>(column) - 1;
    return cost_.data_ptr<double>()[place] - row_price_[static_cast<std::size_t>(row)] -
           column_price_[column];
  }

  // Grows a tree of cheapest steps from a new row until it meets a free column.
  void add(std::int64_t row) {
    const auto size = at(columns_);
    std::vector<double> least(size, std::numeric_limits<double>::infinity());
    std::vector<std::size_t> before(size, 0);
    std::vector<bool> in_tree(size, false);
    row_of_[0] = row;
    std::size_t column = 0;
    while (row_of_[column] != 0) column = step(column, least, before, in_tree);
    for (; column != 0; column = before[column]) row_of_[column] = row_of_[before[column]];
  }

  std::size_t step(std::size_t column, std::vector<double>& least, std::vector<std::size_t>& before,
                   std::vector<bool>& in_tree) {
    in_tree[column] = true;
    std::size_t next = 0;
    double gap = std::numeric_limits<double>::infinity();
    for (std::size_t c = 1; c < least.size(); ++c) {
      if (in_tree[c]) continue;
      if (const double price = reduced(row_of_[column], c); price < least[c])
        least[c] = price, before[c] = column;
      if (least[c] < gap) gap = least[c], next = c;
    }
    for (std::size_t c = 0; c < least.size(); ++c)
      if (in_tree[c])
        row_price_[static_cast<std::size_t>(row_of_[c])] += gap, column_price_[c] -= gap;
      else
        least[c] -= gap;
    return next;
  }

  Tensor cost_;
  std::int64_t rows_, columns_;
  std::vector<double> row_price_, column_price_;
  std::vector<std::int64_t> row_of_;  // of each column, 0: none
};

}  // namespace

std::vector<std::int64_t> best_assignment(const Tensor& values) {
  check_shape("best_assignment", "values", values, {kAny, kAny});
  if (values.size(0) > values.size(1))
    throw ShapeError("best_assignment", "there are more rows than columns; transpose the table");
  return Hungarian(values).columns();
}

double matched_accuracy(const Tensor& found, const Tensor& y) {
  check_shape("matched_accuracy", "y", y, {found.size(0)});
  const auto size = std::max(found.max().item<std::int64_t>(), y.max().item<std::int64_t>()) + 1;
  const auto together = at::bincount(found * size + y, {}, size * size).view({size, size});
  const auto columns = best_assignment(together);
  std::int64_t right = 0;
  for (std::int64_t row = 0; row < size; ++row)
    right += together[row][columns[static_cast<std::size_t>(row)]].item<std::int64_t>();
  return static_cast<double>(right) / static_cast<double>(y.size(0));
}

}  // namespace kiln
