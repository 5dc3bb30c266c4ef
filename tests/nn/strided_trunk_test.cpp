#include "kiln/nn/strided_trunk.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <string>
#include <vector>

#include "kiln/core/rng.h"
#include "kiln/core/tensor.h"

namespace kiln {
namespace {

std::vector<std::string> names_of(const StridedTrunk& trunk) {
  torch::nn::Sequential net;
  push_strided_trunk(net, trunk);
  std::vector<std::string> names;
  for (const auto& entry : net->named_parameters()) names.push_back(entry.key());
  return names;
}

TEST(StridedTrunk, FiltersDoubleUpToTheWidest) {
  EXPECT_EQ(filters_at(3, 0), 3);
  EXPECT_EQ(filters_at(3, 4), 48);
  EXPECT_EQ(filters_at(3, 4, 8), 24);
  torch::nn::Sequential net;
  push_strided_trunk(net, {.channels = 2, .filters = 3, .halvings = 4, .widest = 4});
  EXPECT_EQ(net->forward(torch::zeros({5, 2, 32, 48})).sizes(), (at::IntArrayRef{5, 12, 2, 3}));
}

// Weights of older runs bear these names.
TEST(StridedTrunk, OnlyLayersThatAreNotNormalisedHaveABias) {
  EXPECT_EQ(names_of({.halvings = 2}),
            (std::vector<std::string>{"0.weight", "0.bias", "2.weight", "2.bias"}));
  for (const auto norm : {MapNorm::batch, MapNorm::layer, MapNorm::instance})
    EXPECT_EQ(names_of({.halvings = 2, .norm = norm}),
              (std::vector<std::string>{"0.weight", "0.bias", "2.weight", "3.weight", "3.bias"}));
  EXPECT_EQ(names_of({.halvings = 2, .norm = MapNorm::batch, .first_bias = false}),
            (std::vector<std::string>{"0.weight", "2.weight", "3.weight", "3.bias"}));
}

// Each kind of normalisation by hand, over what it is over.
TEST(StridedTrunk, NormalisesOverWhatItsNameSays) {
  torch::manual_seed(1);
  torch::NoGradGuard no_grad;
  const auto x = Rng(2).normal({3, 2, 8, 8});
  const std::vector<std::pair<MapNorm, std::vector<std::int64_t>>> kinds{
      {MapNorm::batch, {0, 2, 3}}, {MapNorm::layer, {1, 2, 3}}, {MapNorm::instance, {2, 3}}};
  for (const auto& [norm, over] : kinds) {
    torch::nn::Sequential net;
    push_strided_layer(net, {.in = 2, .out = 5, .norm = norm, .slope = .2, .bias = false});
    const auto h = at::conv2d(x, net->named_parameters()["0.weight"], {}, 2, 1);
    const auto mean = h.mean(over, true), variance = h.var(over, false, true);
    const auto y = (h - mean) / (variance + 1e-5).sqrt();
    EXPECT_TRUE(torch::allclose(net->forward(x), torch::where(y > 0, y, .2 * y), 1e-4, 1e-5));
  }
  torch::nn::Sequential plain;
  push_strided_layer(plain, {.in = 2, .out = 5, .stride = 1});
  const auto p = plain->named_parameters();
  EXPECT_TRUE(
      torch::equal(plain->forward(x), at::relu(at::conv2d(x, p["0.weight"], p["0.bias"], 1, 1))));
}

}  // namespace
}  // namespace kiln
