#include "kiln/models/latent/autoencoder.h"

#include <gtest/gtest.h>
#include <torch/optim/adam.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>

#include "tests/support/refusal.h"

namespace kiln {
namespace {

Tensor numbers(std::vector<double> values) { return torch::tensor(values, torch::kDouble); }

std::shared_ptr<Autoencoder> in_float64(const AutoencoderOptions& options) {
  Rng init(4);
  Rng::Scope scope(init);
  auto model = std::make_shared<Autoencoder>(options);
  model->to(torch::kDouble);
  return model;
}

void set_zero(Autoencoder& model) {
  torch::NoGradGuard no_grad;
  for (auto& p : model.parameters()) p.zero_();
}

// Newton's method would do; full-batch Adam with a falling rate is enough.
void train(Autoencoder& model, const std::function<Tensor(Rng&)>& batch, int steps, double rate) {
  torch::optim::Adam optimizer(model.parameters(), torch::optim::AdamOptions(rate));
  const auto player = model.players()[0];
  Rng rng(5);
  for (int step = 0; step < steps; ++step) {
    const double factor = .5 * (1 + std::cos(M_PI * step / steps));
    static_cast<torch::optim::AdamOptions&>(optimizer.param_groups()[0].options())
        .lr(rate * factor);
    optimizer.zero_grad();
    player.objective({batch(rng), {}}, rng).loss.backward();
    optimizer.step();
  }
}

// ---- Values known by hand

TEST(Autoencoder, SquaredErrorIsSummedOverNumbersAndAveragedOverItems) {
  const auto model = in_float64({.data_dim = 3, .latent = 2, .hidden = 4});
  set_zero(*model);  // everything decodes to 0
  const auto x = numbers({1, 2, 3, 0, 0, 2}).view({2, 3});
  EXPECT_TRUE(torch::allclose(model->error(x, x), numbers({14, 4})));
  Rng rng(1);
  EXPECT_EQ(model->players()[0].objective({x, {}}, rng).loss.item<double>(), 9);
  EXPECT_EQ(model->values(), Values::real);
}

TEST(Autoencoder, ImagesDecodeIntoTheUnitInterval) {
  const auto model =
      in_float64({.data_dim = 4, .channels = 1, .height = 2, .width = 2, .latent = 2, .hidden = 4});
  set_zero(*model);  // a sigmoid of 0
  const auto x = numbers({1, .5, .25, 0}).view({1, 1, 2, 2});
  EXPECT_NEAR(model->error(x, x).item<double>(), .25 + .0625 + .25, 1e-12);
  EXPECT_EQ(model->values(), Values::unit);
  EXPECT_EQ(model->decode_mean(torch::zeros({5, 2}, torch::kDouble)).sizes(),
            (at::IntArrayRef{5, 1, 2, 2}));
}

TEST(Autoencoder, BernoulliLossIsTheCrossEntropy) {
  const auto model =
      in_float64({.data_dim = 2, .latent = 1, .hidden = 2, .loss = CodeLoss::bernoulli});
  set_zero(*model);
  {
    torch::NoGradGuard no_grad;
    model->named_parameters()["network.decoder.4.bias"].copy_(numbers({std::log(3.), 0}));
  }
  const auto x = numbers({.25, 1}).view({1, 2});  // means 3/4 and 1/2
  const double wanted = -(.25 * std::log(.75) + .75 * std::log(.25)) - std::log(.5);
  EXPECT_NEAR(model->error(x, x).item<double>(), wanted, 1e-12);
  EXPECT_TRUE(torch::allclose(model->decode_mean(torch::zeros({1, 1}, torch::kDouble)),
                              numbers({.75, .5})));
  EXPECT_EQ(model->values(), Values::unit);
}

TEST(Autoencoder, StartsAtTheMeanOfTheData) {
  const auto image =
      in_float64({.data_dim = 4, .channels = 1, .height = 2, .width = 2, .latent = 2, .hidden = 4});
  set_zero(*image);
  const auto mean = numbers({0, .25, .5, 1}).view({1, 2, 2});
  image->start_from_data({.mean = mean, .deviation = {}});
  EXPECT_TRUE(torch::allclose(image->decode_mean(torch::zeros({1, 2}, torch::kDouble))[0],
                              mean.clamp(.001, .999)));
  const auto table = in_float64({.data_dim = 2, .latent = 1, .layers = 0});
  set_zero(*table);
  table->start_from_data({.mean = numbers({-3, 8}), .deviation = {}});
  EXPECT_TRUE(
      torch::allclose(table->decode_mean(torch::zeros({1, 1}, torch::kDouble)), numbers({-3, 8})));
}

// ---- Laws

// Baldi & Hornik 1989: the least error of a linear autoencoder is that of the J leading principal
// components, and its decoder spans them.
TEST(Autoencoder, LinearOneSpansThePrincipalSubspace) {
  Rng rng(6);
  const auto scales = numbers({3, 2, 1, .5, .25});
  const auto turn = std::get<0>(torch::linalg_qr(rng.normal({5, 5}).to(torch::kDouble)));
  const auto x =
      (rng.normal({200, 5}).to(torch::kDouble) * scales).mm(turn) + numbers({1, -2, 0, 3, 0});
  const auto model = in_float64({.data_dim = 5, .latent = 2, .layers = 0});
  model->start_from_data({.mean = x.mean(0), .deviation = {}});
  train(
      *model, [&](Rng&) { return x; }, 2500, .03);

  const auto [u, s, vh] = torch::linalg_svd(x - x.mean(0), false);
  const double least = s.slice(0, 2).square().sum().item<double>() / 200;
  EXPECT_NEAR(model->error(x, x).mean().item<double>(), least, 1e-4 * least);
  const auto weights = model->named_parameters()["network.decoder.0.weight"];  // [5, 2]
  const auto own = std::get<0>(torch::linalg_qr(weights));
  const auto principal = vh.slice(0, 0, 2).t();
  EXPECT_LT((own.mm(own.t()) - principal.mm(principal.t())).abs().max().item<double>(), .01);
}

// Alain & Bengio 2014: r*(x~) = E[x | x~] = x~ v / (v + s^2) for x ~ N(0, v).
TEST(Autoencoder, DenoisingGaussianDataShrinksByTheShareOfTheirVariance) {
  const double v = 4, s = 1.5;
  const auto model = in_float64(
      {.data_dim = 1, .latent = 1, .layers = 0, .denoise = Denoise::gaussian, .noise = s});
  train(
      *model,
      [&](Rng& rng) {
        return std::sqrt(v) * rng.normal({4000, 1}).to(torch::kDouble);
      },
      800, .03);
  const auto r = [&](double x) {
    return model->decode_mean(model->encode_mean(numbers({x}).view({1, 1}))).item<double>();
  };
  EXPECT_NEAR(r(1) - r(0), v / (v + s * s), .02);  // without noise it would be 1
  EXPECT_NEAR(r(0), 0, .02);
}

TEST(Autoencoder, CorruptionHasItsLevelAndLeavesTheTargetClean) {
  const auto x = torch::full({200, 100}, 2., torch::kDouble);
  Rng rng(7);
  Autoencoder mask(
      {.data_dim = 100, .latent = 1, .hidden = 2, .denoise = Denoise::mask, .noise = .1});
  const auto masked = mask.corrupt(x, rng);
  EXPECT_TRUE(((masked == 0) | (masked == 2)).all().item<bool>());
  EXPECT_NEAR((masked == 0).to(torch::kDouble).mean().item<double>(), .1,
              5 * std::sqrt(.1 * .9 / 20000));
  Autoencoder usual({.data_dim = 100, .latent = 1, .hidden = 2, .denoise = Denoise::mask});
  EXPECT_NEAR((usual.corrupt(x, rng) == 0).to(torch::kDouble).mean().item<double>(), .25,
              5 * std::sqrt(.25 * .75 / 20000));
  Autoencoder gaussian(
      {.data_dim = 100, .latent = 1, .hidden = 2, .denoise = Denoise::gaussian, .noise = .5});
  const auto off = gaussian.corrupt(x, rng) - x;
  EXPECT_NEAR(off.square().mean().item<double>(), .25, 5 * .25 * std::sqrt(2 / 20000.));
  Autoencoder none({.data_dim = 100, .latent = 1, .hidden = 2});
  EXPECT_TRUE(torch::equal(none.corrupt(x, rng), x));
  // A network that gives 0: the error is that of the clean x.
  auto zero = in_float64({.data_dim = 100, .latent = 1, .hidden = 2, .denoise = Denoise::mask});
  set_zero(*zero);
  EXPECT_NEAR(zero->players()[0].objective({x, {}}, rng).loss.item<double>(), 400, 1e-9);
}

TEST(Autoencoder, EveryCodeBelongsToItsItemAlone) {
  for (const auto network : {CoderNetwork::dense, CoderNetwork::conv}) {
    const auto model = in_float64({.data_dim = 64,
                                   .channels = 1,
                                   .height = 8,
                                   .width = 8,
                                   .latent = 3,
                                   .network = network,
                                   .hidden = 8,
                                   .filters = 2});
    Rng rng(8);
    const auto x = rng.uniform({4, 1, 8, 8}).to(torch::kDouble);
    const auto codes = model->encode_mean(x);
    EXPECT_EQ(codes.sizes(), (at::IntArrayRef{4, 3}));
    EXPECT_EQ(model->decode_mean(codes).sizes(), x.sizes());
    EXPECT_TRUE(torch::allclose(model->encode_mean(x.narrow(0, 2, 1)), codes.narrow(0, 2, 1)));
  }
}

// ---- Refusals

TEST(Autoencoder, RefusesOptionsThatWouldDoNothing) {
  EXPECT_EQ(message_of([] { Autoencoder({.data_dim = 4, .noise = .1}); }),
            "[autoencoder.noise] nothing is spoilt; use denoise mask or gaussian");
  EXPECT_EQ(message_of([] { Autoencoder({.data_dim = 4, .denoise = Denoise::mask, .noise = 1.}); }),
            "[autoencoder.noise] a share of zeros must be below 1, got 1");
  EXPECT_EQ(message_of([] {
              Autoencoder({.data_dim = 64,
                           .channels = 1,
                           .height = 8,
                           .width = 8,
                           .network = CoderNetwork::conv,
                           .layers = 0});
            }),
            "[autoencoder] layers 0 is a linear network; use network dense");
  Autoencoder model({.data_dim = 4, .latent = 2, .hidden = 3});
  EXPECT_EQ(message_of([&] {
              model.encode_mean(torch::zeros({2, 5}));
            }),
            "[autoencoder.encode] x must have shape [*, 4], got [2, 5]");
  EXPECT_EQ(message_of([&] {
              model.decode_mean(torch::zeros({2, 3}));
            }),
            "[autoencoder.decode] z must have shape [*, 2], got [2, 3]");
}

TEST(Autoencoder, HasCodesAndNoLawOfCodes) {
  EXPECT_EQ(capabilities(Autoencoder({.data_dim = 4})),
            (std::vector<std::string>{"encoder", "decoder"}));
}

}  // namespace
}  // namespace kiln
