#include "kiln/metrics/nearest_neighbours.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>

#include "kiln/core/rng.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

using Row = std::vector<double>;

double cosine(const Row& a, const Row& b) {
  double dot = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    dot += a[i] * b[i], aa += a[i] * a[i], bb += b[i] * b[i];
  return dot / std::sqrt(aa * bb);
}

std::vector<Row> rows_of(const Tensor& x) {
  std::vector<Row> rows;
  for (std::int64_t i = 0; i < x.size(0); ++i) {
    rows.emplace_back();
    for (std::int64_t j = 0; j < x.size(1); ++j) rows.back().push_back(x[i][j].item<double>());
  }
  return rows;
}

// Votes first, then the sum of cosines.
std::int64_t by_hand(const std::vector<Row>& known, const Tensor& y, const Row& x, std::size_t k,
                     std::size_t classes) {
  std::vector<std::pair<double, std::int64_t>> near;
  for (std::size_t i = 0; i < known.size(); ++i)
    near.emplace_back(-cosine(known[i], x), y[static_cast<std::int64_t>(i)].item<std::int64_t>());
  std::sort(near.begin(), near.end());
  std::vector<std::pair<int, double>> votes(classes);
  for (std::size_t i = 0; i < std::min(k, near.size()); ++i) {
    auto& vote = votes[static_cast<std::size_t>(near[i].second)];
    ++vote.first, vote.second -= near[i].first;
  }
  return std::max_element(votes.begin(), votes.end()) - votes.begin();
}

TEST(NearestNeighbours, EqualThoseOfCountingByHand) {
  Rng rng(1, "neighbours");
  const auto known = rng.normal({40, 3}).to(torch::kFloat64),
             x = rng.normal({30, 3}).to(torch::kFloat64);
  const auto y = rng.integers(4, {40});
  const auto rows = rows_of(known), queries = rows_of(x);
  for (const std::int64_t k : {1, 2, 5, 20, 40, 1000}) {
    const auto predicted = nearest_neighbours(known, y, x, k, 4);
    for (std::size_t i = 0; i < queries.size(); ++i)
      EXPECT_EQ(predicted[static_cast<std::int64_t>(i)].item<std::int64_t>(),
                by_hand(rows, y, queries[i], static_cast<std::size_t>(k), 4))
          << k << " " << i;
  }
}

TEST(NearestNeighbours, LengthsDoNotCountAndManyRowsAreSplit) {
  const auto known = torch::tensor({{1.0, 0.0}, {0.0, 100.0}}, torch::kFloat64);
  const auto x = torch::tensor({{50.0, 1.0}, {0.1, 0.2}}, torch::kFloat64).repeat({600, 1});
  const auto predicted = nearest_neighbours(known, torch::tensor({1, 0}), x, 1, 2);
  EXPECT_TRUE(torch::equal(predicted, torch::tensor({1, 0}).repeat(600)));
}

TEST(NearestNeighbours, RefusesWhatDoesNotFit) {
  const auto known = torch::zeros({2, 3}), y = torch::zeros(2, torch::kInt64);
  EXPECT_EQ(message_of<ShapeError>([&] {
              nearest_neighbours(known, y, torch::zeros({1, 4}), 1, 2);
            }),
            "[nearest_neighbours] x must have shape [*, 3], got [1, 4]");
  EXPECT_EQ(message_of<ConfigError>([&] { nearest_neighbours(known, y, known, 0, 2); }),
            "[nearest_neighbours] k must be positive, got 0");
}

}  // namespace
}  // namespace kiln
