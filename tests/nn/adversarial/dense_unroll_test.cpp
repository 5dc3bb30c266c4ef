#include "kiln/nn/adversarial/dense_unroll.h"

#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kiln/core/error.h"
#include "kiln/core/rng.h"
#include "kiln/prob/f_divergence.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

constexpr InnerRule kRules[] = {InnerRule::sgd, InnerRule::adam};

// A critic off its start, a batch of data and a smaller one of fakes.
struct SmallGame {
  explicit SmallGame(std::int64_t layers = 2, torch::Dtype type = torch::kFloat64) {
    Rng init(7);
    const Rng::Scope scope(init);
    critic = std::make_shared<DenseCritic>(
        DenseCriticOptions{.inputs = 3, .hidden = 5, .layers = layers, .settings = {.slope = .2}});
    critic->to(type);
    Rng rng(4);
    const auto normal = [&](at::IntArrayRef shape) { return rng.normal(shape).to(type); };
    for (auto& weight : critic->parameters()) {
      torch::NoGradGuard no_grad;
      weight.add_(normal(weight.sizes()), .1);
      moments.first.push_back(.01 * normal(weight.sizes()));
      moments.second.push_back(1e-4 * normal(weight.sizes()).square() + 1e-5);
    }
    moments.count = 3;
    real = normal({7, 3}) + 1;
    fake = normal({6, 3}).requires_grad_();
  }

  UnrolledLoss by_hand(const UnrollOptions& options, const InnerMoments& held = {}) const {
    return unrolled_loss(*critic, objective, {real, fake}, options, held);
  }
  UnrolledLoss by_graph(const UnrollOptions& options, const InnerMoments& held = {}) const {
    return unrolled_loss_plain(*critic, objective, {real, fake}, options, held);
  }
  Tensor slope(const UnrolledLoss& result) const {
    return torch::autograd::grad({result.loss}, {fake})[0];
  }

  std::shared_ptr<DenseCritic> critic;
  AdversarialObjective objective = AdversarialObjective::parse("test", "nonsaturating");
  InnerMoments moments;
  Tensor real, fake;
};

Tensor joined(const std::vector<Tensor>& list) {
  std::vector<Tensor> parts;
  for (const auto& tensor : list) parts.push_back(tensor.flatten());
  return torch::cat(parts);
}

double distance(const Tensor& got, const Tensor& truth) {
  return ((got - truth).norm() / truth.norm().clamp_min(1e-12)).item<double>();
}

void expect_equal(const SmallGame& game, const UnrollOptions& options,
                  const InnerMoments& held = {}) {
  const auto hand = game.by_hand(options, held), graph = game.by_graph(options, held);
  EXPECT_LT(distance(hand.loss, graph.loss), 1e-10);
  EXPECT_LT(distance(game.slope(hand), game.slope(graph)), 1e-10);
  ASSERT_EQ(hand.first_gradient.size(), graph.first_gradient.size());
  for (std::size_t i = 0; i < graph.first_gradient.size(); ++i)
    EXPECT_EQ(hand.first_gradient[i].sizes(), graph.first_gradient[i].sizes());
  if (options.steps == 0) return;
  EXPECT_LT(distance(joined(hand.first_gradient), joined(graph.first_gradient)), 1e-10);
}

TEST(DenseUnroll, EqualsTheGraphForEveryNumberOfSteps) {
  for (const std::int64_t layers : {1, 2, 3}) {
    const SmallGame game(layers);
    for (const auto rule : kRules)
      for (const std::int64_t steps : {0, 1, 3, 10})
        for (const bool second : {true, false}) {
          SCOPED_TRACE(testing::Message() << layers << " layers, rule " << int(rule)
                                          << ", K = " << steps << ", second order " << second);
          const UnrollOptions options{
              .steps = steps, .rule = rule, .learning_rate = .02, .second_order = second};
          expect_equal(game, options);
          if (rule == InnerRule::adam) expect_equal(game, options, game.moments);
        }
  }
}

// The passes of float32 on the processor read and write rows, whichever side is the wider.
TEST(DenseUnroll, EqualsTheGraphInFloat32) {
  for (const std::int64_t layers : {1, 2, 3}) {
    const SmallGame game(layers, torch::kFloat32);
    for (const auto rule : kRules) {
      const UnrollOptions options{.steps = 3, .rule = rule, .learning_rate = .01};
      EXPECT_LT(distance(game.slope(game.by_hand(options, game.moments)),
                         game.slope(game.by_graph(options, game.moments))),
                1e-4);
    }
  }
}

TEST(DenseUnroll, EqualsTheGraphForEveryObjective) {
  SmallGame game;
  auto names = AdversarialObjective::names();
  names.pop_back();  // f:NAME
  for (const auto& name : f_divergence_names("alpha:2")) names.push_back("f:" + name);
  names.push_back("f:alpha:0.5");
  for (const auto& name : names) {
    SCOPED_TRACE(name);
    game.objective = AdversarialObjective::parse("test", name);
    expect_equal(game, {.steps = 3, .rule = InnerRule::sgd, .learning_rate = .02});
    expect_equal(game, {.steps = 3, .learning_rate = .02}, game.moments);
  }
}

TEST(DenseUnroll, GradientIsThatOfFiniteDifferences) {
  for (const auto rule : kRules) {
    const SmallGame game;
    const UnrollOptions options{.steps = 3, .rule = rule, .learning_rate = .05};
    const auto held = rule == InnerRule::adam ? game.moments : InnerMoments{};
    const auto exact = game.slope(game.by_hand(options, held));
    auto numeric = torch::empty_like(exact);
    const double h = 1e-6;
    const auto at = game.fake.detach().view(-1);  // the same memory
    for (std::int64_t i = 0; i < at.numel(); ++i) {
      const double x = at[i].item<double>();
      at[i] = x + h;
      const double above = game.by_hand(options, held).loss.item<double>();
      at[i] = x - h;
      const double below = game.by_hand(options, held).loss.item<double>();
      at[i] = x;
      numeric.view(-1)[i] = (above - below) / (2 * h);
    }
    EXPECT_LT(distance(exact, numeric), 1e-5);
  }
}

TEST(DenseUnroll, LeavesTheCriticAndItsMomentsAsTheyWere) {
  const SmallGame game;
  const auto copies = [&] {
    std::vector<Tensor> list;
    for (const auto& tensors : {game.critic->parameters(), game.moments.first, game.moments.second})
      for (const auto& tensor : tensors) list.push_back(tensor.detach().clone());
    return list;
  };
  const auto before = copies();
  game.slope(game.by_hand({.steps = 3, .learning_rate = .1}, game.moments));
  const auto after = copies();
  for (std::size_t i = 0; i < before.size(); ++i) EXPECT_TRUE(torch::equal(before[i], after[i]));
}

TEST(DenseUnroll, IsTheSameToTheBitForTheSameBatches) {
  const SmallGame game(3, torch::kFloat32);
  const UnrollOptions options{.steps = 5, .learning_rate = .02};
  const auto once = game.by_hand(options, game.moments),
             again = game.by_hand(options, game.moments);
  EXPECT_TRUE(torch::equal(once.loss, again.loss));
  EXPECT_TRUE(torch::equal(game.slope(once), game.slope(again)));
}

TEST(DenseUnroll, SpectralNormalisationGoesThroughTheGraph) {
  SmallGame game;
  Rng init(7);
  const Rng::Scope scope(init);
  game.critic = std::make_shared<DenseCritic>(
      DenseCriticOptions{.inputs = 3, .hidden = 5, .settings = {.spectral_norm = true}});
  game.critic->to(torch::kFloat64);
  expect_equal(game, {.steps = 2, .learning_rate = .02});
}

TEST(DenseUnroll, WeighsWhatComesFromAbove) {
  const SmallGame game;
  const auto once = game.slope(game.by_hand({.steps = 2}));
  const auto thrice = torch::autograd::grad({3 * game.by_hand({.steps = 2}).loss}, {game.fake})[0];
  EXPECT_LT(distance(thrice, 3 * once), 1e-14);
}

TEST(DenseUnroll, RefusesSecondDerivatives) {
  const SmallGame game;
  const auto loss = game.by_hand({.steps = 1}).loss;
  EXPECT_EQ(
      message_of<ConfigError>(
          [&] { torch::autograd::grad({loss}, {game.fake}, {}, true, /*create_graph=*/true); }),
      "[unrolled_loss] the steps by hand have no second derivatives; use unrolled_loss_plain");
}

// Classes beside x are inputs; projection goes through the graph.
TEST(DenseUnroll, TakesTheClassesOfAConditionalCritic) {
  for (const auto label : {CriticLabel::concatenation, CriticLabel::projection}) {
    Rng init(7), rng(4);
    const Rng::Scope scope(init);
    DenseCritic critic({.inputs = 3, .hidden = 5, .settings = {.classes = 2, .label = label}});
    critic.to(torch::kFloat64);
    const auto objective = AdversarialObjective::parse("test", "nonsaturating");
    const auto y = torch::one_hot(rng.integers(2, {6}), 2).to(torch::kFloat64);
    const auto fake = rng.normal({6, 3}).to(torch::kFloat64).requires_grad_();
    const UnrolledBatch batch{rng.normal({6, 3}).to(torch::kFloat64), fake, y};
    const UnrollOptions options{.steps = 3, .learning_rate = .05};
    const auto hand = unrolled_loss(critic, objective, batch, options),
               graph = unrolled_loss_plain(critic, objective, batch, options);
    EXPECT_NEAR(hand.loss.item<double>(), graph.loss.item<double>(), 1e-12);
    const auto a = torch::autograd::grad({hand.loss}, {fake})[0],
               b = torch::autograd::grad({graph.loss}, {fake})[0];
    EXPECT_LT((a - b).norm().item<double>(), 1e-10 * b.norm().item<double>());
  }
}

TEST(DenseUnroll, RefusesBatchesOfAnotherWidth) {
  const SmallGame game;
  const auto wrong = torch::zeros({6, 2}, torch::kFloat64);
  EXPECT_EQ(message_of<ShapeError>([&] {
              unrolled_loss(*game.critic, game.objective, {wrong, game.fake}, {.steps = 1});
            }),
            "[unrolled_loss] real must have shape [*, 3], got [6, 2]");
  EXPECT_EQ(message_of<ShapeError>([&] {
              unrolled_loss(*game.critic, game.objective, {game.real, wrong}, {.steps = 1});
            }),
            "[unrolled_loss] fake must have shape [*, 3], got [6, 2]");
}

}  // namespace
}  // namespace kiln
