#include "kiln/metrics/nearest_training.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>

#include "kiln/core/rng.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

// The rows of a table as a data set.
class Rows : public Dataset {
 public:
  explicit Rows(Tensor x) : x_(x.to(torch::kFloat32).contiguous()) {
    info_.name = "rows";
    info_.shape = {x_.size(1)};
  }
  const DataInfo& info() const override { return info_; }
  std::int64_t size() const override { return x_.size(0); }
  std::int64_t read(std::int64_t index, std::span<float> x) const override {
    std::copy_n(x_[index].data_ptr<float>(), x.size(), x.begin());
    return -1;
  }

 private:
  Tensor x_;
  DataInfo info_;
};

Tensor normal(std::int64_t rows, std::int64_t columns, std::uint64_t seed) {
  return Rng(seed, "nearest").normal({rows, columns});
}

NearestItems nearest(const Tensor& x, const Tensor& data, std::int64_t k, std::int64_t batch) {
  Loader loader(std::make_shared<Rows>(data), {}, LoaderOptions::one_pass(batch, 1, 0));
  return nearest_training_items(x, loader, k);
}

using Near = std::vector<std::pair<double, std::int64_t>>;

// All items by distance, then by number, counted one by one in float64.
Near by_hand(const Tensor& row, const Tensor& data) {
  Near near;
  for (std::int64_t i = 0; i < data.size(0); ++i) {
    double sum = 0;
    for (std::int64_t d = 0; d < data.size(1); ++d) {
      const double off = static_cast<double>(row[d].item<float>()) - data[i][d].item<float>();
      sum += off * off;
    }
    near.emplace_back(sum, i);
  }
  std::sort(near.begin(), near.end());
  return near;
}

TEST(NearestTrainingItems, EqualThoseFoundOneByOneWhateverTheBatch) {
  const auto x = normal(9, 3, 1), data = normal(23, 3, 2);
  for (const std::int64_t batch : {1, 4, 23, 100})
    for (const std::int64_t k : {1, 5, 23}) {
      const auto near = nearest(x, data, k, batch);
      ASSERT_EQ(near.distance.sizes(), (std::vector<std::int64_t>{9, k}));
      for (std::int64_t i = 0; i < 9; ++i) {
        const auto expected = by_hand(x[i], data);
        for (std::int64_t j = 0; j < k; ++j) {
          const auto [distance, index] = expected[static_cast<std::size_t>(j)];
          EXPECT_NEAR(near.distance[i][j].item<double>(), distance, 1e-12);
          EXPECT_EQ(near.index[i][j].item<std::int64_t>(), index) << batch << " " << k;
        }
      }
    }
}

TEST(NearestTrainingItems, ManyRowsAreSplitAndKeepTheirOrder) {
  const auto x = normal(600, 2, 3), data = normal(50, 2, 4);
  const auto near = nearest(x, data, 1, 16);
  const auto distances = torch::cdist(x.to(torch::kFloat64), data.to(torch::kFloat64));
  EXPECT_TRUE(torch::equal(near.index.flatten(), distances.argmin(1)));
}

// Far from the origin, where |a|^2 - 2 ab + |b|^2 in float32 is off by 1 and more.
TEST(NearestTrainingItems, ACopyIsNamedAtDistanceZero) {
  const auto data = normal(40, 300, 5) + 1000;
  const auto copies = torch::tensor({31, 0, 17});
  const auto near = nearest(data.index_select(0, copies), data, 2, 7);
  EXPECT_TRUE(torch::equal(near.index.select(1, 0), copies));
  EXPECT_TRUE(torch::equal(near.distance.select(1, 0), torch::zeros(3, torch::kFloat64)));
  EXPECT_GT(near.distance.select(1, 1).min().item<double>(), 0);
}

TEST(NearestTrainingItems, OfEqualDistancesTheEarliestItemStandsFirst) {
  const auto data = torch::tensor({1.0f, -1.0f, 1.0f, -1.0f, 1.0f}).unsqueeze(1);
  for (const std::int64_t batch : {2, 5})
    EXPECT_TRUE(
        torch::equal(nearest(torch::zeros({1, 1}), data, 5, batch).index[0], torch::arange(5)));
}

TEST(NearestTrainingItems, FewerItemsThanAskedForAreAllGiven) {
  EXPECT_EQ(nearest(normal(2, 3, 1), normal(4, 3, 2), 9, 3).index.size(1), 4);
}

TEST(NearestTrainingItems, ImagesAreComparedNumberByNumber) {
  const auto data = normal(6, 12, 1);
  EXPECT_EQ(nearest(data.narrow(0, 3, 1).view({1, 3, 2, 2}), data, 1, 6).index.item<std::int64_t>(),
            3);
}

TEST(NearestTrainingItems, WrongCallsAreRefused) {
  const auto data = normal(4, 3, 1);
  EXPECT_EQ(message_of<ShapeError>([&] { nearest(normal(2, 5, 1), data, 1, 2); }),
            "[nearest_training_items] x must have shape [*, 3], got [2, 5]");
  EXPECT_EQ(message_of<ConfigError>([&] { nearest(data, data, 0, 2); }),
            "[nearest_training_items] k must be positive, got 0");
}

Tensor counting(std::int64_t count) { return torch::arange(count, torch::kFloat64); }

TEST(TrainingNearness, QuantilesOfEvenlySpacedDistancesAreTheirShares) {
  const auto nearness = training_nearness(counting(101) * 2, counting(201));
  EXPECT_EQ(nearness.samples, (std::array<double, 5>{10, 50, 100, 150, 190}));
  EXPECT_EQ(nearness.held_out, (std::array<double, 5>{10, 50, 100, 150, 190}));
  EXPECT_DOUBLE_EQ(nearness.nearer, 5.0 / 101);  // 0, 2, 4, 6, 8
  EXPECT_DOUBLE_EQ(nearness.nearer_error, std::sqrt(0.05 * 0.95 * (1.0 / 101 + 1.0 / 201)));
  EXPECT_DOUBLE_EQ(nearness.equal, 1.0 / 101);
  EXPECT_DOUBLE_EQ(nearness.held_out_equal, 1.0 / 201);
  EXPECT_FALSE(nearness.suspicious());
}

TEST(TrainingNearness, CopiesAreSuspiciousAndTheHeldOutItemsThemselvesAreNot) {
  const auto held_out = counting(100) + 1;
  const auto copies = training_nearness(torch::zeros(100, torch::kFloat64), held_out);
  EXPECT_EQ(copies.nearer, 1);
  EXPECT_EQ(copies.equal, 1);
  EXPECT_EQ(copies.held_out_equal, 0);
  EXPECT_TRUE(copies.suspicious());
  EXPECT_FALSE(training_nearness(held_out, held_out).suspicious());
}

// All at distance 0: a small space of items, of which every one is in the training set.
TEST(TrainingNearness, AHeldOutSetThatIsTheTrainingSetMakesNothingSuspicious) {
  const auto data = normal(30, 2, 1);
  const auto distance = nearest(data, data, 1, 10).distance.flatten();
  const auto nearness = training_nearness(distance, distance);
  EXPECT_EQ(nearness.held_out, (std::array<double, 5>{}));
  EXPECT_EQ(nearness.nearer, 0);
  EXPECT_EQ(nearness.held_out_equal, 1);
  EXPECT_FALSE(nearness.suspicious());
}

TEST(TrainingNearness, FewSamplesAreSuspiciousOnlyFarAboveFivePercent) {
  const auto held_out = counting(1000);  // nearer: below 49.95; 3 standard errors: 0.069 more
  const auto with = [&](std::int64_t near) {
    auto samples = torch::full({100}, 500.0, torch::kFloat64);
    samples.narrow(0, 0, near).fill_(1);
    return training_nearness(samples, held_out).suspicious();
  };
  EXPECT_FALSE(with(11));
  EXPECT_TRUE(with(12));
}

// 2000 pairs of sets of one law: the mean of the share and its deviation, within 5 of their own
// standard errors. An empirical quantile is off by 1 / H at most in the mean.
TEST(TrainingNearness, OfOneLawFivePercentAreNearerWithTheErrorThatIsSaid) {
  const std::int64_t repeats = 2000, samples = 200, held_out = 300;
  Rng rng(6, "nearness");
  auto shares = torch::empty(repeats, torch::kFloat64);
  double error = 0;
  for (std::int64_t i = 0; i < repeats; ++i) {
    const auto nearness = training_nearness(rng.normal({samples}).to(torch::kFloat64),
                                            rng.normal({held_out}).to(torch::kFloat64));
    shares[i] = nearness.nearer;
    error = nearness.nearer_error;
  }
  EXPECT_NEAR(shares.mean().item<double>(), 0.05, 5 * error / std::sqrt(2000.0) + 1.0 / 300);
  EXPECT_NEAR(shares.std().item<double>() / error, 1, 5 / std::sqrt(2 * 2000.0));
}

TEST(TrainingNearness, RefusesWhatIsEmptyOrNoList) {
  EXPECT_EQ(message_of<ShapeError>([] { training_nearness(counting(0), counting(3)); }),
            "[training_nearness] needs distances of both, got 0 and 3");
  EXPECT_EQ(message_of<ShapeError>([] {
              training_nearness(counting(4).view({2, 2}), counting(3));
            }),
            "[training_nearness] samples must have shape [*], got [2, 2]");
}

}  // namespace
}  // namespace kiln
