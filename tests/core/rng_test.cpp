#include "kiln/core/rng.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/nn/modules/linear.h>
#include <torch/types.h>
#include <torch/utils.h>

namespace kiln {
namespace {

TEST(Rng, SameSeedSameBitsForAnyNumberOfThreads) {
  const auto draw = [](int threads) {
    at::set_num_threads(threads);
    Rng rng(11, "noise");
    return torch::cat({rng.uniform({40000}), rng.normal({40001})});
  };
  const auto one = draw(1), two = draw(2);
  at::set_num_threads(1);
  EXPECT_TRUE(torch::equal(one, two));
}

TEST(Rng, NamedStreamsDoNotDisturbEachOther) {
  Rng noise(3, "noise"), other(3, "sample");
  const auto first = Rng(3, "noise").normal({5});
  other.normal({1000});
  EXPECT_TRUE(torch::equal(noise.normal({5}), first));
  EXPECT_FALSE(torch::equal(Rng(3, "sample").normal({5}), first));
}

TEST(Rng, RestoringAStateRepeatsTheDraws) {
  Rng rng(5);
  rng.normal({7});
  const auto state = rng.state();
  const auto first = rng.uniform({9});
  rng.restore(state);
  EXPECT_TRUE(torch::equal(rng.uniform({9}), first));
}

TEST(Rng, NormalHasTheMomentsOfTheNormalLaw) {
  Rng rng(17);
  const std::int64_t n = 400000;
  const auto z = rng.normal({n}).to(torch::kDouble);
  EXPECT_NEAR(z.mean().item<double>(), 0, 5 / std::sqrt(double(n)));
  EXPECT_NEAR(z.pow(2).mean().item<double>(), 1, 5 * std::sqrt(2.0 / n));
  const auto product = (z.slice(0, 0, n / 2) * z.slice(0, n / 2)).mean().item<double>();
  EXPECT_NEAR(product, 0, 5 / std::sqrt(n / 2.0));  // the two Box-Muller halves are independent
  EXPECT_TRUE(z.isfinite().all().item<bool>());
}

TEST(Rng, BernoulliFollowsItsProbabilities) {
  Rng rng(23);
  const auto probs = torch::tensor({0.0, 0.25, 0.9, 1.0}).expand({100000, 4});
  const auto mean = rng.bernoulli(probs).mean(0);
  EXPECT_EQ(mean[0].item<float>(), 0);
  EXPECT_NEAR(mean[1].item<float>(), 0.25, 5 * std::sqrt(0.25 * 0.75 / 100000));
  EXPECT_NEAR(mean[2].item<float>(), 0.9, 5 * std::sqrt(0.9 * 0.1 / 100000));
  EXPECT_EQ(mean[3].item<float>(), 1);
}

TEST(Rng, PermutationHoldsEveryIndexOnce) {
  const auto order = Rng(2).permutation(257);
  EXPECT_TRUE(torch::equal(std::get<0>(order.sort()), torch::arange(257)));
  EXPECT_FALSE(torch::equal(order, torch::arange(257)));
}

TEST(Rng, ScopeSeedsLayersAndLeavesTheDefaultGeneratorAsItWas) {
  const auto before = torch::rand({3});
  torch::manual_seed(1);
  const auto expected = torch::rand({3});
  torch::manual_seed(1);
  Tensor a, b;
  {
    Rng rng(4, "init");
    Rng::Scope scope(rng);
    a = torch::nn::Linear(3, 3)->weight.detach().clone();
  }
  EXPECT_TRUE(torch::equal(torch::rand({3}), expected));
  {
    Rng rng(4, "init");
    Rng::Scope scope(rng);
    b = torch::nn::Linear(3, 3)->weight.detach().clone();
  }
  EXPECT_TRUE(torch::equal(a, b));
}

}  // namespace
}  // namespace kiln
