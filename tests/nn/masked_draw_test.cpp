#include "kiln/nn/masked_draw.h"

#include <gtest/gtest.h>
#include <hwy/targets.h>
#include <torch/types.h>

#include "kiln/core/rng.h"
#include "kiln/prob/ordering.h"

namespace kiln {
namespace {

constexpr std::int64_t kDims = 7, kHidden = 9;

Degrees some_degrees(std::int64_t layers, std::uint64_t seed) {
  return draw_degrees(make_ordering(Ordering::random, {1, 1, kDims}, 6), layers, kHidden, seed);
}

MaskedNetwork random_network(std::int64_t layers, bool direct, MaskedActivation activation,
                             torch::ScalarType type) {
  Rng rng(8);
  const auto draw = [&](at::IntArrayRef shape) { return rng.normal(shape).to(type); };
  MaskedNetwork network{{}, {}, {}, draw({kDims}), {}, activation};
  for (std::int64_t l = 0; l < layers; ++l) {
    network.weights.push_back(draw({kHidden, l == 0 ? kDims : kHidden}));
    network.biases.push_back(draw({kHidden}));
  }
  if (layers > 0) network.output = draw({kDims, kHidden});
  if (direct) network.direct = draw({kDims, kDims});
  return network;
}

// Calls body(network, layers) for every number of layers, activation and kind of connection.
template <class Body>
void for_each_network(torch::ScalarType type, const Body& body) {
  for (std::int64_t layers = 0; layers <= 4; ++layers)
    for (const auto& [activation, name] : enum_names(MaskedActivation{}))
      for (const bool direct : {false, true}) {
        SCOPED_TRACE(std::to_string(layers) + " layers, " + std::string(name));
        body(random_network(layers, direct, activation, type), layers);
      }
}

TEST(MaskedDraw, PlaceByPlaceTheLogitsAreThoseOfOnePass) {
  for_each_network(torch::kDouble, [](const MaskedNetwork& network, std::int64_t layers) {
    const auto degrees = some_degrees(layers, 7);
    Rng rng(9);
    const auto x = rng.bernoulli(torch::full({11, kDims}, 0.5, torch::kDouble));
    const auto expected = masked_logits(x, network, degrees);
    const DegreeOrdered ordered(network, degrees);
    DegreeOrderedPass pass(ordered, 11);
    for (std::int64_t i = 0; i < kDims; ++i) {
      const auto d = degrees.order[i].item<std::int64_t>();
      EXPECT_LT((pass.logit(i) - expected.select(1, d)).abs().max().item<double>(), 1e-12);
      pass.observe(i, x.select(1, d));
    }
  });
}

// A sum in another order can move a probability by 1e-6, so one draw in 10^5 may fall on the other
// side of it; none does with these seeds.
TEST(MaskedDraw, TheKernelDrawsWhatPlainCodeDrawsOnEveryInstructionSet) {
  const auto targets = hwy::SupportedTargets() & (HWY_SCALAR | HWY_SSE4 | HWY_AVX2 | HWY_AVX3);
  for (auto left = targets; left; left &= left - 1) {
    hwy::SetSupportedTargetsForTest(left & -left);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    for_each_network(torch::kFloat32, [](const MaskedNetwork& network, std::int64_t layers) {
      Rng rng(10);
      for (const std::int64_t batch : {64, 150}) {
        const auto uniform = rng.uniform({batch, kDims});
        for (const std::uint64_t sets : {1, 3}) {
          std::vector<DegreeOrdered> members;
          for (std::uint64_t r = 0; r < sets; ++r)
            members.emplace_back(network, some_degrees(layers, r));
          const double temperature = sets == 1 ? 0.5 : 1.0;
          EXPECT_TRUE(torch::equal(draw_masked(members, uniform, temperature),
                                   draw_masked_plain(members, uniform, temperature)));
        }
      }
    });
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

TEST(MaskedDraw, AtTemperatureZeroEveryPixelTakesItsLikelierValue) {
  const auto network = random_network(2, true, MaskedActivation::relu, torch::kFloat32);
  const auto degrees = some_degrees(2, 7);
  const auto x = draw_masked({DegreeOrdered(network, degrees)}, torch::full({3, kDims}, 0.9f), 0);
  EXPECT_TRUE(torch::equal(x, masked_logits(x, network, degrees).gt(0).to(torch::kFloat32)));
}

TEST(MaskedDraw, AHugeBatchHasTheBitsOfItsBlocks) {
  const auto network = random_network(1, true, MaskedActivation::sigmoid, torch::kFloat32);
  const std::vector<DegreeOrdered> sets{DegreeOrdered(network, some_degrees(1, 7))};
  const auto uniform = Rng(11).uniform({1000, kDims});
  const auto whole = draw_masked(sets, uniform, 1);
  for (const std::int64_t row : {0, 63, 64, 999})
    EXPECT_TRUE(torch::equal(draw_masked(sets, uniform.slice(0, row, row + 1), 1)[0], whole[row]));
}

}  // namespace
}  // namespace kiln
