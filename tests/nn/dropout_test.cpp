#include "kiln/nn/dropout.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>

namespace kiln {
namespace {

TEST(Dropout, ZeroesAShareAndKeepsTheMean) {
  constexpr std::int64_t kCount = 100000;
  constexpr double kShare = .3;
  Rng rng(3);
  const auto h = dropped(torch::full({kCount}, 2.f), kShare, rng);
  const double zeros = h.eq(0).to(torch::kDouble).mean().item<double>();
  EXPECT_NEAR(zeros, kShare, 5 * std::sqrt(kShare * (1 - kShare) / kCount));
  EXPECT_NEAR(h.max().item<double>(), 2 / (1 - kShare), 1e-6);
  EXPECT_EQ(torch::logical_or(h.eq(0), h.eq(h.max())).sum().item<std::int64_t>(), kCount);
}

}  // namespace
}  // namespace kiln
