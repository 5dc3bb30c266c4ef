#include "kiln/train/optimizer.h"

#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/optim/adam.h>
#include <torch/optim/rmsprop.h>
#include <torch/optim/sgd.h>
#include <torch/types.h>

#include "kiln/train/ema.h"
#include "kiln/train/schedule.h"
#include "kiln/train/train_options.h"

namespace kiln {
namespace {

// Twenty updates on a quadratic by Kiln's rule and by LibTorch's optimizer.
template <class TorchOptimizer, class TorchOptions>
double difference(const OptimizerOptions& options, const TorchOptions& reference,
                  bool channels_last = false) {
  auto start = torch::randn({3, 4, 5, 6}, torch::kFloat64);
  if (channels_last) start = start.contiguous(at::MemoryFormat::ChannelsLast);
  auto ours = start.clone().requires_grad_(true);
  auto theirs = start.clone().requires_grad_(true);
  const auto loss = [](const Tensor& p) { return (p.pow(4) + p.sin()).sum(); };
  Optimizer optimizer({{"p", ours}}, options);
  TorchOptimizer torch_optimizer(std::vector<Tensor>{theirs}, reference);
  for (int i = 0; i < 20; ++i) {
    optimizer.step({torch::autograd::grad({loss(ours)}, {ours})[0]}, options.learning_rate);
    torch_optimizer.zero_grad();
    loss(theirs).backward();
    torch_optimizer.step();
  }
  return (ours - theirs).abs().max().template item<double>();
}

TEST(Optimizer, AdamEqualsLibTorchs) {
  const OptimizerOptions o{.kind = OptimizerKind::adam,
                           .learning_rate = 0.01,
                           .beta1 = 0.8,
                           .beta2 = 0.9,
                           .epsilon = 1e-6,
                           .weight_decay = 0.1};
  const auto reference =
      torch::optim::AdamOptions(0.01).betas({0.8, 0.9}).eps(1e-6).weight_decay(0.1);
  EXPECT_LT((difference<torch::optim::Adam>(o, reference)), 1e-12);
  EXPECT_LT((difference<torch::optim::Adam>(o, reference, true)), 1e-12);
}

// As LibTorch counts them: a parameter whose gradient begins late starts with its first update.
TEST(Optimizer, EveryParameterCountsItsOwnUpdates) {
  const auto start = torch::randn({2, 5}, torch::kFloat64);
  auto a = start[0].clone(), b = start[1].clone();
  auto ta = start[0].clone().requires_grad_(true), tb = start[1].clone().requires_grad_(true);
  Optimizer optimizer({{"a", a}, {"b", b}}, {.learning_rate = .01});
  torch::optim::Adam reference(std::vector<Tensor>{ta, tb}, torch::optim::AdamOptions(.01));
  for (int i = 0; i < 12; ++i) {
    const auto gradient = torch::randn({5}, torch::kFloat64);
    const bool both = i >= 5 && i != 8;
    optimizer.step({gradient, both ? gradient : Tensor()}, .01);
    ta.mutable_grad() = gradient;
    tb.mutable_grad() = both ? gradient : Tensor();
    reference.step();
  }
  EXPECT_LT((a - ta).abs().max().item<double>(), 1e-12);
  EXPECT_LT((b - tb).abs().max().item<double>(), 1e-12);
  EXPECT_EQ(optimizer.missed(), (std::map<std::string, std::int64_t>{{"b", 6}}));
  Optimizer again({{"a", a}, {"b", b}}, {});
  again.set_steps(12, optimizer.missed());
  EXPECT_EQ(again.missed(), optimizer.missed());
}

// A graph of weights that have moved since would give wrong gradients in silence.
TEST(Optimizer, AGraphFromBeforeTheUpdateCannotBeUsed) {
  for (const auto type : {torch::kFloat32, torch::kFloat64}) {
    auto p = torch::randn({3}, type).requires_grad_(true);
    const auto loss = (p * p).sum();
    Optimizer optimizer({{"p", p}}, {});
    optimizer.step({torch::ones({3}, type)}, .1);
    EXPECT_THROW(torch::autograd::grad({loss}, {p}), c10::Error);
  }
}

TEST(Optimizer, SgdWithMomentumEqualsLibTorchs) {
  const OptimizerOptions o{
      .kind = OptimizerKind::sgd, .learning_rate = 0.003, .momentum = 0.7, .weight_decay = 0.2};
  EXPECT_LT((difference<torch::optim::SGD>(
                o, torch::optim::SGDOptions(0.003).momentum(0.7).weight_decay(0.2))),
            1e-12);
}

TEST(Optimizer, RmspropEqualsLibTorchs) {
  const OptimizerOptions o{.kind = OptimizerKind::rmsprop,
                           .learning_rate = 0.01,
                           .beta2 = 0.95,
                           .epsilon = 1e-7,
                           .weight_decay = 0.05};
  EXPECT_LT((difference<torch::optim::RMSprop>(
                o, torch::optim::RMSpropOptions(0.01).alpha(0.95).eps(1e-7).weight_decay(0.05))),
            1e-12);
}

TEST(Optimizer, StridedParametersTakeTheTensorPathToTheSameValues) {
  for (const auto kind : {OptimizerKind::adam, OptimizerKind::sgd, OptimizerKind::rmsprop}) {
    const OptimizerOptions o{
        .kind = kind, .learning_rate = 0.01, .momentum = 0.3, .weight_decay = 0.1};
    const auto wide = torch::randn({6, 8}, torch::kFloat64);
    auto strided = wide.clone().slice(1, 0, 8, 2);
    auto dense = strided.clone();
    Optimizer a({{"p", strided}}, o), b({{"p", dense}}, o);
    for (int i = 0; i < 5; ++i) {
      const auto g = torch::randn({6, 4}, torch::kFloat64);
      a.step({g}, 0.01);
      b.step({g}, 0.01);
    }
    EXPECT_LT((strided - dense).abs().max().item<double>(), 1e-14);
  }
}

TEST(Optimizer, AnUndefinedGradientLeavesItsParameterAlone) {
  const auto p = torch::ones({3});
  Optimizer optimizer({{"p", p}}, {});
  optimizer.step({Tensor()}, 0.1);
  EXPECT_TRUE(torch::equal(p, torch::ones({3})));
}

TEST(Schedule, EachKindHasItsClosedForm) {
  const ScheduleOptions cosine{.kind = Schedule::cosine, .total_steps = 100};
  EXPECT_DOUBLE_EQ(schedule_factor(cosine, 0), 1);
  EXPECT_NEAR(schedule_factor(cosine, 50), 0.5, 1e-12);
  EXPECT_NEAR(schedule_factor(cosine, 25), 0.5 + std::sqrt(0.5) / 2, 1e-12);
  EXPECT_NEAR(schedule_factor(cosine, 100), 0, 1e-12);
  EXPECT_DOUBLE_EQ(schedule_factor({.kind = Schedule::linear, .total_steps = 80}, 20), 0.75);
  const ScheduleOptions drops{
      .kind = Schedule::step, .total_steps = 100, .step_every = 10, .step_factor = 0.5};
  EXPECT_DOUBLE_EQ(schedule_factor(drops, 9), 1);
  EXPECT_DOUBLE_EQ(schedule_factor(drops, 10), 0.5);
  EXPECT_DOUBLE_EQ(schedule_factor(drops, 35), 0.125);
  const ScheduleOptions warm{.kind = Schedule::linear, .total_steps = 110, .warmup_steps = 10};
  EXPECT_DOUBLE_EQ(schedule_factor(warm, 0), 0.1);
  EXPECT_DOUBLE_EQ(schedule_factor(warm, 9), 1);
  EXPECT_DOUBLE_EQ(schedule_factor(warm, 60), 0.5);
}

TEST(Schedule, HoldsBeforeItFalls) {
  ScheduleOptions held{.kind = Schedule::linear, .total_steps = 200, .hold = .5};
  EXPECT_DOUBLE_EQ(schedule_factor(held, 0), 1);
  EXPECT_DOUBLE_EQ(schedule_factor(held, 100), 1);
  EXPECT_DOUBLE_EQ(schedule_factor(held, 125), .75);
  EXPECT_DOUBLE_EQ(schedule_factor(held, 200), 0);
  held.warmup_steps = 120;  // the later of both
  EXPECT_DOUBLE_EQ(schedule_factor(held, 59), .5);
  EXPECT_DOUBLE_EQ(schedule_factor(held, 160), .5);
  held = {.kind = Schedule::cosine, .total_steps = 200, .hold = .5};
  EXPECT_DOUBLE_EQ(schedule_factor(held, 100), 1);
  EXPECT_NEAR(schedule_factor(held, 150), .5, 1e-12);
  const ScheduleOptions drops{
      .kind = Schedule::step, .total_steps = 200, .hold = .5, .step_every = 10};
  EXPECT_DOUBLE_EQ(schedule_factor(drops, 10), .5) << "steps fall when they say";
}

TEST(Ema, FollowsItsRecursionAndSwapsBack) {
  auto p = torch::zeros({2});
  Ema ema({{"p", p}}, 0.9);
  double expected = 0;
  for (int t = 0; t < 200; ++t) {
    p.fill_(t);
    ema.update();
    const double decay = std::min(0.9, (1.0 + t) / (10.0 + t));
    expected = decay * expected + (1 - decay) * t;
  }
  {
    Ema::Scope scope(&ema);
    EXPECT_NEAR(p[0].item<double>(), expected, 1e-3);
    EXPECT_NEAR(p[0].item<double>(), 199 - 9, 0.01);  // lags by decay / (1 - decay) behind a ramp
  }
  EXPECT_EQ(p[0].item<double>(), 199);
}

TEST(TrainOptions, FlagsOverrideThePlayersOwnOptimizer) {
  TrainOptions options;
  assign("train", options, {{"optimizer", "sgd"}, {"learning_rate", "0.5"}, {"momentum", "0.25"}});
  const auto merged = override_optimizer({.learning_rate = 0.1, .beta1 = 0.5}, options);
  EXPECT_EQ(merged.kind, OptimizerKind::sgd);
  EXPECT_EQ(merged.learning_rate, 0.5);
  EXPECT_EQ(merged.momentum, 0.25);
  EXPECT_EQ(merged.beta1, 0.5);
}

}  // namespace
}  // namespace kiln
