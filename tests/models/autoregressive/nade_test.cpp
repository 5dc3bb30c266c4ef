#include "kiln/models/autoregressive/nade.h"

#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/optim/adam.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kiln/core/error.h"
#include "kiln/kernels/nade_scan.h"
#include "tests/models/autoregressive/nade_parts.h"
#include "tests/support/enumeration.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

// The ordering `file` goes backwards.
NadeOptions image_options(std::int64_t height, std::int64_t width, Ordering ordering) {
  std::string steps;
  for (std::int64_t d = height * width; ordering == Ordering::file && d > 0;)
    steps += std::to_string(--d) + " ";
  return {.data_dim = height * width,
          .channels = 1,
          .height = height,
          .width = width,
          .hidden = 7,
          .ordering = ordering,
          .ordering_steps = steps};
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
    for (const bool tied : {false, true}) {
      auto options = image_options(3, 4, ordering);
      options.tied = tied;
      Nade nade(options);
      randomise(nade, 1.5, 3);
      const auto total = nade.log_prob(x).to(torch::kDouble).exp().sum().item<double>();
      EXPECT_NEAR(total, 1, 1e-5) << name;
    }
  }
}

TEST(Nade, LogProbEqualsTheDirectSumOverEarlierPixels) {
  Nade nade(image_options(2, 3, Ordering::random));
  randomise(nade, 1, 4);
  const auto W = parameter(nade, "W"), V = parameter(nade, "V"), b = parameter(nade, "b"),
             c = parameter(nade, "c");
  const auto x = all_states(6);
  const auto order = nade.ordering();
  auto log_prob = torch::zeros({64});
  for (std::int64_t i = 0; i < 6; ++i) {
    const auto d = order[i].item<std::int64_t>();
    const auto earlier = order.slice(0, 0, i);
    const auto h =
        torch::sigmoid(c + torch::mm(x.index_select(1, earlier), W.index_select(0, earlier)));
    const auto p = torch::sigmoid(b[d] + torch::mv(h, V[d]));
    log_prob += torch::log(torch::where(x.select(1, d) == 1, p, 1 - p));
  }
  EXPECT_LT((nade.log_prob(x) - log_prob).abs().max().item<double>(), 1e-5);
}

TEST(Nade, WithoutWTheModelIsIndependentPixels) {
  Nade nade({.data_dim = 5, .hidden = 3});
  randomise(nade, 1, 5);
  torch::NoGradGuard no_grad;
  parameter(nade, "W").zero_();
  const auto p = torch::sigmoid(parameter(nade, "b") +
                                torch::mv(parameter(nade, "V"), parameter(nade, "c").sigmoid()));
  const auto x = all_states(5);
  const auto expected = (x * p.log() + (1 - x) * (1 - p).log()).sum(1);
  EXPECT_LT((nade.log_prob(x) - expected).abs().max().item<double>(), 1e-5);
}

TEST(Nade, ALogitDependsOnEarlierPixelsOfTheOrderingAndOnNoOthers) {
  for (const auto& [ordering, name] : enum_names(Ordering{})) {
    Nade nade(image_options(3, 4, ordering));
    nade.to(torch::kDouble);
    randomise(nade, 1, 6);
    const auto x = torch::full({1, 12}, 0.5, torch::kDouble).set_requires_grad(true);
    const auto logits = nade.logits(x);
    const auto step = torch::argsort(nade.ordering());
    for (std::int64_t d = 0; d < 12; ++d) {
      const auto slope = torch::autograd::grad({logits[0][d]}, {x}, {}, true)[0][0];
      EXPECT_TRUE(torch::equal(slope != 0, step < step[d])) << name << ", pixel " << d;
    }
  }
}

TEST(Nade, PermutingPixelsAndOrderingTogetherChangesNothing) {
  Nade straight(image_options(2, 3, Ordering::raster)),
      turned(image_options(2, 3, Ordering::random));
  randomise(straight, 1, 7);
  torch::NoGradGuard no_grad;
  const auto order = turned.ordering();
  ASSERT_FALSE(torch::equal(order, torch::arange(6)));
  for (const auto* name : {"W", "V", "b"})
    parameter(turned, name).index_copy_(0, order, parameter(straight, name));
  parameter(turned, "c").copy_(parameter(straight, "c"));
  const auto x = all_states(6);
  const auto moved = torch::zeros_like(x).index_copy_(1, order, x);
  EXPECT_LT((turned.log_prob(moved) - straight.log_prob(x)).abs().max().item<double>(), 1e-5);
  EXPECT_GT((turned.log_prob(x) - straight.log_prob(x)).abs().max().item<double>(), 0.1);
}

TEST(Nade, HasTheNumberOfParametersOfThePaper) {
  const auto count = [](bool tied) {
    Nade nade({.data_dim = 784, .hidden = 500, .tied = tied});
    std::int64_t total = 0;
    for (const auto& p : nade.parameters()) total += p.numel();
    return total;
  };
  EXPECT_EQ(count(false), 2 * 784 * 500 + 500 + 784);
  EXPECT_EQ(count(true), 784 * 500 + 500 + 784);
}

TEST(Nade, TheTiedGradientIsTheSumOfBoth) {
  Nade tied({.data_dim = 9, .hidden = 5, .tied = true}), loose({.data_dim = 9, .hidden = 5});
  randomise(tied, 0.5, 8);
  {
    torch::NoGradGuard no_grad;
    for (const auto* name : {"W", "b", "c"}) parameter(loose, name).copy_(parameter(tied, name));
    parameter(loose, "V").copy_(parameter(tied, "W"));
  }
  const auto x = Rng(9).bernoulli(torch::full({20, 9}, 0.4));
  tied.log_prob(x).sum().backward();
  loose.log_prob(x).sum().backward();
  const auto sum = parameter(loose, "W").grad() + parameter(loose, "V").grad();
  EXPECT_LT((parameter(tied, "W").grad() - sum).abs().max().item<double>(), 1e-4);
}

TEST(Nade, StartingFromDataMakesEveryPixelItsFrequency) {
  Nade nade(image_options(1, 4, Ordering::raster));
  {
    torch::NoGradGuard no_grad;
    for (auto& p : nade.parameters()) p.zero_();
  }
  const auto mean = torch::tensor({0.25f, 0.5f, 0.0f, 1.0f});
  nade.start_from_data({.mean = mean.reshape({1, 1, 4}), .deviation = {}});
  const auto p = torch::sigmoid(parameter(nade, "b"));
  EXPECT_LT((p - mean.clamp(0.001, 0.999)).abs().max().item<double>(), 1e-6);
}

TEST(Nade, SamplesFollowTheEnumeratedLaw) {
  for (const auto ordering : {Ordering::raster, Ordering::random}) {
    Nade nade(image_options(2, 2, ordering));
    randomise(nade, 0.4, 10);
    Rng rng(11);
    for (const double temperature : {1.0, 0.6}) {
      const auto x = nade.sample({.count = 40000, .temperature = temperature}, rng);
      const auto states = all_states(4);
      const auto probs =
          (-nade_nll_of_logits(states, nade.logits(states) / temperature)).exp().detach();
      EXPECT_LT(chi_square_excess(state_number(x), probs), 5) << "temperature " << temperature;
    }
  }
}

TEST(Nade, ConditionalsMultiplyToTheDensityAndDrawStepByStep) {
  for (const auto kind : {Ordering::raster, Ordering::zigzag}) {
    Nade nade(image_options(3, 4, kind));
    randomise(nade, 1, 8);
    Rng rng(3);
    const auto uniform = rng.uniform({200, 12});
    const auto drawn = nade.draw(uniform);
    const auto sums = nade.log_conditionals(drawn).sum(1);
    EXPECT_LT((sums - nade.log_prob(drawn)).abs().max().item<double>(), 2e-5);

    auto x = torch::full({200, 12}, 0.5);  // read only where it has been drawn
    for (std::int64_t i = 0; i < 12; ++i) {
      const auto d = nade.ordering()[i].item<std::int64_t>();
      x.select(1, d).copy_(nade.draw_one(x, d, uniform.select(1, d)));
    }
    EXPECT_EQ(x.ne(drawn).sum().item<std::int64_t>(), 0);
  }
}

TEST(Nade, CompletionsFollowTheEnumeratedConditionalLaw) {
  Nade nade(image_options(2, 3, Ordering::serpentine));  // visits 0 1 2 5 4 3
  randomise(nade, 0.8, 12);
  const auto x = torch::tensor({1.f, 0.f, 1.f, 0.f, 0.f, 1.f}).expand({40000, 6});
  const auto known = torch::tensor({1.f, 1.f, 1.f, 0.f, 0.f, 1.f}).expand({40000, 6});
  Rng rng(13);
  const auto completed = nade.complete(x, known, rng).reshape({40000, 6});
  EXPECT_TRUE(torch::equal(completed * known, x * known));
  auto states = x.slice(0, 0, 4).clone();
  states.slice(1, 3, 5).copy_(all_states(2));
  const auto joint = nade.log_prob(states).detach().exp();
  const auto unknown = state_number(completed.slice(1, 3, 5));
  EXPECT_LT(chi_square_excess(unknown, joint / joint.sum()), 5);
}

TEST(Nade, CompletingNothingSamplesAndCompletingEverythingCopies) {
  Nade nade(image_options(3, 4, Ordering::spiral));
  randomise(nade, 1, 14);
  Rng a(15), b(15), c(16);
  const auto x = nade.sample({.count = 9}, a);
  EXPECT_EQ(x.sizes(), (std::vector<std::int64_t>{9, 1, 3, 4}));
  const auto anything = torch::full({9, 1, 3, 4}, 0.5);
  EXPECT_TRUE(torch::equal(nade.complete(anything, torch::zeros_like(x), b), x));
  EXPECT_TRUE(torch::equal(nade.complete(x, torch::ones_like(x), c), x));
}

TEST(Nade, EveryImageMayHaveItsOwnKnownPart) {
  Nade nade({.data_dim = 6, .hidden = 4});
  randomise(nade, 1, 17);
  const auto x = torch::ones({3, 6});
  const auto known = torch::tensor({{1, 0, 0, 0, 0, 0}, {1, 1, 1, 1, 1, 0}, {0, 0, 0, 0, 0, 0}});
  Rng rng(18);
  const auto completed = nade.complete(x, known, rng);
  EXPECT_EQ(completed.sizes(), x.sizes());
  EXPECT_TRUE(torch::equal(completed * known, x * known));
}

TEST(Nade, TakesImagesAndRowsAlike) {
  Nade nade(image_options(3, 4, Ordering::column));
  randomise(nade, 1, 19);
  const auto x = Rng(20).bernoulli(torch::full({5, 12}, 0.5));
  EXPECT_TRUE(torch::equal(nade.log_prob(x), nade.log_prob(x.reshape({5, 1, 3, 4}))));
}

TEST(Nade, LearnsTheEntropyOfFourPatterns) {
  Rng rng(21);
  const auto patterns = torch::tensor({{1.f, 1.f, 0.f, 0.f, 1.f, 0.f},
                                       {0.f, 1.f, 1.f, 0.f, 0.f, 1.f},
                                       {1.f, 0.f, 1.f, 1.f, 0.f, 0.f},
                                       {0.f, 0.f, 0.f, 1.f, 1.f, 1.f}});
  std::unique_ptr<Nade> nade;
  {
    Rng::Scope scope(rng);
    nade = std::make_unique<Nade>(NadeOptions{.data_dim = 6, .hidden = 16});
  }
  auto players = nade->players();
  ASSERT_EQ(players.size(), 1u);
  EXPECT_EQ(players[0].name, "model");
  torch::optim::Adam adam(nade->parameters(), torch::optim::AdamOptions(0.02));
  for (int step = 0; step < 400; ++step) {
    adam.zero_grad();
    players[0].objective({patterns, {}}, rng).loss.backward();
    adam.step();
  }
  const auto nll = -nade->log_prob(patterns).mean().item<double>();
  EXPECT_GT(nll, std::log(4.0) - 1e-5) << "no model can beat the entropy";
  EXPECT_LT(nll, std::log(4.0) + 0.05);
}

TEST(Nade, RefusesWhatItCannotConditionOn) {
  Nade nade(image_options(2, 3, Ordering::raster));
  Rng rng(22);
  auto known = torch::ones({2, 1, 2, 3});
  known[1][0][0][1] = 0;
  EXPECT_EQ(message_of<ConfigError>([&] { nade.complete(torch::zeros_like(known), known, rng); }),
            "[nade.complete] known pixels must come before all unknown ones in the ordering "
            "'raster', but pixel 2 of image 1 is known and comes after an unknown one; mask a "
            "later part, or train with an ordering that visits the known part first");
  known.fill_(1);
  EXPECT_EQ(
      message_of<ConfigError>([&] { nade.complete(torch::full_like(known, 0.5), known, rng); }),
      "[nade.complete] known pixels must be 0 or 1; add binarize=threshold to the data source");
  EXPECT_EQ(message_of<ShapeError>([&] { nade.complete(known.slice(0, 0, 1), known, rng); }),
            "[nade.complete] x and known must agree, got 1 and 2 images");
}

TEST(Nade, RefusesWrongShapesValuesAndSettings) {
  Nade nade(image_options(2, 3, Ordering::raster));
  Rng rng(23);
  EXPECT_EQ(message_of<ShapeError>([&] {
              nade.log_prob(torch::zeros({4, 5}));
            }),
            "[nade.log_prob] x must have shape [*, 6], got [4, 5]");
  EXPECT_EQ(message_of<ShapeError>([&] {
              nade.log_prob(torch::zeros({4, 1, 3, 2}));
            }),
            "[nade.log_prob] x must have shape [*, 1, 2, 3], got [4, 1, 3, 2]");
  EXPECT_EQ(message_of<ConfigError>([&] {
              nade.log_prob(torch::full({1, 6}, 0.25));
            }),
            "[nade_scan] x must be 0 or 1, got 0.25 at sample 0, pixel 0; add binarize=threshold "
            "or binarize=stochastic to the data source");
  EXPECT_EQ(message_of<ConfigError>([&] { nade.sample({.temperature = 0}, rng); }),
            "[sample] temperature must be positive, got 0");
  EXPECT_EQ(message_of<ConfigError>([&] { nade.sample({.count = 0}, rng); }),
            "[sample] count must be positive, got 0");
  EXPECT_EQ(message_of<ConfigError>([] { Nade({.hidden = 0}); }),
            "[nade.hidden] must be between 1 and 1048576, got 0");
  EXPECT_EQ(message_of<ConfigError>(
                [] { Nade({.data_dim = 5, .channels = 1, .height = 2, .width = 3}); }),
            "[nade] data_dim must be channels * height * width = 6, got 5");
}

}  // namespace
}  // namespace kiln
