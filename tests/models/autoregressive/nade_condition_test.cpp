// NADE given a class.
#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kiln/core/error.h"
#include "kiln/models/autoregressive/nade.h"
#include "kiln/prob/bernoulli.h"
#include "tests/models/autoregressive/nade_parts.h"
#include "tests/support/enumeration.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

NadeOptions given_class(std::int64_t dims, std::int64_t classes) {
  return {.data_dim = dims, .hidden = 5, .condition = Condition::label, .classes = classes};
}

// p(x|y) is the law of a NADE without classes whose c is c + U_y.
TEST(ConditionalNade, IsANadeWithAnotherHiddenBiasForEachClass) {
  Nade given(given_class(6, 3)), plain({.data_dim = 6, .hidden = 5});
  randomise(given, 0.7, 31);
  torch::NoGradGuard no_grad;
  const auto x = all_states(6);
  for (std::int64_t y = 0; y < 3; ++y) {
    for (const auto* name : {"W", "V", "b"}) parameter(plain, name).copy_(parameter(given, name));
    parameter(plain, "c").copy_(parameter(given, "c") + parameter(given, "U")[y]);
    const Batch batch{x, torch::full({64}, y, torch::kInt64)};
    EXPECT_LT((given.log_prob(batch) - plain.log_prob(x)).abs().max().item<double>(), 1e-5);
    EXPECT_LT((given.logits(batch) - plain.logits(x)).abs().max().item<double>(), 1e-5);
    EXPECT_NEAR(given.log_prob(batch).exp().sum().item<double>(), 1, 1e-5);
    Rng rng(32), again(32);
    EXPECT_TRUE(torch::equal(given.sample({.count = 40, .given = Given::of_class(y)}, rng),
                             plain.sample({.count = 40}, again)));
  }
}

TEST(ConditionalNade, MixedClassesAreJudgedEachByItsOwn) {
  Nade given(given_class(6, 3));
  randomise(given, 0.7, 33);
  torch::NoGradGuard no_grad;
  const auto x = all_states(6).slice(0, 0, 30), y = torch::arange(30).remainder(3);
  const auto together = given.log_prob({x, y});
  for (std::int64_t k = 0; k < 3; ++k) {
    const auto rows = y.eq(k).nonzero().squeeze(1);
    const auto alone =
        given.log_prob({x.index_select(0, rows), torch::full({10}, k, torch::kInt64)});
    EXPECT_LT((together.index_select(0, rows) - alone).abs().max().item<double>(), 1e-5);
  }
  Rng rng(34);
  const auto u = rng.uniform({30, 6});
  const auto drawn = given.draw({u, y});
  for (std::int64_t i : {0, 1, 2, 29})
    EXPECT_TRUE(
        torch::equal(drawn[i], given.draw({u.slice(0, i, i + 1), y.slice(0, i, i + 1)})[0]));
}

TEST(ConditionalNade, TheKernelsGradientReachesTheClasses) {
  auto fused = std::make_shared<Nade>(given_class(7, 2));
  randomise(*fused, 0.5, 35);
  const auto x = Rng(36).bernoulli(torch::full({12, 7}, 0.4));
  const auto y = torch::arange(12).remainder(2);
  fused->log_prob({x, y}).sum().backward();
  const auto of_kernel = parameter(*fused, "U").grad().clone();
  parameter(*fused, "U").mutable_grad() = Tensor();
  bernoulli_log_probs(x, fused->logits({x, y})).sum().backward();
  EXPECT_LT((of_kernel - parameter(*fused, "U").grad()).abs().max().item<double>(), 1e-4);
}

// Bayes' rule by enumeration: two laws of two pixels, and shares of the classes of 3 to 1.
TEST(ConditionalNade, ClassifiesByBayesRule) {
  Nade given(given_class(2, 2));
  randomise(given, 0.8, 37);
  given.start_from_data({.mean = torch::tensor({0.5f, 0.5f}),
                         .deviation = {},
                         .class_shares = torch::tensor({.75, .25}, torch::kFloat64)});
  torch::NoGradGuard no_grad;
  const auto x = all_states(2);
  const auto posterior = torch::softmax(given.class_logits(x), 1);
  for (std::int64_t i = 0; i < 4; ++i) {
    const auto item = x.slice(0, i, i + 1);
    const double a = .75 * std::exp(given.log_prob({item, torch::tensor({0})}).item<double>());
    const double b = .25 * std::exp(given.log_prob({item, torch::tensor({1})}).item<double>());
    EXPECT_NEAR(posterior[i][0].item<double>(), a / (a + b), 1e-5);
  }
}

TEST(ConditionalNade, KnowsItsClassesAndRefusesOthers) {
  Nade given(given_class(4, 3)), plain({.data_dim = 4, .hidden = 5});
  EXPECT_EQ(given.classes(), 3);
  EXPECT_EQ(plain.classes(), 0);
  const auto x = all_states(4);
  EXPECT_NE(message_of<ShapeError>([&] { given.log_prob(x); }).find("label of each item"),
            std::string::npos);
  EXPECT_THROW(given.log_prob({x, torch::full({16}, 3, torch::kInt64)}), ConfigError);
  EXPECT_THROW(plain.class_logits(x), ConfigError);
  EXPECT_EQ(message_of<ConfigError>([] { Nade({.data_dim = 4, .condition = Condition::label}); }),
            "[nade.condition] label needs data with at least 2 classes, these have 0; use "
            "condition none");
  Rng rng(1);
  EXPECT_THROW(given.sample({.count = 1, .given = Given::of_class(3)}, rng), ConfigError);
}

TEST(ConditionalNade, CompletionsKeepToTheirClass) {
  Nade given(given_class(6, 2));
  torch::NoGradGuard no_grad;
  for (auto& p : given.parameters()) p.zero_();
  // A class that turns every pixel on, and one that turns it off: V sums over the hidden units.
  parameter(given, "V").fill_(8);
  parameter(given, "c").fill_(-1);
  parameter(given, "b").fill_(-20);
  parameter(given, "U").copy_(torch::tensor({{20.f}, {-20.f}}).expand({2, 5}));
  Rng rng(2);
  const auto known = torch::zeros({2, 6}).index_fill(1, torch::tensor({0, 1}), 1);
  const auto x = given.complete({torch::zeros({2, 6}), torch::tensor({0, 1})}, known, rng);
  EXPECT_TRUE(torch::equal(x[0], torch::tensor({0.f, 0.f, 1.f, 1.f, 1.f, 1.f})));
  EXPECT_TRUE(torch::equal(x[1], torch::zeros({6})));
}

}  // namespace
}  // namespace kiln
