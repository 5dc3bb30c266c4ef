#include "kiln/nn/adversarial/unroll.h"

#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kiln/nn/adversarial/dense_critic.h"
#include "kiln/nn/code_critic.h"

namespace kiln {
namespace {

Tensor number(double x) { return torch::tensor(x, torch::kFloat64).requires_grad_(); }

// f(g, d) of a generator and a critic of one number each; the critic climbs it.
struct Toy {
  Tensor g = number(.7), d = number(-.2);
  std::function<Tensor(const Tensor& g, const Tensor& d)> f;

  Tensor ahead(std::int64_t steps, bool second_order) const {
    const auto theta = unrolled({d}, [&](const std::vector<Tensor>& t) { return -f(g, t[0]); },
                                {.steps = steps,
                                 .rule = InnerRule::sgd,
                                 .learning_rate = .1,
                                 .second_order = second_order});
    return theta[0];
  }
  double slope(std::int64_t steps, bool second_order = true) const {
    const auto value = f(g, ahead(steps, second_order));
    return torch::autograd::grad({value}, {g})[0].item<double>();
  }
};

TEST(Unroll, BilinearToyHasTheClosedForm) {
  const Toy toy{.f = [](const Tensor& g, const Tensor& d) { return g * d; }};
  EXPECT_NEAR(toy.f(toy.g, toy.ahead(3, true)).item<double>(), .007, 1e-15);
  EXPECT_NEAR(toy.slope(3), .22, 1e-15);
  for (const int k : {0, 1, 2, 7}) EXPECT_NEAR(toy.slope(k), -.2 + 2 * k * .1 * .7, 1e-14);
}

TEST(Unroll, ConcaveToyHasTheClosedForm) {
  const Toy toy{.f = [](const Tensor& g, const Tensor& d) { return g * d - d * d; }};
  EXPECT_NEAR(toy.ahead(3, true).item<double>(), .0684, 1e-15);
  EXPECT_NEAR(toy.f(toy.g, toy.ahead(3, true)).item<double>(), .04320144, 1e-14);
  EXPECT_NEAR(toy.slope(3), .2058208, 1e-14);
  EXPECT_NEAR(toy.slope(3, false), .0684, 1e-15);
  EXPECT_NEAR(toy.f(toy.g, toy.ahead(200, true)).item<double>(), .1225, 1e-12);  // max over d
  EXPECT_NEAR(toy.slope(200), .35, 1e-12);  // the envelope: df/dg at the best d = g / 2
}

// A small critic and a linear generator in float64.
struct SmallGame {
  SmallGame() {
    torch::manual_seed(4);
    critic = std::make_shared<DenseCritic>(DenseCriticOptions{.hidden = 6});
    critic->to(torch::kFloat64);
    for (auto& weight : critic->parameters()) weight.detach().add_(torch::randn_like(weight), .05);
    real = torch::randn({7, 2}, torch::kFloat64) + 1;
    z = torch::randn({7, 3}, torch::kFloat64);
    generator = torch::randn({3, 2}, torch::kFloat64).requires_grad_();
  }
  Tensor loss(const UnrollOptions& options, const InnerMoments& moments = {}) const {
    const auto fake = z.mm(generator);
    const auto ahead = unrolled(
        critic->parameters(),
        [&](const std::vector<Tensor>& theta) {
          return critic_log_loss(critic->apply(theta, real), critic->apply(theta, fake));
        },
        options, moments);
    return at::log_sigmoid(-critic->apply(ahead, fake)).mean();
  }
  Tensor slope(const UnrollOptions& options, const InnerMoments& moments = {}) const {
    return torch::autograd::grad({loss(options, moments)}, {generator})[0];
  }
  Tensor finite_differences(const UnrollOptions& options, const InnerMoments& moments = {}) {
    const double h = 1e-6;
    auto result = torch::empty_like(generator);
    for (std::int64_t i = 0; i < generator.numel(); ++i) {
      double side[2];
      for (const int s : {0, 1}) {
        torch::NoGradGuard no_grad;
        generator.view(-1)[i] += s ? h : -h;
        {
          const torch::AutoGradMode grad(true);
          side[s] = loss(options, moments).item<double>();
        }
        generator.view(-1)[i] -= s ? h : -h;
      }
      result.view(-1)[i] = (side[1] - side[0]) / (2 * h);
    }
    return result.detach();
  }
  InnerMoments held() const {
    InnerMoments moments{.count = 3};
    for (const auto& weight : critic->parameters()) {
      moments.first.push_back(.01 * torch::randn_like(weight.detach()));
      moments.second.push_back(1e-4 * torch::rand_like(weight.detach()) + 1e-5);
    }
    return moments;
  }
  std::shared_ptr<DenseCritic> critic;
  Tensor real, z, generator;
};

TEST(Unroll, NoStepsIsThePlainGradientToTheBit) {
  const SmallGame game;
  const auto fake = game.z.mm(game.generator);
  const auto plain = torch::autograd::grad({at::log_sigmoid(-game.critic->forward(fake)).mean()},
                                           {game.generator})[0];
  EXPECT_TRUE(torch::equal(game.slope({.steps = 0}), plain));
}

TEST(Unroll, GradientIsThatOfFiniteDifferences) {
  SmallGame game;
  for (const auto rule : {InnerRule::sgd, InnerRule::adam})
    for (const std::int64_t steps : {1, 3}) {
      const UnrollOptions options{.steps = steps, .rule = rule, .learning_rate = .05};
      const auto moments = rule == InnerRule::adam ? game.held() : InnerMoments{};
      const auto exact = game.slope(options, moments);
      const auto numeric = game.finite_differences(options, moments);
      EXPECT_LT((exact - numeric).norm().item<double>(), 1e-5 * numeric.norm().item<double>())
          << "K = " << steps;
      auto first = options;
      first.second_order = false;
      EXPECT_GT((game.slope(first, moments) - numeric).norm().item<double>(),
                1e-3 * numeric.norm().item<double>());
    }
}

TEST(Unroll, FirstOrderTakesTheCriticAheadAsItIs) {
  const SmallGame game;
  const UnrollOptions options{.steps = 4, .learning_rate = .05, .second_order = false};
  const auto fake = game.z.mm(game.generator).detach();
  const auto ahead = unrolled(
      game.critic->parameters(),
      [&](const std::vector<Tensor>& theta) {
        return critic_log_loss(game.critic->apply(theta, game.real),
                               game.critic->apply(theta, fake));
      },
      options);
  const auto value = at::log_sigmoid(-game.critic->apply(ahead, game.z.mm(game.generator))).mean();
  EXPECT_TRUE(torch::allclose(game.slope(options),
                              torch::autograd::grad({value}, {game.generator})[0], 1e-12));
}

TEST(Unroll, LeavesTheCriticAsItWasAndSaysItsFirstGradient) {
  const SmallGame game;
  std::vector<Tensor> before, slopes;
  for (const auto& weight : game.critic->parameters()) before.push_back(weight.detach().clone());
  const auto loss = [&](const std::vector<Tensor>& theta) {
    return critic_log_loss(game.critic->apply(theta, game.real),
                           game.critic->apply(theta, game.z.mm(game.generator)));
  };
  unrolled(game.critic->parameters(), loss, {.steps = 3, .learning_rate = .1}, {}, &slopes);
  const auto after = game.critic->parameters();
  const auto plain = torch::autograd::grad({loss(after)}, after);
  for (std::size_t i = 0; i < before.size(); ++i) {
    EXPECT_TRUE(torch::equal(before[i], after[i]));
    EXPECT_TRUE(torch::equal(slopes[i], plain[i]));
  }
}

// Two steps of Adam by hand on loss = d^2 / 2, whose gradient is d.
TEST(Unroll, AdamIsAdam) {
  const auto d = number(2);
  const auto theta = unrolled(
      {d}, [](const std::vector<Tensor>& t) { return t[0] * t[0] / 2; },
      {.steps = 2, .rule = InnerRule::adam, .learning_rate = .1, .beta1 = .5, .beta2 = .9});
  const double first = 2 - .1;  // the first step has length 1
  const double m = .5 * (.5 * 2) + .5 * first, v = .9 * (.1 * 4) + .1 * first * first;
  EXPECT_NEAR(theta[0].item<double>(), first - .1 * (m / (1 - .25)) / std::sqrt(v / (1 - .81)),
              1e-12);
}

}  // namespace
}  // namespace kiln
