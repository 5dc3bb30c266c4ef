#include "kiln/nn/importance.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

namespace kiln {
namespace {

TEST(Importance, NoiseOfDrawsDoesNotDependOnHowTheyAreSplit) {
  Rng once(3), parts(3);
  const auto all = noise_of_draws(5, {2, 3}, once);
  const auto first = noise_of_draws(2, {2, 3}, parts), rest = noise_of_draws(3, {2, 3}, parts);
  EXPECT_TRUE(torch::equal(all, torch::cat({first, rest})));
  EXPECT_FALSE(torch::equal(all[0], all[1]));
}

TEST(Importance, DrawsAtOnceFillTheRoomAndAreNeverNone) {
  EXPECT_EQ(draws_at_once(1000, 10, 20), 5);
  EXPECT_EQ(draws_at_once(1199, 10, 20), 5);
  EXPECT_EQ(draws_at_once(1000, 10, 2000), 1);
  EXPECT_EQ(draws_at_once(1000, 0, 20), 1000);
}

TEST(Importance, BoundIsTheLogOfTheMeanWeightWhateverTheParts) {
  Rng rng(4);
  const auto weights = rng.normal({7, 4}).to(torch::kDouble) * 3;
  const auto exact = torch::log(weights.exp().mean(0));
  for (const std::int64_t at_once : {1, 2, 3, 7, 100}) {
    std::int64_t given = 0;
    const auto bound = importance_bound(7, at_once, [&](std::int64_t count) {
      EXPECT_LE(count, at_once);
      given += count;
      return weights.narrow(0, given - count, count);
    });
    EXPECT_EQ(given, 7);
    EXPECT_LT((bound - exact).abs().max().item<double>(), 1e-12) << at_once;
  }
}

// A latent of two values, so that the mean over all K draws is a sum of 2^K terms: p(z) = (.3, .7),
// p(x|z) = (.9, .2), q(z|x) = (.5, .5).
TEST(Importance, MeanBoundsRiseToTheLikelihoodAsTheSumsSay) {
  const auto log_weight = torch::log(torch::tensor({.3 * .9 / .5, .7 * .2 / .5}, torch::kDouble));
  const auto mean_bound = [&](std::int64_t draws) {
    const auto outcomes = std::int64_t{1} << draws;
    const auto bits = torch::arange(outcomes).unsqueeze(0).bitwise_right_shift(
                          torch::arange(draws).unsqueeze(1)) &
                      1;  // [K, 2^K]
    std::int64_t given = 0;
    return importance_bound(draws, 2,
                            [&](std::int64_t count) {
                              given += count;
                              return log_weight.take(bits.narrow(0, given - count, count));
                            })
        .mean()
        .item<double>();
  };
  EXPECT_NEAR(mean_bound(1), -0.9445759076, 1e-10);
  EXPECT_NEAR(mean_bound(2), -0.9180870135, 1e-10);
  EXPECT_NEAR(mean_bound(3), -0.9090551136, 1e-10);
  EXPECT_NEAR(mean_bound(5), -0.9019284485, 1e-10);
  EXPECT_NEAR(mean_bound(10), -0.8966977927, 1e-10);
  EXPECT_LT(mean_bound(12), std::log(.3 * .9 + .7 * .2));
}

// Over all starts: the mean number of times is count w_k, and no single number is a whole one away.
TEST(Importance, SystematicDrawsFollowTheWeights) {
  const std::int64_t starts = 1000, count = 3;
  const auto weights = torch::tensor({.05, .4, 0., .35, .2}, torch::kDouble);
  const auto start = (torch::arange(starts, torch::kDouble) + .5) / starts;
  const auto chosen =
      systematic_resampling(weights.unsqueeze(-1).expand({5, starts}), count, start);
  ASSERT_EQ(chosen.sizes(), torch::IntArrayRef({count, starts}));
  for (int k = 0; k < 5; ++k) {
    const auto times = (chosen == k).sum(0).to(torch::kDouble), wanted = count * weights[k];
    EXPECT_NEAR(times.mean().item<double>(), wanted.item<double>(), 2.0 * count / starts) << k;
    EXPECT_LT((times - wanted).abs().max().item<double>(), 1) << k;
  }
}

TEST(Importance, EachItemDrawsByItsOwnWeights) {
  const auto weights = torch::tensor({{1., 0., .5}, {0., 1., .5}}, torch::kDouble);
  const auto chosen =
      systematic_resampling(weights, 2, torch::tensor({.999, 0., .5}, torch::kDouble));
  EXPECT_TRUE(torch::equal(chosen, torch::tensor({{0, 1, 0}, {0, 1, 1}}, torch::kInt64)));
}

}  // namespace
}  // namespace kiln
