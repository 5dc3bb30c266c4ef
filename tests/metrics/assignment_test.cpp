#include "kiln/metrics/assignment.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <algorithm>
#include <numeric>

#include "kiln/core/error.h"
#include "kiln/core/rng.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

double value_of(const Tensor& values, const std::vector<std::int64_t>& columns) {
  double sum = 0;
  for (std::size_t i = 0; i < columns.size(); ++i)
    sum += values[static_cast<std::int64_t>(i)][columns[i]].item<double>();
  return sum;
}

TEST(BestAssignment, BeatsEveryOther) {
  Rng rng(1);
  for (int trial = 0; trial < 20; ++trial) {
    const std::int64_t n = 2 + trial % 4, m = n + trial % 3;
    const auto values = rng.normal({n, m});
    const auto chosen = best_assignment(values);
    ASSERT_EQ(std::ssize(chosen), n);
    std::vector<std::int64_t> order(static_cast<std::size_t>(m));
    std::iota(order.begin(), order.end(), 0);
    double best = -1e300;
    do {
      best = std::max(best, value_of(values, {order.begin(), order.begin() + n}));
    } while (std::next_permutation(order.begin(), order.end()));
    EXPECT_NEAR(value_of(values, chosen), best, 1e-9);
    auto sorted = chosen;
    std::sort(sorted.begin(), sorted.end());
    EXPECT_EQ(std::unique(sorted.begin(), sorted.end()), sorted.end());
  }
  EXPECT_EQ(message_of<ShapeError>([] {
              best_assignment(torch::zeros({3, 2}));
            }),
            "[best_assignment] there are more rows than columns; transpose the table");
}

TEST(MatchedAccuracy, ForgivesNamesAndNotMistakes) {
  const auto y = torch::tensor({0, 0, 1, 1, 2, 2, 2, 0}, torch::kInt64);
  const auto renamed = (y + 1) % 3;
  EXPECT_EQ(matched_accuracy(renamed, y), 1);
  auto one_wrong = renamed.clone();
  one_wrong[0] = 0;
  EXPECT_EQ(matched_accuracy(one_wrong, y), 7. / 8);
  EXPECT_EQ(matched_accuracy(torch::zeros({8}, torch::kInt64), y), 3. / 8);
}

}  // namespace
}  // namespace kiln
