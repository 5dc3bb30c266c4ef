#include "kiln/models/tabular/markov.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <limits>

#include "kiln/models/tabular/independent.h"
#include "kiln/models/tabular/joint.h"
#include "kiln/train/weights.h"
#include "tests/models/tabular/tabular_items.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

MarkovOptions options(std::int64_t d, std::int64_t q, std::int64_t k,
                      std::optional<double> prior = {}) {
  return {.shape = {.data_dim = d, .states = q}, .order_k = k, .prior = prior};
}

MarkovOptions picture(Ordering ordering, std::int64_t k) {
  return {.shape = {.data_dim = 6, .channels = 1, .height = 2, .width = 3},
          .order_k = k,
          .ordering = ordering,
          .prior = {}};
}

TEST(Markov, SumsToOneInEveryOrdering) {
  for (const auto ordering : {Ordering::raster, Ordering::spiral, Ordering::random})
    for (std::int64_t k : {0, 2, 5})
      for (const bool homogeneous : {false, true}) {
        auto o = picture(ordering, k);
        o.homogeneous = homogeneous;
        auto model = fitted<Markov>(o, walks(60, 6, 2, 1));
        expect_sums_to_one(model, 6, 2);
      }
  auto twelve = fitted<Markov>(options(12, 2, 3), walks(60, 12, 2, 2));
  expect_sums_to_one(twelve, 12, 2);
}

TEST(Markov, ConditionalsAreSmoothedFrequencies) {
  const auto x = torch::tensor({{0.f, 1.f}, {0.f, 1.f}, {0.f, 0.f}, {1.f, 0.f}});
  auto model = fitted<Markov>(options(2, 2, 1, 0.5), x);
  const auto terms = model.log_conditionals(torch::tensor({{0.f, 1.f}, {1.f, 1.f}})).exp();
  EXPECT_NEAR(terms[0][0].item<double>(), 3.5 / 5, 1e-15);
  EXPECT_NEAR(terms[0][1].item<double>(), 2.5 / 4, 1e-15);
  EXPECT_NEAR(terms[1][1].item<double>(), 0.5 / 2, 1e-15);
}

TEST(Markov, AConditionalSeesTheLastKVisitedNumbersOnly) {
  auto model = fitted<Markov>(picture(Ordering::random, 2), walks(100, 6, 2, 3));
  const auto all = all_items(6, 2);
  const auto order = model.ordering();
  for (std::int64_t changed = 0; changed < 6; ++changed) {
    auto other = all.clone();
    const auto pixel = order[changed].item<std::int64_t>();
    other.select(1, pixel) = 1 - other.select(1, pixel);
    const auto difference =
        (model.log_conditionals(all) - model.log_conditionals(other)).abs().amax(0);
    for (std::int64_t step = 0; step < 6; ++step) {
      const bool sees = step >= changed && step <= changed + 2;
      EXPECT_EQ(difference[order[step]].item<double>() > 1e-9, sees) << changed << " " << step;
    }
  }
}

TEST(Markov, OrderZeroIsIndependenceAndTheLongestIsTheTable) {
  const auto x = walks(200, 5, 3, 4), all = all_items(5, 3);
  auto zero = fitted<Markov>(options(5, 3, 0, 0.0), x);
  auto independent = fitted<Independent>({.shape = {.data_dim = 5, .states = 3}, .prior = 0.0}, x);
  EXPECT_TRUE(torch::allclose(written_out(zero, all), written_out(independent, all), 0, 1e-13));
  auto longest = fitted<Markov>(options(5, 3, 4, 0.0), x);
  auto joint = fitted<Joint>({.shape = {.data_dim = 5, .states = 3}, .prior = 0.0}, x);
  EXPECT_TRUE(torch::allclose(written_out(longest, all), written_out(joint, all), 0, 1e-13));
}

TEST(Markov, LikelihoodsAreNested) {
  const auto x = walks(200, 6, 3, 5);
  double before = std::numeric_limits<double>::infinity();
  for (std::int64_t k = 0; k < 6; ++k) {
    auto model = fitted<Markov>(options(6, 3, k, 0.0), x);
    EXPECT_LE(model.loss(), before + 1e-12);
    EXPECT_NEAR(model.loss(), -model.log_prob(x).mean().item<double>(), 1e-12);
    if (k == 1) {
      EXPECT_LT(model.loss(), before - 1) << "neighbours go together";
    }
    before = model.loss();
  }
  auto homogeneous = options(6, 3, 1, 0.0);
  homogeneous.homogeneous = true;
  EXPECT_GE(fitted<Markov>(homogeneous, x).loss(), fitted<Markov>(options(6, 3, 1, 0.0), x).loss());
}

TEST(Markov, FindsTheChainThatMadeTheData) {
  // x_1 uniform over 3; then stays with probability 0.7: H = ln 3 + 5 H(0.7).
  auto o = options(6, 3, 1);
  o.homogeneous = true;
  auto model = fitted<Markov>(o, walks(4000, 6, 3, 6));
  const double h = -0.7 * std::log(0.7) - 0.3 * std::log(0.3);
  const auto log_p = model.log_prob(walks(4000, 6, 3, 7));
  EXPECT_NEAR(-log_p.mean().item<double>(), std::log(3) + 5 * h,
              5 * log_p.std().item<double>() / std::sqrt(4000));
}

TEST(Markov, ParametersAndCountsFollowTheFormula) {
  for (std::int64_t k = 0; k < 6; ++k) {
    const Markov model(options(6, 3, k));
    std::int64_t numbers = 0;
    for (const auto& counts : model.buffers()) numbers += counts.numel();
    EXPECT_EQ(model.free_parameters().exact(), numbers / 3 * 2);
  }
  EXPECT_EQ(Markov(options(784, 2, 1)).free_parameters().exact(), 1567);
  auto o = options(784, 2, 1);
  o.homogeneous = true;
  EXPECT_EQ(Markov(o).free_parameters().exact(), 3);
  EXPECT_EQ(Markov(o).named_buffers().keys(),
            (std::vector<std::string>{"start_counts", "step_counts"}));
}

TEST(Markov, DrawsFollowTheLaw) {
  auto model = fitted<Markov>(picture(Ordering::spiral, 2), walks(300, 6, 2, 8));
  const auto all = all_items(6, 2);
  Rng rng(9);
  const auto x = model.sample({.count = 20000}, rng);
  EXPECT_EQ(x.sizes(), at::IntArrayRef({20000, 1, 2, 3}));
  expect_chi_square(x.flatten(1), written_out(model, all), 2);
  expect_draws_agree(model, 6);
}

TEST(Markov, CompletionsFollowTheConditionalLawForAnyPattern) {
  const auto item = torch::tensor({1.f, 0.f, 0.f, 1.f, 1.f, 0.f});
  for (const bool homogeneous : {false, true}) {
    auto o = picture(Ordering::random, 2);
    o.homogeneous = homogeneous;
    auto model = fitted<Markov>(o, walks(300, 6, 2, 10));
    expect_completions(model, item, torch::tensor({0.f, 1.f, 0.f, 0.f, 1.f, 0.f}), 2);
    expect_completions(model, item, torch::tensor({0.f, 0.f, 0.f, 0.f, 0.f, 1.f}), 2);
  }
}

TEST(Markov, TemperatureIsThatOfEachConditional) {
  auto model = fitted<Markov>(options(1, 3, 0, 0.0),
                              torch::tensor({{0.f}, {0.f}, {0.f}, {0.f}, {1.f}, {2.f}}));
  Rng rng(11);
  const auto squares = torch::tensor({16.0, 1.0, 1.0}, torch::kFloat64) / 18;
  expect_chi_square(model.sample({.count = 20000, .temperature = 0.5}, rng), squares, 3);
  EXPECT_TRUE(model.sample({.count = 50, .temperature = 0}, rng).eq(0).all().item<bool>());
}

TEST(Markov, ImpossibleEvidenceIsRefused) {
  auto model = fitted<Markov>(options(2, 2, 1, 0.0), torch::tensor({{0.f, 1.f}}));
  Rng rng(12);
  EXPECT_EQ(message_of<ConfigError>([&] {
              model.complete(torch::ones({1, 2}), torch::tensor({{1.f, 0.f}}), rng);
            }),
            "[markov_chain] what is known has probability 0 under this law, so nothing follows "
            "from it; fit with a prior above 0");
}

TEST(Markov, WrongOrdersAreRefused) {
  EXPECT_EQ(message_of<ConfigError>([] { Markov model(options(4, 2, 4)); }),
            "[parameters] the order must be between 0 and 3, got 4");
  EXPECT_TRUE(message_of<ConfigError>([] { Markov model(options(784, 2, 14)); })
                  .starts_with("[markov] a chain of order 14 over 784 variables of 2 states has "
                               "12632063 parameters and needs about 202113024 bytes"));
}

TEST(Markov, TheLawFollowsTheCountsWhileTheyGrow) {
  const auto x = walks(60, 3, 2, 14), all = all_items(3, 2);
  Markov model(options(3, 2, 1));
  model.begin_pass();
  model.log_prob(all);
  model.observe({x.slice(0, 0, 20), {}});
  auto part = fitted<Markov>(options(3, 2, 1), x.slice(0, 0, 20));
  EXPECT_TRUE(torch::equal(model.log_prob(all), part.log_prob(all)));
  model.observe({x.slice(0, 20), {}});
  auto whole = fitted<Markov>(options(3, 2, 1), x);
  EXPECT_TRUE(torch::equal(model.log_prob(all), whole.log_prob(all)));
}

TEST(Markov, ChainsOfOrderZeroAreSavedToo) {
  auto model = fitted<Markov>(options(3, 2, 0), walks(50, 3, 2, 13));
  SafetensorsFile file;
  append_tensors(file, "", weights_of(model));
  Markov twin(options(3, 2, 0));
  load_weights("file", parse_safetensors("file", encode_safetensors(file)), twin);
  const auto all = all_items(3, 2);
  EXPECT_TRUE(torch::equal(twin.log_prob(all), model.log_prob(all)));
}

}  // namespace
}  // namespace kiln
