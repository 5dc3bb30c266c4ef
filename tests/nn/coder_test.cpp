#include "kiln/nn/coder.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "kiln/core/error.h"
#include "kiln/core/rng.h"

namespace kiln {
namespace {

CoderOptions conv(std::int64_t channels, std::int64_t height, std::int64_t width) {
  return {.network = CoderNetwork::conv,
          .data_dim = channels * height * width,
          .channels = channels,
          .height = height,
          .width = width,
          .latent = 3,
          .hidden = 8,
          .filters = 4};
}

TEST(Coder, DecoderMirrorsTheEncoderAtEverySize) {
  for (const auto& [height, width] : {std::pair{8, 8}, {12, 20}, {28, 28}, {32, 32}, {64, 64}}) {
    const auto options = conv(2, height, width);
    check_coder("coder", options);
    auto encoder = make_encoder(options);
    auto decoder = make_decoder(options);
    EXPECT_EQ(encoder->forward(torch::ones({5, 2, height, width})).sizes(),
              (at::IntArrayRef{5, 8}));
    EXPECT_EQ(decoder->forward(torch::ones({5, 3})).sizes(),
              (at::IntArrayRef{5, options.data_dim}));
  }
}

// The layers by hand, under the names that PyTorch would give them.
TEST(Coder, DenseNetworksAreTheirLayersInTurn) {
  for (const auto f : {CoderActivation::relu, CoderActivation::tanh}) {
    const CoderOptions options{
        .data_dim = 7, .latent = 3, .hidden = 5, .layers = 2, .activation = f};
    auto decoder = make_decoder(options);
    const auto p = decoder->named_parameters();
    auto h = Rng(1).normal({9, 3});
    const auto y = decoder->forward(h);
    for (const std::string name : {"0", "2"}) {
      const auto a = torch::linear(h, p[name + ".weight"], p[name + ".bias"]);
      h = f == CoderActivation::tanh ? torch::tanh(a) : torch::relu(a);
    }
    const auto wanted = torch::linear(h, p["4.weight"], p["4.bias"]);
    EXPECT_LT(wanted.min().item<double>(), 0);  // nothing bends the end
    EXPECT_TRUE(torch::allclose(y, wanted, 1e-5, 1e-6));
  }
}

TEST(Coder, DenseLayersAreCounted) {
  const CoderOptions options{.data_dim = 7, .latent = 3, .hidden = 5, .layers = 2};
  std::int64_t weights = 0;
  for (const auto& p : make_encoder(options)->parameters()) weights += p.numel();
  EXPECT_EQ(weights, 7 * 5 + 5 + 5 * 5 + 5);
  weights = 0;
  for (const auto& p : make_decoder(options)->parameters()) weights += p.numel();
  EXPECT_EQ(weights, 3 * 5 + 5 + 5 * 5 + 5 + 5 * 7 + 7);
}

TEST(Coder, LastDecoderParameterIsTheOutputBias) {
  EXPECT_EQ(make_decoder(conv(3, 8, 8))->parameters().back().sizes(), (at::IntArrayRef{3}));
  const CoderOptions table{.data_dim = 7, .latent = 3, .hidden = 5};
  EXPECT_EQ(make_decoder(table)->parameters().back().sizes(), (at::IntArrayRef{7}));
}

std::string refusal(const CoderOptions& options) {
  try {
    check_coder("model", options);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Coder, RefusesSizesItCannotTake) {
  EXPECT_EQ(refusal(conv(1, 30, 28)),
            "[model] network conv needs sides that are multiples of 4 from 8 up, got 30x28; read "
            "the images with size=32, or use network dense");
  EXPECT_EQ(refusal(conv(1, 4, 4)),
            "[model] network conv needs sides that are multiples of 4 from 8 up, got 4x4; read the "
            "images with size=32, or use network dense");
  EXPECT_EQ(refusal({.network = CoderNetwork::conv, .data_dim = 6}),
            "[model] network conv needs images, got a table; use network dense");
  EXPECT_EQ(refusal({.data_dim = 9, .channels = 1, .height = 2, .width = 4}),
            "[model] data_dim must be 1 x 2 x 4, got 9");
  EXPECT_EQ(refusal({.data_dim = 1 << 24, .hidden = 8192}),
            "[model] 16777216 inputs times hidden 8192 is more than 268435456 weights; use less of "
            "either");
}

TEST(Coder, TanhIsForDenseLayers) {
  auto options = conv(1, 8, 8);
  options.activation = CoderActivation::tanh;
  EXPECT_EQ(refusal(options),
            "[model] network conv is made of relu layers; use network dense for tanh");
}

TEST(Coder, SeveralOutputsPerNumberAndClassesBesideTheInput) {
  for (auto options : {conv(2, 8, 8), CoderOptions{.data_dim = 7, .latent = 3, .hidden = 8}}) {
    options.outputs = 3, options.classes = 4;
    check_coder("coder", options);
    const auto x = options.channels > 0 ? torch::ones({5, 2, 8, 8}) : torch::ones({5, 7});
    const auto one_hot = torch::one_hot(torch::tensor({0, 1, 2, 3, 0}), 4).to(torch::kFloat);
    const auto h = make_encoder(options)->forward(encoder_input(options, x, one_hot));
    EXPECT_EQ(h.sizes(), (at::IntArrayRef{5, 8}));
    // The same item on another row, which a product may sum in another order.
    EXPECT_TRUE(torch::allclose(h[0], h[4], 1e-5, 1e-6));
    EXPECT_FALSE(torch::allclose(h[0], h[1], 1e-2, 1e-3));
    auto decoder = make_decoder(options);
    EXPECT_EQ(decoder->forward(torch::ones({5, 7})).sizes(),
              (at::IntArrayRef{5, 3 * options.data_dim}));
    EXPECT_EQ(decoder->parameters().back().size(0),
              3 * (options.channels > 0 ? options.channels : options.data_dim));
  }
}

}  // namespace
}  // namespace kiln
