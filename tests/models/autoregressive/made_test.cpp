#include "kiln/models/autoregressive/made.h"

#include <gtest/gtest.h>
#include <torch/optim/adam.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <limits>

#include "kiln/core/error.h"
#include "tests/support/enumeration.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

void randomise(Made& made, double scale, std::uint64_t seed) {
  torch::NoGradGuard no_grad;
  Rng rng(seed);
  for (auto& p : made.parameters()) p.copy_(rng.normal(p.sizes()) * scale);
}

Tensor parameter(Made& made, const std::string& name) { return made.named_parameters()[name]; }

MadeOptions image_options(std::int64_t height, std::int64_t width, std::int64_t layers,
                          std::int64_t masks) {
  return {.data_dim = height * width,
          .channels = 1,
          .height = height,
          .width = width,
          .hidden = 20,
          .layers = layers,
          .masks = masks,
          .direct = layers % 2 == 0,
          .ordering = Ordering::serpentine};
}

MadeOptions order_agnostic(MadeOptions options) {
  options.order_agnostic = true;
  return options;
}

std::vector<MadeOptions> all_kinds(std::int64_t height, std::int64_t width) {
  return {image_options(height, width, 0, 1),
          image_options(height, width, 1, 1),
          image_options(height, width, 3, 1),
          image_options(height, width, 2, 3),
          order_agnostic(image_options(height, width, 0, 2)),
          order_agnostic(image_options(height, width, 1, 3))};
}

double total(const Tensor& log_prob) {
  return log_prob.detach().to(torch::kDouble).exp().sum().item<double>();
}

TEST(Made, ZeroWeightsMakeEveryImageCostDLog2) {
  Made made({.data_dim = 6, .hidden = 4, .layers = 2, .direct = true});
  torch::NoGradGuard no_grad;
  for (auto& p : made.parameters()) p.zero_();
  EXPECT_LT((made.log_prob(torch::eye(6)) + 6 * std::log(2.0)).abs().max().item<double>(), 1e-5);
}

TEST(Made, ProbabilitiesOfAllStatesSumToOneInEverySetAndInTheMean) {
  const auto x = all_states(10);
  for (const auto& options : all_kinds(2, 5)) {
    Made made(options);
    randomise(made, 1, 3);
    EXPECT_NEAR(total(made.log_prob(x)), 1, 1e-5);
    for (std::int64_t r = 0; r < options.masks; ++r)
      EXPECT_NEAR(total(made.log_prob_of(r, x)), 1, 1e-5) << "set " << r;
  }
}

TEST(Made, TheMixtureIsTheMeanOfItsMembersAndItsLogNoLessThanTheirMeanLog) {
  Made made(order_agnostic(image_options(2, 3, 2, 4)));
  randomise(made, 1, 4);
  const auto x = all_states(6);
  auto mean = torch::zeros({64}), mean_log = torch::zeros({64});
  for (std::int64_t r = 0; r < 4; ++r) {
    const auto member = made.log_prob_of(r, x).detach();
    mean += member.exp() / 4, mean_log += member / 4;
  }
  const auto log_prob = made.log_prob(x).detach();
  EXPECT_LT((log_prob - mean.log()).abs().max().item<double>(), 1e-5);
  EXPECT_GT((log_prob - mean_log).min().item<double>(), 0);
}

TEST(Made, TheFirstPixelOfAnOrderDependsOnItsBiasOnly) {
  for (const auto& options : all_kinds(2, 3)) {
    Made made(options);
    randomise(made, 1, 5);
    for (std::int64_t r = 0; r < options.masks; ++r) {
      const auto d = made.degrees(r).order[0].item<std::int64_t>();
      const auto logits = made.logits(r, all_states(6)).select(1, d);
      EXPECT_TRUE(torch::equal(logits, parameter(made, "c")[d].expand({64})));
    }
  }
}

TEST(Made, OrdersAreTheOneAskedForOrOneForEachSet) {
  Made same(image_options(3, 4, 1, 3)), own(order_agnostic(image_options(3, 4, 1, 3)));
  const auto serpentine = make_ordering(Ordering::serpentine, {1, 3, 4}, 0);
  for (std::int64_t r = 0; r < 3; ++r) {
    EXPECT_TRUE(torch::equal(same.degrees(r).order, torch::tensor(serpentine)));
    for (std::int64_t s = 0; s < r; ++s) {
      EXPECT_FALSE(torch::equal(own.degrees(r).order, own.degrees(s).order));
      EXPECT_FALSE(torch::equal(same.degrees(r).layers[1], same.degrees(s).layers[1]));
    }
  }
  EXPECT_TRUE(torch::equal(own.ordering(), torch::tensor(serpentine)));
}

// Frey 1998: p(x_i = 1 | x_<i) = sigmoid(b_i + sum_{j < i} A_ij x_j), written down anew.
TEST(Made, WithoutHiddenLayersItIsTheFullyVisibleBeliefNetwork) {
  Made made({.data_dim = 7, .layers = 0, .direct = true});
  randomise(made, 1, 6);
  made.to(torch::kDouble);
  const auto x = all_states(7).to(torch::kDouble);
  const auto a = torch::mm(x, parameter(made, "direct").tril(-1).t()) + parameter(made, "c");
  const auto expected = (x * a.sigmoid().log() + (1 - x) * (-a).sigmoid().log()).sum(1);
  EXPECT_LT((made.log_prob(x) - expected).abs().max().item<double>(), 1e-12);
}

TEST(Made, ABeliefNetworkOfTwoPixelsIsAnyJointLaw) {
  Made made({.data_dim = 2, .layers = 0, .direct = true});
  made.to(torch::kDouble);
  const auto joint = torch::tensor({{0.1, 0.35}, {0.4, 0.15}}, torch::kDouble);  // [x_0, x_1]
  {
    torch::NoGradGuard no_grad;
    const auto given = joint.select(1, 1) / joint.sum(1);  // p(x_1 = 1 | x_0)
    parameter(made, "c")[0].copy_(torch::logit(joint[1].sum()));
    parameter(made, "c")[1].copy_(torch::logit(given[0]));
    parameter(made, "direct")[1][0].copy_(torch::logit(given[1]) - torch::logit(given[0]));
  }
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 2; ++j) {
      const auto p = made.log_prob(torch::tensor({{i, j}}).to(torch::kDouble)).exp();
      EXPECT_NEAR(p.item<double>(), joint[i][j].item<double>(), 1e-12);
    }
}

// Seven free numbers, six parameters: the best that it can say of x_2 is a fair coin.  The loss is
// convex, so two starts end in the same place.  One hidden layer learns the law.
TEST(Made, ABeliefNetworkCannotLearnAnExclusiveOrButAHiddenLayerCan) {
  const auto x =
      torch::tensor({{0.f, 0.f, 0.f}, {0.f, 1.f, 1.f}, {1.f, 0.f, 1.f}, {1.f, 1.f, 0.f}});
  const auto learned = [&](const MadeOptions& options, std::uint64_t seed) {
    Made made(options);
    randomise(made, 1, seed);
    torch::optim::Adam adam(made.parameters(), torch::optim::AdamOptions(0.05));
    for (int step = 0; step < 400; ++step) {
      adam.zero_grad();
      (-made.log_prob(x).mean()).backward();
      adam.step();
    }
    return -made.log_prob(x).mean().item<double>();
  };
  for (const std::uint64_t seed : {7, 8})
    EXPECT_NEAR(learned({.data_dim = 3, .layers = 0, .direct = true}, seed), 3 * std::log(2.0),
                1e-3);
  EXPECT_NEAR(learned({.data_dim = 3, .hidden = 32}, 9), 2 * std::log(2.0), 0.02);
}

TEST(Made, HasTheNumberOfParametersOfTheBeliefNetworkAndOfTheAutoencoder) {
  const auto count = [](const MadeOptions& options) {
    std::int64_t sum = 0;
    for (const auto& p : Made(options).parameters()) sum += p.numel();
    return sum;
  };
  EXPECT_EQ(count({.data_dim = 784, .layers = 0, .direct = true}), 784 * 784 + 784);
  EXPECT_EQ(count({.data_dim = 784, .hidden = 50, .layers = 2}),
            784 * 50 + 50 + 50 * 50 + 50 + 50 * 784 + 784);
  const auto free =
      DegreeMask{torch::arange(784).to(torch::kInt32), torch::arange(784).to(torch::kInt32), true};
  EXPECT_EQ(free.dense().sum().item<std::int64_t>() + 784, 307720);  // D (D + 1) / 2
}

TEST(Made, ConditionalsMultiplyToTheDensityAndDrawStepByStep) {
  for (const auto& options : all_kinds(3, 4)) {
    Made made(options);
    randomise(made, 1, 10);
    Rng rng(11);
    const auto uniform = rng.uniform({200, 12});
    const auto drawn = made.draw(uniform);
    const auto density = options.order_agnostic ? made.log_prob_of(0, drawn) : made.log_prob(drawn);
    EXPECT_LT((made.log_conditionals(drawn).sum(1) - density).abs().max().item<double>(), 5e-5);

    // Read only where it has been drawn.
    auto x = torch::full({200, 12}, std::numeric_limits<float>::quiet_NaN());
    for (std::int64_t i = 0; i < 12; ++i) {
      const auto d = made.ordering()[i].item<std::int64_t>();
      x.select(1, d).copy_(made.draw_one(x, d, uniform.select(1, d)));
    }
    EXPECT_EQ(x.ne(drawn).sum().item<std::int64_t>(), 0);
  }
}

TEST(Made, ConditionalsOfTheMixtureAreThoseOfItsLaw) {
  Made made(image_options(2, 2, 2, 3));
  randomise(made, 1, 12);
  const auto x = all_states(4);
  const auto p = made.log_prob(x).detach().exp();
  const auto conditionals = made.log_conditionals(x).detach().exp();
  const auto order = made.ordering();
  for (std::int64_t i = 0; i < 4; ++i) {
    const auto agree = [&](std::int64_t pixels) {  // [16, 16]: the first pixels are the same
      const auto first = x.index_select(1, order.slice(0, 0, pixels));
      return first.unsqueeze(0).eq(first.unsqueeze(1)).all(2).to(torch::kFloat32);
    };
    const auto expected = torch::mv(agree(i + 1), p) / torch::mv(agree(i), p);
    const auto got = conditionals.select(1, order[i].item<std::int64_t>());
    EXPECT_LT((got - expected).abs().max().item<double>(), 1e-5);
  }
}

TEST(Made, SamplesFollowTheEnumeratedLaw) {
  const auto states = all_states(4);
  for (const auto& options : all_kinds(2, 2)) {
    Made made(options);
    randomise(made, 0.5, 13);
    Rng rng(14);
    const auto x = made.sample({.count = 40000}, rng);
    EXPECT_EQ(x.sizes(), (std::vector<std::int64_t>{40000, 1, 2, 2}));
    const auto law = made.log_prob(states).detach().exp();
    EXPECT_LT(chi_square_excess(state_number(x), law), 5);
    if (options.order_agnostic) continue;
    EXPECT_LT(chi_square_excess(state_number(made.draw(rng.uniform({40000, 4}))), law), 5);
  }
}

TEST(Made, TemperatureDividesTheLogits) {
  Made made(image_options(2, 2, 1, 1));
  randomise(made, 0.5, 15);
  Rng rng(16);
  const auto states = all_states(4), logits = made.logits(0, states).detach() / 0.6;
  const auto law = (states * logits - torch::softplus(logits)).sum(1).exp();
  const auto x = made.sample({.count = 40000, .temperature = 0.6}, rng);
  EXPECT_LT(chi_square_excess(state_number(x), law), 5);
}

TEST(Made, TrainingCyclesThroughTheMaskSets) {
  Made made(image_options(2, 3, 1, 3));
  randomise(made, 1, 17);
  Rng rng(18);
  const Batch batch{all_states(6).reshape({64, 1, 2, 3}), {}};
  const auto player = made.players()[0];
  for (std::int64_t round = 1; round <= 7; ++round) {
    made.begin_round(batch, rng);
    const auto expected = -made.log_prob_of(round % 3, batch.x).mean();
    EXPECT_TRUE(torch::equal(player.objective(batch, rng).loss, expected)) << round;
  }
  EXPECT_FALSE(torch::equal(made.log_prob_of(0, batch.x), made.log_prob_of(1, batch.x)));
}

TEST(Made, StartingFromDataMakesEveryPixelItsFrequency) {
  Made made(image_options(1, 4, 0, 1));
  const auto mean = torch::tensor({0.25f, 0.5f, 0.0f, 1.0f});
  made.start_from_data({.mean = mean.reshape({1, 1, 4}), .deviation = {}});
  const auto p = torch::sigmoid(made.logits(0, torch::zeros({1, 4})))[0];
  EXPECT_LT((p - mean.clamp(0.001, 0.999)).abs().max().item<double>(), 1e-6);
}

TEST(Made, TakesImagesAndRowsAlike) {
  Made made(image_options(3, 4, 1, 2));
  const auto x = Rng(20).bernoulli(torch::full({5, 12}, 0.5));
  EXPECT_TRUE(torch::equal(made.log_prob(x), made.log_prob(x.reshape({5, 1, 3, 4}))));
}

TEST(Made, RefusesWrongShapesValuesAndSettings) {
  Made made(image_options(2, 3, 1, 1));
  Rng rng(23);
  EXPECT_EQ(message_of<ShapeError>([&] {
              made.log_prob(torch::zeros({4, 5}));
            }),
            "[made.log_prob] x must have shape [*, 6], got [4, 5]");
  EXPECT_EQ(message_of<ConfigError>([&] {
              made.log_prob(torch::full({1, 6}, 0.25));
            }),
            "[made.log_prob] x must be 0 or 1, got 0.25 at sample 0, pixel 0; add "
            "binarize=threshold or binarize=stochastic to the data source");
  EXPECT_EQ(message_of<ConfigError>([&] { made.sample({.count = 0}, rng); }),
            "[sample] count must be positive, got 0");
  EXPECT_EQ(message_of<ConfigError>([] { Made({.layers = 9}); }),
            "[made.layers] must be between 0 and 8, got 9");
  EXPECT_EQ(message_of<ConfigError>([] { Made({.data_dim = 65536, .hidden = 65536}); }),
            "[made] 65536 inputs times hidden 65536 is more than 268435456 weights; use less of "
            "either");
  EXPECT_EQ(message_of<ConfigError>([] { Made({.data_dim = 65536, .layers = 0, .direct = true}); }),
            "[made.direct] 65536 inputs times hidden 65536 is more than 268435456 weights; use "
            "less of either");
  EXPECT_EQ(message_of<ConfigError>([] { Made({.layers = 0, .masks = 4}); }),
            "[made.masks] without hidden layers all 4 mask sets would be the same; use 1, or "
            "order_agnostic");
  EXPECT_EQ(message_of<ConfigError>([] { Made({.order_agnostic = true}); }),
            "[made.order_agnostic] needs masks of at least 2: one order for each");
  EXPECT_EQ(message_of<ConfigError>(
                [] { Made({.data_dim = 5, .channels = 1, .height = 2, .width = 3}); }),
            "[made] data_dim must be channels * height * width = 6, got 5");
}

// ---- Given a class

MadeOptions given_class(std::int64_t layers, std::int64_t masks, bool direct) {
  return {.data_dim = 5,
          .hidden = 6,
          .layers = layers,
          .masks = masks,
          .direct = direct,
          .condition = Condition::label,
          .classes = 3};
}

// p(x|y) is the law of a MADE without classes with U_y in its first bias.
TEST(ConditionalMade, IsAMadeWithAnotherFirstBiasForEachClass) {
  for (const auto& options :
       {given_class(1, 1, false), given_class(2, 2, true), given_class(0, 1, true)}) {
    auto without = options;
    without.condition = Condition::none;
    Made given(options), plain(without);
    torch::NoGradGuard no_grad;
    Rng weights(41);
    for (auto& p : given.parameters()) p.copy_(0.7 * weights.normal(p.sizes()));
    const auto of_given = given.named_parameters(), of_plain = plain.named_parameters();
    const auto x = all_states(5);
    for (std::int64_t y = 0; y < 3; ++y) {
      for (const auto& entry : of_plain) entry.value().copy_(of_given[entry.key()]);
      of_plain[options.layers > 0 ? "hidden1.bias" : "c"].add_(of_given["U"][y]);
      const Batch batch{x, torch::full({32}, y, torch::kInt64)};
      EXPECT_LT((given.log_prob(batch) - plain.log_prob(x)).abs().max().item<double>(), 1e-5);
      EXPECT_LT(
          (given.log_conditionals(batch) - plain.log_conditionals(x)).abs().max().item<double>(),
          1e-5);
      EXPECT_NEAR(given.log_prob(batch).exp().sum().item<double>(), 1, 1e-5);
      Rng rng(42), again(42);
      EXPECT_TRUE(torch::equal(given.sample({.count = 40, .given = Given::of_class(y)}, rng),
                               plain.sample({.count = 40}, again)));
    }
  }
}

TEST(ConditionalMade, MixedClassesAreJudgedAndDrawnEachByItsOwn) {
  Made given(given_class(2, 2, true));
  torch::NoGradGuard no_grad;
  Rng weights(43);
  for (auto& p : given.parameters()) p.copy_(0.7 * weights.normal(p.sizes()));
  const auto x = all_states(5).slice(0, 0, 30), y = torch::arange(30).remainder(3);
  const auto together = given.log_prob({x, y});
  Rng rng(44);
  const auto u = rng.uniform({30, 5});
  const auto drawn = given.draw({u, y});
  for (std::int64_t i : {0, 1, 2, 29}) {
    const auto row = [&](const Tensor& t) { return t.slice(0, i, i + 1); };
    EXPECT_NEAR(together[i].item<double>(), given.log_prob({row(x), row(y)}).item<double>(), 1e-5);
    EXPECT_TRUE(torch::equal(drawn[i], given.draw({row(u), row(y)})[0]));
  }
}

TEST(ConditionalMade, ClassifiesByBayesRuleAndRefusesItemsWithoutLabels) {
  Made given(given_class(1, 1, false));
  given.start_from_data({.mean = torch::full({5}, 0.5f),
                         .deviation = {},
                         .class_shares = torch::tensor({.5, .25, .25}, torch::kFloat64)});
  torch::NoGradGuard no_grad;
  for (const auto& entry : given.named_parameters())
    if (entry.key() == "U") entry.value().zero_();  // the classes have one law
  const auto posterior = torch::softmax(given.class_logits(all_states(5)), 1);
  EXPECT_TRUE(
      torch::allclose(posterior, torch::tensor({.5f, .25f, .25f}).expand({32, 3}), 0, 1e-5));
  EXPECT_THROW(given.log_prob(all_states(5)), ShapeError);
}

}  // namespace
}  // namespace kiln
