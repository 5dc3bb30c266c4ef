#include "kiln/metrics/inception_score.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>
#include <vector>

#include "kiln/core/rng.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

TEST(InceptionScore, OfThreeRowsIsTheConstantByHand) {
  const auto p = torch::tensor({{.7, .2, .1}, {.1, .8, .1}, {.2, .2, .6}}, torch::kDouble);
  const auto found = inception_score(p, 1);
  EXPECT_NEAR(found.mean, 1.333955109430172, 1e-14);
  EXPECT_EQ(found.deviation, 0);
}

TEST(InceptionScore, IsOneWhereEveryItemHasOneLaw) {
  EXPECT_NEAR(inception_score(torch::full({20, 10}, .1), 2).mean, 1, 1e-12);
  const auto row = torch::softmax(torch::arange(5, torch::kDouble), 0);
  EXPECT_NEAR(inception_score(row.repeat({20, 1}), 2).mean, 1, 1e-12);
}

TEST(InceptionScore, IsTheNumberOfClassesWhereTheyAreSureAndAlike) {
  const auto found = inception_score(torch::eye(7).repeat({10, 1}), 10);
  EXPECT_NEAR(found.mean, 7, 1e-12);
  EXPECT_NEAR(found.deviation, 0, 1e-12);
}

// 7 items in 3 runs: 0-1, 2-3, 4-6, of 1, 2 and 3 classes; then the deviation over the three.
TEST(InceptionScore, SplitsAreRunsOfConsecutiveItems) {
  const auto y = torch::tensor({0, 0, 1, 2, 0, 1, 2});
  const auto found = inception_score(torch::one_hot(y, 3).to(torch::kFloat), 3);
  EXPECT_NEAR(found.mean, 2, 1e-12);
  EXPECT_NEAR(found.deviation, std::sqrt(2. / 3), 1e-12);
}

// exp of the mutual information of item and class, number by number.
TEST(InceptionScore, IsTheExponentialOfAMutualInformation) {
  Rng rng(1);
  const auto p = torch::softmax(rng.normal({30, 4}).to(torch::kDouble) * 2, 1);
  const auto numbers = p.accessor<double, 2>();
  double nats = 0;
  for (std::int64_t y = 0; y < 4; ++y) {
    double marginal = 0;
    for (std::int64_t i = 0; i < 30; ++i) marginal += numbers[i][y] / 30;
    for (std::int64_t i = 0; i < 30; ++i)
      nats += numbers[i][y] / 30 * std::log(numbers[i][y] / marginal);
  }
  EXPECT_NEAR(inception_score(p, 1).mean, std::exp(nats), 1e-12);
}

TEST(InceptionScore, RefusesWhatIsNoDistribution) {
  const std::string wanted =
      "[inception_score] every row of probs must be probabilities that sum to 1; logits need a "
      "softmax";
  for (const auto& p : {torch::tensor({{1.5, -.5}}), torch::tensor({{.5, .4}}),
                        torch::tensor({{.5, .5}, {.5, .6}})})
    EXPECT_EQ(message_of<ConfigError>([&] { inception_score(p, 1); }), wanted);
  EXPECT_EQ(message_of<ShapeError>([] { inception_score(torch::ones(3)); }),
            "[inception_score] probs must have shape [*, *], got [3]");
  EXPECT_EQ(message_of<ConfigError>([] { inception_score(torch::eye(3), 4); }),
            "[inception_score] cannot make 4 splits of 3 items");
  EXPECT_EQ(message_of<ConfigError>([] { inception_score(torch::eye(3), 0); }),
            "[inception_score] splits must be positive, got 0");
}

}  // namespace
}  // namespace kiln
