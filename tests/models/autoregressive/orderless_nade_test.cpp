#include "kiln/models/autoregressive/orderless_nade.h"

#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/optim/adam.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "kiln/core/error.h"
#include "tests/support/enumeration.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

void randomise(OrderlessNade& nade, double scale, std::uint64_t seed) {
  torch::NoGradGuard no_grad;
  Rng rng(seed);
  for (auto& p : nade.parameters()) p.copy_(rng.normal(p.sizes()).to(p) * scale);
}

Tensor parameter(OrderlessNade& nade, const std::string& name) {
  return nade.named_parameters()[name];
}

OrderlessNadeOptions image_options(std::int64_t height, std::int64_t width, std::int64_t layers,
                                   std::int64_t ensemble, Ordering ordering = Ordering::zigzag) {
  return {.data_dim = height * width,
          .channels = 1,
          .height = height,
          .width = width,
          .hidden = 8,
          .layers = layers,
          .ensemble = ensemble,
          .ordering = ordering};
}

// log p(x_d | known) of every d by the network, written down anew: [x * m, m] through the layers.
Tensor plain_conditionals(OrderlessNade& nade, std::int64_t layers, const Tensor& x,
                          const Tensor& known) {
  torch::NoGradGuard no_grad;
  auto h = torch::relu(torch::mm(x * known, parameter(nade, "W")) +
                       torch::mm(known, parameter(nade, "U")) + parameter(nade, "c"));
  for (std::int64_t l = 2; l <= layers; ++l) {
    const auto name = "hidden" + std::to_string(l);
    h = torch::relu(torch::mm(h, parameter(nade, name + ".weight").t()) +
                    parameter(nade, name + ".bias"));
  }
  const auto a = torch::mm(h, parameter(nade, "V").t()) + parameter(nade, "b");
  return torch::where(x.eq(1), torch::sigmoid(a), torch::sigmoid(-a)).log();
}

// log p(x | order) as the sum of its steps, every step with a network pass of its own.
Tensor chain(OrderlessNade& nade, std::int64_t layers, const Tensor& x,
             const std::vector<std::int64_t>& order, Tensor known) {
  auto sum = torch::zeros({x.size(0)}, x.options());
  known = known.clone();
  for (const auto d : order) {
    sum += plain_conditionals(nade, layers, x, known).select(1, d);
    known.select(1, d).fill_(1);
  }
  return sum;
}

double total(const Tensor& log_prob) {
  return log_prob.to(torch::kDouble).exp().sum().item<double>();
}

TEST(OrderlessNade, ZeroWeightsMakeEveryImageCostDLog2) {
  OrderlessNade nade({.data_dim = 6, .hidden = 4, .ensemble = 3});
  torch::NoGradGuard no_grad;
  for (auto& p : nade.parameters()) p.zero_();
  EXPECT_LT((nade.log_prob(torch::eye(6)) + 6 * std::log(2.0)).abs().max().item<double>(), 1e-5);
}

TEST(OrderlessNade, EveryOrderAndTheirMeanSumToOne) {
  const auto x = all_states(8);
  for (const std::int64_t layers : {1, 2, 3}) {
    OrderlessNade nade(image_options(2, 4, layers, 4));
    randomise(nade, 1, 3);
    const auto members = nade.log_prob_of_members(x);
    ASSERT_EQ(members.sizes(), (std::vector<std::int64_t>{4, 256}));
    for (std::int64_t s = 0; s < 4; ++s) EXPECT_NEAR(total(members[s]), 1, 1e-5) << s;
    EXPECT_NEAR(total(nade.log_prob(x)), 1, 1e-5);
  }
}

TEST(OrderlessNade, AMemberIsTheChainOfItsOrder) {
  for (const std::int64_t layers : {1, 3}) {
    OrderlessNade nade(image_options(2, 3, layers, 3));
    nade.to(torch::kDouble);
    randomise(nade, 1, 4);
    const auto x = all_states(6).to(torch::kDouble);
    const auto members = nade.log_prob_of_members(x);
    for (std::int64_t s = 0; s < 3; ++s) {
      const auto kind = s == 0 ? Ordering::zigzag : Ordering::random;
      const auto order = make_ordering(kind, {1, 2, 3}, static_cast<std::uint64_t>(1 + s));
      const auto expected = chain(nade, layers, x, order, torch::zeros_like(x));
      EXPECT_LT((members[s] - expected).abs().max().item<double>(), 1e-12) << s;
    }
    EXPECT_GT((members[0] - members[1]).abs().max().item<double>(), 0.1) << "orders must matter";
  }
}

TEST(OrderlessNade, TheMixtureIsTheMeanOfItsMembersAndItsLogNoLessThanTheirMeanLog) {
  OrderlessNade nade(image_options(2, 3, 2, 5));
  randomise(nade, 1, 5);
  const auto x = all_states(6), members = nade.log_prob_of_members(x), log_prob = nade.log_prob(x);
  EXPECT_LT((log_prob - members.exp().mean(0).log()).abs().max().item<double>(), 1e-5);
  EXPECT_GT((log_prob - members.mean(0)).min().item<double>(), 0);
}

TEST(OrderlessNade, ManyRowsAndOrdersAreCutIntoPiecesThatDoNotShow) {
  OrderlessNade nade({.data_dim = 3, .hidden = 1 << 16, .layers = 1, .ensemble = 20});
  randomise(nade, 0.02, 6);
  const auto x = all_states(3).repeat({5, 1});  // 40 rows; 16 of this width go at once
  const auto members = nade.log_prob_of_members(x);
  ASSERT_EQ(members.sizes(), (std::vector<std::int64_t>{20, 40}));
  for (std::int64_t s = 0; s < 20; ++s) {
    const auto order = make_ordering(s == 0 ? Ordering::raster : Ordering::random, {1, 1, 3},
                                     static_cast<std::uint64_t>(1 + s));
    const auto expected = chain(nade, 1, x, order, torch::zeros_like(x));
    EXPECT_LT((members[s] - expected).abs().max().item<double>(), 1e-3) << s;
  }
  const auto uniform = Rng(7).uniform({40, 3});
  const auto whole = nade.draw(uniform);
  ASSERT_EQ(whole.sizes(), uniform.sizes());
  for (const std::int64_t row : {0, 15, 16, 39})
    EXPECT_TRUE(torch::equal(nade.draw(uniform.slice(0, row, row + 1))[0], whole[row]));
  EXPECT_LT((nade.log_conditionals(x).sum(1) - members[0]).abs().max().item<double>(), 1e-3);
}

// E over k and the subset of D/(D-k) * sum over unknown = mean over all D! orders of -log p(x | o).
TEST(OrderlessNade, TheObjectiveIsUnbiasedForTheMeanOverAllOrders) {
  for (const std::int64_t dims : {1, 2, 3, 4}) {
    OrderlessNade nade({.data_dim = dims, .hidden = 5});
    nade.to(torch::kDouble);
    randomise(nade, 1, 8);
    const auto x = all_states(dims).to(torch::kDouble);
    std::vector<std::int64_t> order(static_cast<std::size_t>(dims));
    std::iota(order.begin(), order.end(), std::int64_t{0});
    auto nll = torch::zeros({x.size(0)}, torch::kDouble);
    double orders = 0;
    do {
      nll -= chain(nade, 2, x, order, torch::zeros_like(x));
      ++orders;
    } while (std::next_permutation(order.begin(), order.end()));
    auto expected = torch::zeros_like(nll);
    const auto subsets = all_states(dims);
    for (std::int64_t s = 0; s + 1 < subsets.size(0); ++s) {  // the last one knows everything
      const auto k = subsets[s].sum().item<double>();
      double choose = 1;
      for (double i = 0; i < k; ++i) choose *= (static_cast<double>(dims) - i) / (i + 1);
      expected += nade.objective_of(x, subsets[s].expand_as(x)).detach() /
                  (choose * static_cast<double>(dims));
    }
    EXPECT_LT((expected - nll / orders).abs().max().item<double>(), 1e-10) << dims;
  }
}

// q(r) for r = 4 - k unknown pixels of four: (sqrt r - sqrt(r - 1)) / 2.
TEST(OrderlessNade, KnownSetsFollowTheLawOfTheirSizesAndEachSetOfASizeIsAsLikely) {
  OrderlessNade nade({.data_dim = 4, .hidden = 2});
  Rng rng(9);
  const auto known = nade.random_known(40000, rng).known;
  const auto sizes = all_states(4).slice(0, 0, 15).sum(1);
  const auto choose = torch::where(sizes.eq(2), torch::full({}, 6.0), torch::full({}, 4.0));
  const auto size_law = ((4 - sizes).sqrt() - (3 - sizes).sqrt()) / 2;
  const auto law = size_law / torch::where(sizes.eq(0), torch::ones({}), choose);
  EXPECT_NEAR(law.sum().item<double>(), 1, 1e-6);
  EXPECT_LT(chi_square_excess(state_number(known), law), 5);  // 15 states: never all four
}

TEST(OrderlessNade, SizesOfABatchAreSpreadEvenlyAndTheirWeightsMakeEachSizeCountAlike) {
  OrderlessNade nade({.data_dim = 50, .hidden = 2});
  Rng rng(10);
  auto mass = torch::zeros({51}, torch::kDouble);
  const int batches = 400, rows = 25;
  for (int i = 0; i < batches; ++i) {
    const auto sets = nade.random_known(rows, rng);
    const auto unknown = (50 - sets.known.sum(1)).to(torch::kInt64);
    // A quarter of the batch, give or take the two at its ends, is where u < 1/4: r <= 50 / 16.
    const auto few = unknown.le(3).sum().item<double>();
    const double expected = rows * std::sqrt(3.0 / 50);
    EXPECT_LE(std::abs(few - expected), 2);
    mass.index_add_(0, unknown, sets.weight.to(torch::kDouble));
  }
  mass /= batches * rows;
  EXPECT_EQ(mass[0].item<double>(), 0);
  for (std::int64_t r = 1; r <= 50;
       ++r) {  // each 1 / 50, from draws of probability q, weight 1 / (50 q)
    const auto size = static_cast<double>(r);
    const double q = std::sqrt(size / 50) - std::sqrt((size - 1) / 50);
    EXPECT_NEAR(mass[r].item<double>(), 0.02, 5 * std::sqrt(1 / q / (batches * rows)) / 50) << r;
  }
}

TEST(OrderlessNade, TheLossIsTheMeanObjectiveOverRandomSets) {
  OrderlessNade nade(image_options(2, 3, 2, 1));
  randomise(nade, 1, 10);
  const auto x = all_states(6);
  Rng a(11), b(11);
  const auto loss = nade.players()[0].objective({x.reshape({64, 1, 2, 3}), {}}, a).loss;
  const auto sets = nade.random_known(64, b);
  EXPECT_TRUE(torch::equal(loss, (sets.weight * nade.objective_of(x, sets.known)).mean()));
}

TEST(OrderlessNade, KnownPixelsDoNotEnterTheLossAndUnknownOnesAreNotRead) {
  OrderlessNade nade({.data_dim = 5, .hidden = 4});
  randomise(nade, 1, 12);
  const auto x = all_states(5);
  const auto known = torch::tensor({1.f, 0.f, 0.f, 1.f, 0.f}).expand({32, 5});
  const auto loss = nade.objective_of(x, known).sum();
  const auto gradients =
      torch::autograd::grad({loss}, {parameter(nade, "b"), parameter(nade, "V")});
  EXPECT_TRUE(torch::equal(gradients[0].eq(0), known[0].eq(1)));
  EXPECT_TRUE(torch::equal(gradients[1].abs().sum(1).eq(0), known[0].eq(1)));
  const auto blind = x.masked_fill(known.eq(0), std::numeric_limits<float>::quiet_NaN());
  EXPECT_TRUE(torch::equal(nade.logits(blind, known), nade.logits(x, known)));
}

// An unknown pixel and a known 0 are different things.
TEST(OrderlessNade, AKnownZeroIsNotAnUnknownPixel) {
  OrderlessNade nade({.data_dim = 3, .hidden = 8});
  randomise(nade, 1, 13);
  const auto x = torch::zeros({1, 3});
  const auto one_known = torch::tensor({{1.f, 0.f, 0.f}});
  const auto moved = nade.logits(x, one_known) - nade.logits(x, torch::zeros_like(x));
  EXPECT_GT(moved.abs().max().item<double>(), 0.1);
}

TEST(OrderlessNade, ConditionalsMultiplyToTheDensityAndDrawStepByStep) {
  for (const auto kind : {Ordering::raster, Ordering::random}) {
    OrderlessNade nade(image_options(3, 4, 2, 1, kind));
    randomise(nade, 0.7, 14);
    const auto uniform = Rng(15).uniform({200, 12});
    const auto drawn = nade.draw(uniform);
    const auto sums = nade.log_conditionals(drawn).sum(1);
    EXPECT_LT((sums - nade.log_prob(drawn)).abs().max().item<double>(), 5e-5);
    const auto last = nade.ordering()[11];
    const auto all_but_one = torch::ones({200, 12}).index_fill(1, last.unsqueeze(0), 0);
    const auto d = last.item<std::int64_t>();
    EXPECT_LT((nade.log_conditionals(drawn).select(1, d) -
               plain_conditionals(nade, 2, drawn, all_but_one).select(1, d))
                  .abs()
                  .max()
                  .item<double>(),
              5e-5);

    // Read only where it has been drawn.
    auto x = torch::full({200, 12}, std::numeric_limits<float>::quiet_NaN());
    for (std::int64_t i = 0; i < 12; ++i) {
      const auto next = nade.ordering()[i].item<std::int64_t>();
      x.select(1, next).copy_(nade.draw_one(x, next, uniform.select(1, next)));
    }
    EXPECT_EQ(x.ne(drawn).sum().item<std::int64_t>(), 0);
  }
}

TEST(OrderlessNade, SamplesFollowTheEnumeratedLawOfTheFirstOrder) {
  OrderlessNade nade(image_options(2, 2, 2, 3));
  randomise(nade, 0.5, 16);
  Rng rng(17);
  const auto x = nade.sample({.count = 40000}, rng);
  EXPECT_EQ(x.sizes(), (std::vector<std::int64_t>{40000, 1, 2, 2}));
  const auto law = nade.log_prob_of_members(all_states(4))[0].exp();
  EXPECT_LT(chi_square_excess(state_number(x), law), 5);
  const auto cold = nade.sample({.count = 40000, .temperature = 0.5}, rng);
  EXPECT_GT(chi_square_excess(state_number(cold), law), 50);
}

TEST(OrderlessNade, CompletionsOfAnyPatternFollowTheEnumeratedLawOfTheirChain) {
  OrderlessNade nade(image_options(2, 3, 2, 1));  // zigzag: 0 1 3 4 2 5
  randomise(nade, 0.5, 18);
  const auto x = torch::tensor({1.f, 0.f, 1.f, 0.f, 0.f, 1.f});
  const std::vector<std::pair<Tensor, std::vector<std::int64_t>>> patterns{
      {torch::tensor({0.f, 1.f, 0.f, 1.f, 0.f, 1.f}), {0, 4, 2}},
      {torch::tensor({1.f, 0.f, 1.f, 0.f, 1.f, 0.f}), {1, 3, 5}}};
  std::vector<Tensor> known;
  for (const auto& pattern : patterns) known.push_back(pattern.first.expand({20000, 6}));
  Rng rng(19);
  const auto items = x.expand({40000, 6});
  const auto completed = nade.complete(items, torch::cat(known), rng).reshape({2, 20000, 6});
  for (std::int64_t p = 0; p < 2; ++p) {
    const auto& [mask, unknown] = patterns[static_cast<std::size_t>(p)];
    const auto drawn = completed[p];
    EXPECT_TRUE(torch::equal(drawn * mask, (x * mask).expand_as(drawn)));
    auto states = x.expand({8, 6}).clone();
    const auto columns = torch::tensor(unknown);
    states.index_copy_(1, columns, all_states(3));
    const auto law = chain(nade, 2, states, unknown, mask.expand({8, 6})).exp();
    EXPECT_NEAR(law.sum().item<double>(), 1, 1e-5);
    EXPECT_LT(chi_square_excess(state_number(drawn.index_select(1, columns)), law), 5);
  }
}

TEST(OrderlessNade, CompletingNothingSamplesAndCompletingEverythingCopies) {
  OrderlessNade nade(image_options(3, 4, 2, 1));
  randomise(nade, 1, 20);
  Rng a(21), b(21), c(22);
  const auto x = nade.sample({.count = 9}, a);
  const auto anything = torch::full({9, 1, 3, 4}, std::numeric_limits<float>::quiet_NaN());
  EXPECT_TRUE(torch::equal(nade.complete(anything, torch::zeros_like(x), b), x));
  EXPECT_TRUE(torch::equal(nade.complete(x, torch::ones_like(x), c), x));
}

TEST(OrderlessNade, LearnsTheEntropyOfFourPatternsInEveryOrder) {
  Rng rng(23);
  const auto patterns = torch::tensor(
      {{1.f, 1.f, 0.f, 0.f}, {0.f, 1.f, 1.f, 0.f}, {1.f, 0.f, 1.f, 1.f}, {0.f, 0.f, 0.f, 1.f}});
  OrderlessNade nade({.data_dim = 4, .hidden = 24, .ensemble = 6});
  randomise(nade, 0.4, 24);
  torch::optim::Adam adam(nade.parameters(), torch::optim::AdamOptions(0.01));
  const auto player = nade.players()[0];
  for (int step = 0; step < 1000; ++step) {
    adam.zero_grad();
    player.objective({patterns.repeat({8, 1}), {}}, rng).loss.backward();
    adam.step();
  }
  const auto nll = -nade.log_prob_of_members(patterns).mean(1);
  EXPECT_GT(nll.min().item<double>(), std::log(4.0) - 1e-5) << "no model can beat the entropy";
  EXPECT_LT(nll.max().item<double>(), std::log(4.0) + 0.1);
}

TEST(OrderlessNade, StartingFromDataMakesEveryPixelItsFrequency) {
  OrderlessNade nade(image_options(1, 4, 2, 1));
  {
    torch::NoGradGuard no_grad;
    parameter(nade, "V").zero_();
  }
  const auto mean = torch::tensor({0.25f, 0.5f, 0.0f, 1.0f});
  nade.start_from_data({.mean = mean.reshape({1, 1, 4}), .deviation = {}});
  const auto p = torch::sigmoid(nade.logits(torch::zeros({1, 4}), torch::zeros({1, 4})))[0];
  EXPECT_LT((p - mean.clamp(0.001, 0.999)).abs().max().item<double>(), 1e-6);
}

TEST(OrderlessNade, RefusesWrongShapesValuesAndSettings) {
  OrderlessNade nade(image_options(2, 3, 2, 1));
  Rng rng(25);
  const auto ones = torch::ones({2, 1, 2, 3});
  EXPECT_EQ(message_of<ShapeError>([&] {
              nade.log_prob(torch::zeros({4, 5}));
            }),
            "[orderless_nade.log_prob] x must have shape [*, 6], got [4, 5]");
  EXPECT_EQ(message_of<ShapeError>([&] { nade.complete(ones.slice(0, 0, 1), ones, rng); }),
            "[orderless_nade.complete] x and known must agree, got 1 and 2 images");
  EXPECT_EQ(message_of<ConfigError>([&] { nade.complete(ones * 0.5, ones, rng); }),
            "[orderless_nade.complete] x must be 0 or 1, got 0.5 at sample 0, pixel 0; add "
            "binarize=threshold or binarize=stochastic to the data source");
  EXPECT_EQ(message_of<ConfigError>([&] {
              nade.players()[0].objective({ones * 0.5, {}}, rng);
            }),
            "[orderless_nade.objective] x must be 0 or 1, got 0.5 at sample 0, pixel 0; add "
            "binarize=threshold or binarize=stochastic to the data source");
  EXPECT_EQ(message_of<ConfigError>([&] { nade.sample({.count = 0}, rng); }),
            "[sample] count must be positive, got 0");
  EXPECT_EQ(message_of<ConfigError>([] { OrderlessNade({.layers = 0}); }),
            "[orderless_nade.layers] must be between 1 and 8, got 0");
  EXPECT_EQ(
      message_of<ConfigError>([] { OrderlessNade({.data_dim = 1 << 20, .hidden = 1 << 12}); }),
      "[orderless_nade] 1048576 inputs times hidden 4096 is more than 268435456 weights; use "
      "less of either");
  EXPECT_EQ(message_of<ConfigError>(
                [] { OrderlessNade({.data_dim = 5, .channels = 1, .height = 2, .width = 3}); }),
            "[orderless_nade] data_dim must be channels * height * width = 6, got 5");
}

}  // namespace
}  // namespace kiln
