#include "kiln/models/autoregressive/categorical_nade.h"

#include <gtest/gtest.h>
#include <torch/optim/adam.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kiln/core/error.h"
#include "kiln/models/autoregressive/nade.h"
#include "kiln/prob/categorical.h"
#include "tests/support/enumeration.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

constexpr std::int64_t kNumbers = 5, kStates = 3;

CategoricalNadeOptions options(Ordering ordering = Ordering::raster) {
  return {.data_dim = kNumbers, .states = kStates, .hidden = 6, .ordering = ordering};
}

void randomise(Model& model, double scale, std::uint64_t seed) {
  torch::NoGradGuard no_grad;
  Rng rng(seed);
  for (auto& p : model.parameters()) p.copy_(rng.normal(p.sizes()) * scale);
}

// All 3^5 items, the first number moving fastest.
Tensor all_items() {
  auto number = torch::arange(243);
  std::vector<Tensor> columns;
  for (int d = 0; d < kNumbers; ++d) {
    columns.push_back(number.remainder(kStates).to(torch::kFloat32));
    number = number.div(kStates, "floor");
  }
  return torch::stack(columns, 1);
}

Tensor item_number(const Tensor& x) {
  const auto weight = torch::pow(3, torch::arange(kNumbers)).to(torch::kInt64);
  return (x.to(torch::kInt64) * weight).sum(1);
}

TEST(Categorical, AQuantileIsTheFirstStateThatTheSumPasses) {
  const auto logits = torch::log(torch::tensor({0.5, 0.25, 0.25}));
  const auto u = torch::tensor({0.0, 0.49, 0.51, 0.74, 0.76, 0.9999999});
  EXPECT_TRUE(torch::equal(categorical_quantile(logits.expand({6, 3}), u),
                           torch::tensor({0.0, 0.0, 1.0, 1.0, 2.0, 2.0})));
  const auto log_prob = categorical_log_prob(logits + 7, torch::tensor(1));
  EXPECT_NEAR(log_prob.item<double>(), std::log(0.25), 1e-6);
}

TEST(CategoricalNade, ZeroWeightsMakeEveryItemCostDLogQ) {
  CategoricalNade nade(options());
  randomise(nade, 0, 1);
  EXPECT_LT((nade.log_prob(all_items()) + kNumbers * std::log(3.0)).abs().max().item<double>(),
            1e-5);
}

TEST(CategoricalNade, ProbabilitiesOfAllItemsSumToOneInEveryOrdering) {
  for (const auto& [ordering, name] : enum_names(Ordering{})) {
    auto own = options(ordering);
    if (ordering == Ordering::file) own.ordering_steps = "4 2 0 1 3";
    CategoricalNade nade(own);
    randomise(nade, 1, 3);
    nade.to(torch::kDouble);
    const auto total = nade.log_prob(all_items().to(torch::kDouble)).exp().sum().item<double>();
    EXPECT_NEAR(total, 1, 1e-12) << name;
  }
}

// h and the softmax written down anew for one item at a time.
TEST(CategoricalNade, LogProbEqualsTheDirectSumOverEarlierNumbers) {
  CategoricalNade nade(options(Ordering::random));
  randomise(nade, 0.8, 4);
  nade.to(torch::kDouble);
  auto p = nade.named_parameters();
  const auto order = nade.ordering();
  const auto x = all_items().to(torch::kDouble).slice(0, 0, 243, 17);
  for (std::int64_t n = 0; n < x.size(0); ++n) {
    auto a = p["c"].clone();
    double expected = 0;
    for (std::int64_t i = 0; i < kNumbers; ++i) {
      const auto d = order[i].item<std::int64_t>(),
                 v = x[n][d].to(torch::kInt64).item<std::int64_t>();
      const auto scores = (torch::mv(p["V"][d], 1 / (1 + torch::exp(-a))) + p["b"][d]).exp();
      expected += std::log((scores[v] / scores.sum()).item<double>());
      a = a + p["W"][d][v];
    }
    EXPECT_NEAR(nade.log_prob(x.slice(0, n, n + 1)).item<double>(), expected, 1e-12);
  }
}

TEST(CategoricalNade, WithTwoStatesItIsBinaryNade) {
  Nade binary({.data_dim = 6, .hidden = 4, .ordering = Ordering::random});
  CategoricalNade nade({.data_dim = 6, .states = 2, .hidden = 4, .ordering = Ordering::random});
  randomise(binary, 1, 5);
  randomise(nade, 1, 6);
  {
    torch::NoGradGuard no_grad;
    auto ours = nade.named_parameters(), theirs = binary.named_parameters();
    ours["c"].copy_(theirs["c"]);
    ours["W"].select(1, 0).zero_();
    ours["W"].select(1, 1).copy_(theirs["W"]);
    ours["V"].select(1, 1).copy_(theirs["V"] + ours["V"].select(1, 0));
    ours["b"].select(1, 1).copy_(theirs["b"] + ours["b"].select(1, 0));
  }
  const auto x = all_states(6);
  EXPECT_LT((nade.log_prob(x) - binary.log_prob(x)).abs().max().item<double>(), 2e-5);
}

TEST(CategoricalNade, AConditionalMovesWithEarlierNumbersAndWithNoOthers) {
  CategoricalNade nade(options(Ordering::random));
  randomise(nade, 1, 7);
  const auto x = all_items();
  const auto before = nade.logits(x);
  for (std::int64_t j = 0; j < kNumbers; ++j) {
    auto moved = x.clone();
    const auto changed = nade.ordering()[j].item<std::int64_t>();
    moved.select(1, changed).copy_((x.select(1, changed) + 1).remainder(3));
    const auto change = (nade.logits(moved) - before).abs().amax({0, 2});
    for (std::int64_t i = 0; i < kNumbers; ++i) {
      const auto moves = change[nade.ordering()[i].item<std::int64_t>()].item<double>();
      if (i <= j)
        EXPECT_EQ(moves, 0) << i << ' ' << j;
      else
        EXPECT_GT(moves, 1e-3) << i << ' ' << j;
    }
  }
}

TEST(CategoricalNade, DrawsStepByStepAndFollowsTheEnumeratedLaw) {
  CategoricalNade nade(options(Ordering::random));
  randomise(nade, 0.25, 8);
  Rng rng(3);
  const auto uniform = rng.uniform({30000, kNumbers});
  const auto drawn = nade.draw(uniform);
  EXPECT_LT(std::abs(chi_square_excess(item_number(drawn), nade.log_prob(all_items()).exp())), 5);
  auto x = torch::full({200, kNumbers}, 2.0f);
  for (std::int64_t i = 0; i < kNumbers; ++i) {
    const auto d = nade.ordering()[i].item<std::int64_t>();
    x.select(1, d).copy_(nade.draw_one(x, d, uniform.slice(0, 0, 200).select(1, d)));
  }
  EXPECT_TRUE(torch::equal(x, drawn.slice(0, 0, 200)));
}

TEST(CategoricalNade, CompletionsFollowTheConditionalLaw) {
  CategoricalNade nade(options());
  randomise(nade, 0.6, 9);
  const auto items = all_items();
  const auto known = torch::tensor({1.0f, 1.0f, 0.0f, 0.0f, 0.0f}).expand({20000, 5});
  const auto x = torch::tensor({2.0f, 1.0f, -7.0f, 9.0f, 0.5f}).expand({20000, 5});
  Rng rng(4);
  const auto drawn = nade.complete(x, known, rng);
  EXPECT_TRUE(torch::equal(drawn.slice(1, 0, 2), x.slice(1, 0, 2)));
  const auto fits = items.select(1, 0).eq(2).logical_and(items.select(1, 1).eq(1));
  const auto law = nade.log_prob(items).exp().masked_select(fits);
  EXPECT_LT(std::abs(chi_square_excess(item_number(drawn).div(9, "floor"), law / law.sum())), 5);
}

TEST(CategoricalNade, TemperatureSharpens) {
  CategoricalNade nade(options());
  randomise(nade, 1, 10);
  Rng cold(5), warm(5);
  const auto likely = nade.log_prob(nade.sample({.count = 2000, .temperature = 0.2}, cold)).mean();
  const auto plain = nade.log_prob(nade.sample({.count = 2000}, warm)).mean();
  EXPECT_GT(likely.item<double>(), plain.item<double>() + 0.5);
}

// x_3 = x_1 + x_2 mod 3 with uniform x_1, x_2: the entropy is 2 ln 3, an independent law's 3 ln 3.
TEST(CategoricalNade, LearnsASumModuloThree) {
  torch::manual_seed(1);
  CategoricalNade nade({.data_dim = 3, .states = 3, .hidden = 12});
  randomise(nade, 0.3, 11);
  const auto pairs = all_items().slice(0, 0, 9).slice(1, 0, 2);
  const auto x = torch::cat({pairs, pairs.sum(1, true).remainder(3)}, 1);
  torch::optim::Adam adam(nade.parameters(), torch::optim::AdamOptions(0.05));
  Rng rng(1);
  for (int i = 0; i < 200; ++i) {
    adam.zero_grad();
    nade.players()[0].objective({x, {}}, rng).loss.backward();
    adam.step();
  }
  EXPECT_NEAR(-nade.log_prob(x).mean().item<double>(), 2 * std::log(3.0), 0.05);
}

TEST(CategoricalNade, RefusesWhatItCannotTake) {
  CategoricalNade nade(options());
  Rng rng(1);
  const auto message = [](const auto& call) { return message_of<ConfigError>(call); };
  EXPECT_EQ(message([&] {
              nade.log_prob(torch::full({2, 5}, 3.0));
            }),
            "[categorical_nade.logits] x must hold whole numbers from 0 to 2, got 3");
  EXPECT_EQ(message([&] {
              nade.log_prob(torch::full({2, 5}, 0.5));
            }),
            "[categorical_nade.logits] x must hold whole numbers from 0 to 2, got 0.5");
  EXPECT_EQ(message([&] { nade.sample({.count = 2, .temperature = 0}, rng); }),
            "[sample] temperature must be positive, got 0");
  EXPECT_EQ(message_of<ShapeError>([&] {
              nade.log_prob(torch::zeros({2, 4}));
            }),
            "[categorical_nade.logits] x must have shape [*, 5], got [2, 4]");
  EXPECT_EQ(message([] { CategoricalNade({.data_dim = 1 << 20, .states = 256, .hidden = 500}); }),
            "[categorical_nade] 2 * data_dim * states * hidden = 2.68e+11 weights are too many; "
            "choose fewer hidden units, or fewer states with levels=Q in the data source");
  const auto gap = torch::tensor({{0.0f, 1.0f, 0.0f, 0.0f, 0.0f}});
  EXPECT_THROW(nade.complete(torch::zeros({1, 5}), gap, rng), ConfigError);
}

}  // namespace
}  // namespace kiln
