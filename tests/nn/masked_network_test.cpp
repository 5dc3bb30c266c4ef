#include "kiln/nn/masked_network.h"

#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>

#include "kiln/core/rng.h"
#include "kiln/prob/ordering.h"

namespace kiln {
namespace {

constexpr std::int64_t kDims = 7, kHidden = 9;

std::vector<std::int64_t> shuffled(std::int64_t dims, std::uint64_t seed) {
  return make_ordering(Ordering::random, {1, 1, dims}, seed);
}

MaskedNetwork random_network(std::int64_t layers, bool direct, MaskedActivation activation,
                             std::uint64_t seed) {
  Rng rng(seed);
  const auto draw = [&](at::IntArrayRef shape) { return rng.normal(shape).to(torch::kDouble); };
  MaskedNetwork network{{}, {}, {}, draw({kDims}), {}, activation};
  for (std::int64_t l = 0; l < layers; ++l) {
    network.weights.push_back(draw({kHidden, l == 0 ? kDims : kHidden}));
    network.biases.push_back(draw({kHidden}));
  }
  if (layers > 0) network.output = draw({kDims, kHidden});
  if (direct) network.direct = draw({kDims, kDims});
  return network;
}

// Paths from each input (column) to each logit (row): the product of all masks.
Tensor path_counts(const Degrees& degrees, bool direct) {
  const auto dims = degrees.layers[0].size(0);
  auto paths = torch::eye(dims, torch::kInt64);
  for (std::size_t l = 1; l < degrees.layers.size(); ++l)
    paths = degrees.hidden_mask(l).dense().to(torch::kInt64).mm(paths);
  paths = degrees.layers.size() > 1 ? degrees.output_mask().dense().to(torch::kInt64).mm(paths)
                                    : torch::zeros_like(paths);
  return direct ? paths + degrees.direct_mask().dense().to(torch::kInt64) : paths;
}

TEST(MaskedNetwork, TheProductOfTheMasksIsStrictlyLowerTriangularInTheOrder) {
  for (const std::int64_t dims : {1, 2, 7, 30}) {
    for (std::int64_t layers = 0; layers <= 4; ++layers) {
      for (std::uint64_t seed = 0; seed < 5; ++seed) {
        const auto degrees = draw_degrees(shuffled(dims, seed), layers, 400, seed);
        const auto in_order = path_counts(degrees, false)
                                  .index_select(0, degrees.order)
                                  .index_select(1, degrees.order);
        EXPECT_EQ(in_order.triu().abs().sum().item<std::int64_t>(), 0) << dims << ", " << layers;
        // 400 units leave no earlier input out of a logit: what may be seen is seen.
        const auto below = torch::ones({dims, dims}, torch::kInt64).tril(-1);
        if (layers == 1 && dims < 10) {
          EXPECT_TRUE(torch::equal(in_order.gt(0).to(torch::kInt64), below));
        }
        EXPECT_TRUE(torch::equal(degrees.direct_mask()
                                     .dense()
                                     .to(torch::kInt64)
                                     .index_select(0, degrees.order)
                                     .index_select(1, degrees.order),
                                 below));
      }
    }
  }
}

TEST(MaskedNetwork, HiddenDegreesAreUniformFromTheSmallestBelowToDMinusOne) {
  const auto degrees = draw_degrees(shuffled(5, 1), 2, 40000, 2);
  EXPECT_TRUE(torch::equal(degrees.layers[0].index_select(0, degrees.order).to(torch::kInt64),
                           torch::arange(1, 6)));
  for (std::size_t l = 1; l <= 2; ++l) {
    const auto counts = torch::bincount(degrees.layers[l]).to(torch::kDouble);
    ASSERT_EQ(counts.size(0), 5);  // 0 .. 4
    EXPECT_EQ(counts[0].item<double>(), 0);
    const auto chi2 = (counts.slice(0, 1) - 10000).square().sum().item<double>() / 10000;
    EXPECT_LT(chi2, 3 + 5 * std::sqrt(6.0));  // mean 3, variance 6
  }
  // Few units: the second layer starts where the first does.
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const auto few = draw_degrees(shuffled(20, 1), 3, 2, seed);
    for (std::size_t l = 2; l <= 3; ++l)
      EXPECT_GE(few.layers[l].min().item<int>(), few.layers[l - 1].min().item<int>());
  }
  EXPECT_FALSE(torch::equal(draw_degrees(shuffled(20, 1), 1, 50, 1).layers[1],
                            draw_degrees(shuffled(20, 1), 1, 50, 2).layers[1]));
}

TEST(MaskedNetwork, TheJacobianIsZeroExactlyWhereNoPathLeads) {
  for (std::int64_t layers = 0; layers <= 3; ++layers) {
    for (const bool direct : {false, true}) {
      const auto degrees = draw_degrees(shuffled(kDims, 3), layers, kHidden, 4);
      const auto network = random_network(layers, direct, MaskedActivation::tanh, 5);
      const auto x = torch::full({1, kDims}, 0.3, torch::kDouble).set_requires_grad(true);
      const auto logits = masked_logits(x, network, degrees);
      const auto paths = path_counts(degrees, direct);
      for (std::int64_t d = 0; d < kDims; ++d) {
        const auto slope = logits.requires_grad() ? torch::autograd::grad({logits[0][d]}, {x}, {},
                                                                          true, false, true)[0]
                                                  : Tensor();
        const auto moved = slope.defined() ? slope[0].ne(0) : torch::zeros({kDims}, torch::kBool);
        EXPECT_TRUE(torch::equal(moved, paths[d].gt(0))) << layers << " layers, logit " << d;
      }
    }
  }
}

TEST(MaskedNetwork, ActivationsAreWhatTheyAreCalled) {
  const auto degrees = draw_degrees({0, 1}, 1, 1, 1);  // one unit, sees input 0, feeds logit 1
  const auto one = torch::ones({1, 1}, torch::kDouble);
  for (const auto& [activation, name] : enum_names(MaskedActivation{})) {
    MaskedNetwork network{{torch::tensor({{2.0, 5.0}}, torch::kDouble)},
                          {torch::tensor({-0.5}, torch::kDouble)},
                          torch::tensor({{3.0}, {4.0}}, torch::kDouble),
                          torch::tensor({0.25, 0.125}, torch::kDouble),
                          {},
                          activation};
    for (const double x : {1.0, 0.0}) {
      const double a = 2 * x - 0.5;
      const double h = activation == MaskedActivation::relu      ? std::max(a, 0.0)
                       : activation == MaskedActivation::sigmoid ? 1 / (1 + std::exp(-a))
                                                                 : std::tanh(a);
      const auto logits = masked_logits(torch::cat({one * x, one}, 1), network, degrees);
      EXPECT_EQ(logits[0][0].item<double>(), 0.25) << name;
      EXPECT_NEAR(logits[0][1].item<double>(), 0.125 + 4 * h, 1e-12) << name;
    }
  }
}

}  // namespace
}  // namespace kiln
