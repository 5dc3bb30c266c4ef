#include "kiln/models/autoregressive/pixel_cnn_pp.h"

#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kiln/core/error.h"
#include "tests/models/autoregressive/pixel_field.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

OptionMap small(const OptionMap& more) {
  return with({{"maps", "4"},
               {"components", "2"},
               {"blocks", "1"},
               {"resolutions", "2"},
               {"height", "4"},
               {"width", "4"}},
              more);
}

TEST(PixelCnnPp, ProbabilitiesOfAllPicturesAddUpToOne) {
  torch::NoGradGuard no_grad;
  auto grey =
      pixel_model("pixel_cnn_pp", small({{"height", "2"}, {"width", "2"}, {"states", "5"}}));
  EXPECT_NEAR(
      grey->log_prob(all_pictures(5, 1, 2, 2)).to(torch::kDouble).exp().sum().item<double>(), 1,
      1e-5);
  auto colour = pixel_model(
      "pixel_cnn_pp", small({{"height", "2"}, {"width", "2"}, {"channels", "3"}, {"states", "2"}}));
  EXPECT_NEAR(
      colour->log_prob(all_pictures(2, 3, 2, 2)).to(torch::kDouble).exp().sum().item<double>(), 1,
      1e-5);
}

TEST(PixelCnnPp, CachedDrawsEqualNaiveDraws) {
  torch::NoGradGuard no_grad;
  Rng rng(6);
  for (const auto& options :
       {small({{"states", "16"}}),
        small({{"resolutions", "3"}, {"states", "256"}, {"height", "8"}}),
        small({{"resolutions", "1"}, {"height", "3"}, {"width", "5"}, {"blocks", "2"}}),
        small({{"channels", "3"},
               {"states", "9"},
               {"width", "6"},
               {"blocks", "2"},
               {"condition", "label"},
               {"classes", "3"},
               {"ordering", "serpentine"}})}) {
    auto model = pixel_model("pixel_cnn_pp", options);
    const auto dims = model->ordering().size(0);
    const Batch uniform{rng.uniform({5, dims}), torch::arange(5).remainder(3)};
    const auto cached = model->draw(uniform);
    EXPECT_TRUE(torch::equal(cached, naive_draw(*model, uniform))) << dims;
    EXPECT_GT(cached.std().item<double>(), 0.1);
  }
}

TEST(PixelCnnPp, DrawsAreTheSameInFloat64AloneAndGoingOnFromWhatIsKnown) {
  torch::NoGradGuard no_grad;
  Rng rng(8), again(8);
  auto model = pixel_model("pixel_cnn_pp", small({{"states", "16"}}));
  const auto uniform = rng.uniform({40, 16});
  const auto drawn = model->draw(uniform);
  for (const std::int64_t n : {0, 17, 39})
    EXPECT_TRUE(torch::equal(model->draw(uniform.narrow(0, n, 1)), drawn.narrow(0, n, 1)));
  auto known = torch::zeros({40, 16});
  known.slice(1, 0, 6).fill_(1);
  EXPECT_TRUE(torch::equal(model->complete(drawn, known, again).flatten(1), drawn));
  model->to(torch::kDouble);
  EXPECT_TRUE(torch::equal(model->draw(uniform).to(torch::kFloat32), drawn));
}

// The outputs at a pixel move with every pixel before it that the kernels reach, and with no other.
TEST(PixelCnnPp, SeesEveryPixelBefore) {
  auto model = pixel_model("pixel_cnn_pp", {{"maps", "6"},
                                            {"components", "2"},
                                            {"blocks", "3"},
                                            {"resolutions", "3"},
                                            {"height", "12"},
                                            {"width", "12"},
                                            {"states", "4"}});
  model->to(torch::kDouble);
  Rng rng(2);
  for (const auto& [row, column] : Pixels{{0, 0}, {0, 5}, {3, 0}, {6, 7}, {11, 2}, {11, 11}}) {
    const auto x = rng.integers(4, {1, 1, 12, 12}).to(torch::kDouble).set_requires_grad(true);
    const auto outputs = model->logits(x)[0].select(1, row).select(1, column);
    const auto slope =
        torch::autograd::grad({(outputs * rng.normal(outputs.sizes())).sum()}, {x})[0].flatten();
    const auto place = row * 12 + column;
    EXPECT_TRUE(slope.slice(0, place).eq(0).all().item<bool>()) << row << " " << column;
    EXPECT_TRUE(slope.slice(0, 0, place).ne(0).all().item<bool>())
        << row << " " << column << " misses " << slope.slice(0, 0, place).eq(0).nonzero().flatten();
  }
}

// V, g and b of the authors' network for 32 x 32 colours.
TEST(PixelCnnPp, HasThePapersNumberOfWeights) {
  const auto weights = [](const OptionMap& more) {
    const auto model = pixel_model("pixel_cnn_pp", with({{"maps", "160"},
                                                         {"components", "10"},
                                                         {"blocks", "5"},
                                                         {"resolutions", "3"},
                                                         {"channels", "3"},
                                                         {"height", "32"},
                                                         {"width", "32"},
                                                         {"states", "256"}},
                                                        more));
    std::int64_t count = 0;
    for (const auto& p : model->parameters()) count += p.numel();
    return count;
  };
  const auto plain = weights({});
  EXPECT_EQ(plain, 53659080);
  EXPECT_EQ(weights({{"condition", "label"}, {"classes", "10"}}), plain + 204800);
}

TEST(PixelCnnPp, TheFirstRoundGivesEveryConvolutionMeanZeroAndUnitDeviation) {
  torch::NoGradGuard no_grad;
  ShiftedConv conv(ShiftedConvOptions{.in = 3, .out = 5, .kernel = {2, 3, -1, -1}, .scale = .1});
  Rng rng(4);
  const auto x = rng.normal({8, 3, 6, 6}) * 3 + 2;
  conv->start_from_data(true);
  conv(x);
  conv->start_from_data(false);
  const auto y = conv(x).transpose(0, 1).flatten(1);
  EXPECT_LT(y.mean(1).abs().max().item<double>(), 1e-5);
  EXPECT_LT((y.std(1, false) - .1).abs().max().item<double>(), 1e-4);

  auto model =
      std::dynamic_pointer_cast<PixelCnnPp>(pixel_model("pixel_cnn_pp", small({{"states", "16"}})));
  const Batch batch{rng.integers(16, {6, 1, 4, 4}).to(torch::kFloat32)};
  const auto before = model->log_prob(batch);
  model->begin_round(batch, rng);
  const auto begun = model->log_prob(batch);
  EXPECT_FALSE(torch::equal(begun, before));
  model->begin_round(Batch{torch::zeros({6, 1, 4, 4})}, rng);  // only once
  EXPECT_TRUE(torch::equal(model->log_prob(batch), begun));
}

TEST(PixelCnnPp, TheWeightsOfAnOutputAreAsLongAsItsG) {
  torch::NoGradGuard no_grad;
  for (const bool transposed : {false, true}) {
    ShiftedConv conv(ShiftedConvOptions{.in = 3,
                                        .out = 5,
                                        .kernel = {2, 3, transposed ? 0 : -1, -1},
                                        .stride = transposed ? 2 : 1,
                                        .transposed = transposed});
    conv->weight_g.copy_(torch::arange(1, 6));
    const auto weight = conv->effective_weight().transpose(0, transposed ? 1 : 0);
    EXPECT_LT((weight.flatten(1).norm(2, 1) - torch::arange(1, 6)).abs().max().item<double>(),
              1e-5);
  }
}

TEST(PixelCnnPp, DropsMapsInTrainingAlone) {
  auto model = pixel_model("pixel_cnn_pp", small({{"states", "16"}, {"dropout", "0.5"}}));
  Rng rng(5);
  const Batch batch{rng.integers(16, {6, 1, 4, 4}).to(torch::kFloat32)};
  const auto loss = [&] { return model->players()[0].objective(batch, rng).loss.item<double>(); };
  EXPECT_NE(loss(), loss());
  EXPECT_TRUE(torch::equal(model->log_prob(batch), model->log_prob(batch)));
}

TEST(PixelCnnPp, RefusesSizesThatCannotBeHalved) {
  EXPECT_EQ(
      message_of<ConfigError>([] {
        pixel_model("pixel_cnn_pp", small({{"width", "5"}}));
      }),
      "[pixel_cnn_pp.resolutions] 2 resolutions need a height and width that 2 divides, got 4 "
      "x 5; use fewer, or size= in the data source");
}

}  // namespace
}  // namespace kiln
