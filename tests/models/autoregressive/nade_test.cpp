#include "kiln/models/autoregressive/nade.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "kiln/core/error.h"
#include "kiln/kernels/nade_scan.h"

namespace kiln {
namespace {

// Every state of `dims` bits, [2^dims, dims].
Tensor all_states(std::int64_t dims) {
  const auto number = torch::arange(std::int64_t{1} << dims).unsqueeze(1);
  return torch::bitwise_and(torch::bitwise_right_shift(number, torch::arange(dims)), 1)
      .to(torch::kFloat32);
}

void randomise(Nade& nade, double scale, std::uint64_t seed) {
  torch::NoGradGuard no_grad;
  Rng rng(seed);
  for (auto& p : nade.parameters()) p.copy_(rng.normal(p.sizes()) * scale);
}

TEST(Nade, ZeroWeightsMakeEveryImageCostDLog2) {
  Nade nade({.data_dim = 6, .hidden = 4});
  torch::NoGradGuard no_grad;
  for (auto& p : nade.parameters()) p.zero_();
  const auto log_prob = nade.log_prob(torch::eye(6));
  EXPECT_LT((log_prob + 6 * std::log(2.0)).abs().max().item<double>(), 1e-5);
}

TEST(Nade, ProbabilitiesOfAllStatesSumToOneInEveryOrdering) {
  const auto x = all_states(12);
  for (const auto& [ordering, name] : enum_names(Ordering{})) {
    Nade nade({.data_dim = 12,
               .channels = 1,
               .height = 3,
               .width = 4,
               .hidden = 7,
               .ordering = ordering});
    randomise(nade, 1.5, 3);
    const auto total = nade.log_prob(x).to(torch::kDouble).exp().sum().item<double>();
    EXPECT_NEAR(total, 1, 1e-5) << name;
  }
}

}  // namespace
}  // namespace kiln
