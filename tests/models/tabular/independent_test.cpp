#include "kiln/models/tabular/independent.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "tests/models/tabular/tabular_items.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

IndependentOptions options(std::int64_t d, std::int64_t q, std::optional<double> prior = {}) {
  return {.shape = {.data_dim = d, .states = q}, .prior = prior};
}

TEST(Independent, SumsToOne) {
  for (const auto& [d, q] : {std::pair(1, 5), {4, 3}, {12, 2}}) {
    auto model = fitted<Independent>(options(d, q), walks(50, d, q, 1));
    expect_sums_to_one(model, d, q);
  }
}

TEST(Independent, IsTheProductOfTheFrequencies) {
  const auto x = torch::tensor({{0.f, 2.f}, {0.f, 2.f}, {1.f, 0.f}, {0.f, 2.f}});
  auto model = fitted<Independent>(options(2, 3, 0.0), x);
  const auto first = torch::tensor({0.75, 0.25, 0.0}, torch::kFloat64);
  const auto second = torch::tensor({0.25, 0.0, 0.75}, torch::kFloat64);
  EXPECT_TRUE(torch::allclose(written_out(model, all_items(2, 3)),
                              torch::outer(first, second).flatten(), 0, 1e-15));
}

TEST(Independent, ThePriorOfTwoStatesIsAHalf) {
  auto model = fitted<Independent>(options(1, 2), torch::tensor({{1.f}, {1.f}, {0.f}}));
  EXPECT_NEAR(model.log_prob(torch::ones({1, 1})).item<double>(), std::log(2.5 / 4), 1e-15);
}

TEST(Independent, ParametersAreThoseOfEveryNumber) {
  EXPECT_EQ(Independent(options(784, 2)).free_parameters().exact(), 784);
  EXPECT_EQ(Independent(options(10, 7)).free_parameters().exact(), 60);
}

TEST(Independent, DrawsAndCompletionsFollowTheLaw) {
  auto model = fitted<Independent>(options(3, 3), walks(300, 3, 3, 2));
  Rng rng(3);
  expect_chi_square(model.sample({.count = 20000}, rng), written_out(model, all_items(3, 3)), 3);
  expect_draws_agree(model, 3);
  expect_completions(model, torch::tensor({1.f, 1.f, 2.f}), torch::tensor({0.f, 0.f, 1.f}), 3);
}

TEST(Independent, PicturesKeepTheirShape) {
  Independent model(
      {.shape = {.data_dim = 6, .channels = 1, .height = 2, .width = 3}, .prior = {}});
  Rng rng(1);
  EXPECT_EQ(model.sample({.count = 4}, rng).sizes(), at::IntArrayRef({4, 1, 2, 3}));
  EXPECT_EQ(model.log_prob(torch::zeros({2, 1, 2, 3})).sizes(), at::IntArrayRef({2}));
  EXPECT_EQ(message_of<ConfigError>([] {
              Independent wrong(
                  {.shape = {.data_dim = 7, .channels = 1, .height = 2, .width = 3}, .prior = {}});
            }),
            "[independent] data_dim must be channels * height * width = 6, got 7");
}

TEST(Independent, TooManyCountsAreRefused) {
  const auto message = message_of<ConfigError>([] { Independent model(options(1 << 20, 256)); });
  EXPECT_TRUE(
      message.starts_with("[independent] a chain of order 0 over 1048576 variables of 256 "
                          "states has 267386880 parameters and needs about "))
      << message;
}

}  // namespace
}  // namespace kiln
