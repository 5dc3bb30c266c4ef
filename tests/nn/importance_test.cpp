#include "kiln/nn/importance.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

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

}  // namespace
}  // namespace kiln
