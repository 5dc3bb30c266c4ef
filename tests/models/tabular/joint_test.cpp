#include "kiln/models/tabular/joint.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "kiln/train/weights.h"
#include "tests/models/tabular/tabular_items.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

JointOptions options(std::int64_t d, std::int64_t q, std::optional<double> prior = {}) {
  return {.shape = {.data_dim = d, .states = q}, .prior = prior};
}

TEST(Joint, SumsToOne) {
  for (const auto& [d, q] : {std::pair(1, 5), {4, 3}, {12, 2}}) {
    auto model = fitted<Joint>(options(d, q), walks(50, d, q, 1));
    expect_sums_to_one(model, d, q);
    Joint fresh(options(d, q));
    expect_sums_to_one(fresh, d, q);
  }
}

TEST(Joint, MaximumLikelihoodIsTheCounts) {
  const auto x = torch::tensor({{0.f, 2.f}, {0.f, 2.f}, {1.f, 0.f}, {0.f, 2.f}});
  auto model = fitted<Joint>(options(2, 3, 0.0), x);
  const auto p = written_out(model, all_items(2, 3));
  auto expected = torch::zeros({9}, torch::kFloat64);
  expected[2] = 0.75, expected[3] = 0.25;
  EXPECT_TRUE(torch::allclose(p, expected, 0, 1e-15));
  EXPECT_NEAR(model.loss(), -(3 * std::log(0.75) + std::log(0.25)) / 4, 1e-14);
  EXPECT_TRUE(std::isinf(model.log_prob(torch::tensor({{2.f, 2.f}}))[0].item<double>()));
}

TEST(Joint, ThePriorIsOneObservationSpreadOverAllItems) {
  const auto x = torch::tensor({{0.f, 0.f}, {0.f, 1.f}, {0.f, 1.f}});
  auto model = fitted<Joint>(options(2, 2), x);
  const auto expected = torch::tensor({1.25, 2.25, 0.25, 0.25}, torch::kFloat64) / 4;
  EXPECT_TRUE(torch::allclose(written_out(model, all_items(2, 2)), expected, 0, 1e-15));
}

TEST(Joint, ParametersAreEntriesLessOne) {
  const Joint model(options(5, 3));
  EXPECT_EQ(model.free_parameters().exact(), 242);
  EXPECT_EQ(model.buffers()[0].numel(), 243);
  EXPECT_EQ(model.named_buffers().keys(), std::vector<std::string>{"counts"});
}

TEST(Joint, DrawsAndCompletionsFollowTheTable) {
  auto model = fitted<Joint>(options(4, 3), walks(300, 4, 3, 2));
  Rng rng(3);
  expect_chi_square(model.sample({.count = 20000}, rng), written_out(model, all_items(4, 3)), 3);
  expect_draws_agree(model, 4);
  expect_completions(model, torch::tensor({1.f, 1.f, 2.f, 0.f}),
                     torch::tensor({0.f, 1.f, 0.f, 1.f}), 3);
}

TEST(Joint, TemperatureIsThatOfWholeItems) {
  auto model = fitted<Joint>(options(3, 2, 0.5), walks(100, 3, 2, 4));
  auto p = written_out(model, all_items(3, 2)).square();
  Rng rng(5);
  expect_chi_square(model.sample({.count = 20000, .temperature = 0.5}, rng), p / p.sum(), 2);
}

TEST(Joint, CountsLoadedAfterUseChangeTheLaw) {
  auto model = fitted<Joint>(options(3, 2), walks(100, 3, 2, 6));
  Joint twin(options(3, 2));
  const auto all = all_items(3, 2);
  twin.log_prob(all);
  SafetensorsFile file;
  append_tensors(file, "", weights_of(model));
  load_weights("file", file, twin);
  EXPECT_TRUE(torch::equal(twin.log_prob(all), model.log_prob(all)));
}

TEST(Joint, WrongItemsAreRefused) {
  Joint model(options(3, 2));
  EXPECT_EQ(message_of<ConfigError>([&] {
              model.log_prob(torch::full({1, 3}, 2.0f));
            }),
            "[joint.log_conditionals] x must hold whole numbers from 0 to 1, got 2");
  EXPECT_EQ(message_of<ConfigError>([&] {
              model.observe({torch::full({1, 3}, 0.5f), {}});
            }),
            "[joint.observe] x must hold whole numbers from 0 to 1, got 0.5");
  EXPECT_EQ(message_of<ShapeError>([&] {
              model.log_prob(torch::zeros({1, 4}));
            }),
            "[joint.log_conditionals] x must have shape [*, 3], got [1, 4]");
}

TEST(Joint, ALargeTableIsRefusedWithItsCost) {
  EXPECT_EQ(message_of<ConfigError>([] { Joint model(options(784, 2)); }),
            "[joint] a table of 784 variables of 2 states has 1.02e236 parameters and needs "
            "8.14e236 bytes; at most 16777216 entries are kept (n log2 q <= 24). Use fewer "
            "variables or states, or a model that factorises: independent, markov");
}

}  // namespace
}  // namespace kiln
