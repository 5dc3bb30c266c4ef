#include "kiln/prob/bernoulli.h"

#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>

namespace kiln {
namespace {

Tensor numbers(std::vector<double> values) { return torch::tensor(values, torch::kDouble); }

TEST(Bernoulli, LogProbIsTheLogOfTheProbabilities) {
  const auto logits = torch::logit(numbers({.2, .7, .5}));
  EXPECT_NEAR(bernoulli_log_prob(numbers({1, 0, 1}), logits).item<double>(), std::log(.2 * .3 * .5),
              1e-15);
}

TEST(Bernoulli, LogProbsAreThoseOfEachNumber) {
  const auto logits = numbers({-3, .4, 2, 6}), x = numbers({1, 0, 1, 0});
  const auto p = torch::sigmoid(logits);
  EXPECT_TRUE(torch::allclose(bernoulli_log_probs(x, logits), (x * p + (1 - x) * (1 - p)).log(),
                              1e-9, 1e-12));
  EXPECT_TRUE(torch::allclose(bernoulli_log_probs(x, logits).sum(), bernoulli_log_prob(x, logits),
                              1e-12, 1e-12));
}

TEST(Bernoulli, SumsToOneOverEveryImage) {
  const auto logits = numbers({-3, .4, 2, 11, -.6});
  auto images = torch::zeros({32, 5}, torch::kDouble);
  for (int i = 0; i < 32; ++i)
    for (int d = 0; d < 5; ++d) images[i][d] = (i >> d) & 1;
  EXPECT_NEAR(torch::exp(bernoulli_log_prob(images, logits)).sum().item<double>(), 1, 1e-14);
}

TEST(Bernoulli, StaysExactForHugeLogits) {
  const auto logits = numbers({500, -500, 30});
  EXPECT_DOUBLE_EQ(bernoulli_log_prob(numbers({0, 1, 1}), logits).item<double>(),
                   -1000 - std::log1p(std::exp(-30.0)));
}

TEST(Bernoulli, GradientIsDataMinusProbability) {
  const auto logits = numbers({-2, .3, 25}).requires_grad_();
  const auto x = numbers({0, 1, 0});
  const auto slope = torch::autograd::grad({bernoulli_log_prob(x, logits)}, {logits})[0];
  EXPECT_TRUE(torch::allclose(slope, x - torch::sigmoid(logits.detach()), 1e-14, 1e-15));
}

TEST(Bernoulli, LogOddsInvertTheSigmoidInsideTheMargin) {
  const auto odds = log_odds(numbers({0, .25, .9, 1}), 1e-3);
  EXPECT_TRUE(torch::allclose(torch::sigmoid(odds), numbers({1e-3, .25, .9, 1 - 1e-3}), 1e-12));
}

}  // namespace
}  // namespace kiln
