#include "kiln/nn/adversarial/image_pool.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <set>

namespace kiln {
namespace {

// Picture i is full of i.
Tensor pictures(std::int64_t first, std::int64_t count) {
  return torch::arange(first, first + count, torch::kFloat32)
      .view({count, 1, 1, 1})
      .expand({count, 1, 2, 2})
      .contiguous();
}

std::int64_t number_of(const Tensor& picture) { return picture[0][0][0].item<std::int64_t>(); }

TEST(ImagePool, TheFirstPicturesComeBackAsTheyAre) {
  ImagePool pool(5, 1, 2, 2);
  Rng rng(1);
  for (std::int64_t i = 0; i < 5; ++i) {
    EXPECT_TRUE(torch::equal(pool.exchange(pictures(i, 1), rng), pictures(i, 1)));
    EXPECT_EQ(pool.held(), i + 1);
  }
}

// Of n exchanges a half gives an earlier picture, and each of the N places is as likely: binomials,
// whose deviations are sqrt(n/4) and sqrt(n/2 (1/N)(1 - 1/N)); the seed is fixed, four deviations.
TEST(ImagePool, GivesAnEarlierPictureHalfTheTimeFromAnyPlace) {
  constexpr std::int64_t kMost = 4, kRounds = 4000;
  ImagePool pool(kMost, 1, 2, 2);
  Rng rng(2);
  pool.exchange(pictures(0, kMost), rng);
  std::vector<std::int64_t> place(kMost + kRounds, -1);
  for (std::int64_t i = 0; i < kMost; ++i) place[static_cast<std::size_t>(i)] = i;
  std::vector<double> taken(kMost, 0);
  double earlier = 0;
  for (std::int64_t i = kMost; i < kMost + kRounds; ++i) {
    const auto given = number_of(pool.exchange(pictures(i, 1), rng)[0]);
    if (given == i) continue;
    ++earlier;
    auto& left = place[static_cast<std::size_t>(given)];
    ASSERT_GE(left, 0) << "a picture that was not in the pool";
    ++taken[static_cast<std::size_t>(left)];
    place[static_cast<std::size_t>(i)] = left;
    left = -1;
  }
  EXPECT_NEAR(earlier, kRounds / 2., 4 * std::sqrt(kRounds / 4.));
  for (const auto count : taken)
    EXPECT_NEAR(count, kRounds / 2. / kMost,
                4 * std::sqrt(kRounds / 2. / kMost * (1 - 1. / kMost)));
}

// A picture given away and a picture kept are never the same one.
TEST(ImagePool, NothingIsLostOrDoubled) {
  ImagePool pool(6, 1, 2, 2);
  Rng rng(3);
  std::multiset<std::int64_t> given;
  for (std::int64_t i = 0; i < 60; i += 4) {
    const auto x = pool.exchange(pictures(i, 4), rng);
    for (std::int64_t k = 0; k < 4; ++k) given.insert(number_of(x[k]));
  }
  EXPECT_EQ(given.size(), 60U);
  const auto kept = pool.named_buffers()["pictures"];
  for (std::int64_t k = 0; k < 6; ++k) {
    const auto number = number_of(kept[k]);
    EXPECT_LE(given.count(number), 1U) << "only the first six are both given and kept";
    if (number >= 8) {
      EXPECT_EQ(given.count(number), 0U);
    }
  }
}

TEST(ImagePool, WithoutPlacesEveryPictureGoesThroughWithoutAGradient) {
  ImagePool pool(0, 1, 2, 2);
  Rng rng(1), untouched(1);
  const auto x = pictures(0, 3).requires_grad_();
  const auto given = pool.exchange(x, rng);
  EXPECT_TRUE(torch::equal(given, x.detach()));
  EXPECT_FALSE(given.requires_grad());
  EXPECT_EQ(rng.state(), untouched.state());
}

}  // namespace
}  // namespace kiln
