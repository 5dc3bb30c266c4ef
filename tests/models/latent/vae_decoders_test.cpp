// The decoder's laws inside the model.
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "tests/models/latent/small_vae.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

// Every item of two numbers of three states, its mass by the trapezium rule over one latent.
TEST(VaeDecoders, CategoricalItemsSumToOneAndTheBoundStaysBelow) {
  const auto vae = drawn_vae({.data_dim = 2,
                              .latent = 1,
                              .decoder = VaeDecoder::categorical,
                              .hidden = 4,
                              .layers = 1,
                              .states = 3});
  torch::NoGradGuard no_grad;
  EXPECT_EQ(vae->value_set().kind, Values::states);
  EXPECT_EQ(vae->states(), 3);
  const auto three = torch::arange(3, torch::kDouble);
  const auto x = torch::cartesian_prod({three, three});
  const auto z = torch::linspace(-10, 10, 4001, torch::kDouble).unsqueeze(1);
  // Blocks: both numbers' logit of state 0, then of state 1, then of state 2.
  const auto tables = torch::log_softmax(vae->decode_parameters(z).view({-1, 3, 2}), 1);
  auto log_joint = standard_normal_log_prob(z).unsqueeze(1).expand({-1, 9}).clone();
  for (std::int64_t i = 0; i < 9; ++i)
    for (std::int64_t d = 0; d < 2; ++d)
      log_joint.select(1, i) += tables.select(1, x[i][d].item<std::int64_t>()).select(1, d);
  const auto exact = torch::logsumexp(log_joint, 0) + std::log(.005);
  EXPECT_NEAR(exact.exp().sum().item<double>(), 1, 1e-9);
  Rng rng(2);
  const auto bound = vae->log_prob_iwae({x.repeat({500, 1}), {}}, 50, rng).view({500, 9});
  const auto error = bound.std(0) / std::sqrt(500.0);
  EXPECT_TRUE((bound.mean(0) < exact + 5 * error).all().item<bool>());
  EXPECT_LT((exact - bound.mean(0)).mean().item<double>(), .5);
}

TEST(VaeDecoders, GradientsEqualFiniteDifferences) {
  const auto check = [](VaeOptions options, const Tensor& x) {
    options.latent = 2, options.hidden = 3, options.layers = 1;
    const auto vae = drawn_vae(options, .5);
    expect_gradients_match(*vae, [&] {
      Rng rng(5);
      return vae->players().at(0).objective({x, {}}, rng).loss;
    });
  };
  check({.data_dim = 2, .decoder = VaeDecoder::categorical, .states = 3},
        numbers({0, 2, 1, 1}).view({2, 2}));
  check({.data_dim = 4, .channels = 1, .height = 2, .width = 2, .decoder = VaeDecoder::logistic},
        numbers({0, .2, .6, 1}).view({1, 1, 2, 2}));
}

// A convolution has one bias per channel and parameter: channels of different greys keep theirs.
TEST(VaeDecoders, LogisticConvolutionsStartAtTheGreysOfTheirChannels) {
  Vae vae({.data_dim = 2 * 64,
           .channels = 2,
           .height = 8,
           .width = 8,
           .latent = 2,
           .decoder = VaeDecoder::logistic,
           .network = CoderNetwork::conv,
           .hidden = 4,
           .filters = 2});
  set_zero(vae);
  const auto grey = torch::stack({torch::full({8, 8}, .3f), torch::full({8, 8}, .6f)});
  vae.start_from_data({.mean = grey, .deviation = torch::full({2, 8, 8}, .05f)});
  torch::NoGradGuard no_grad;
  EXPECT_TRUE(torch::allclose(vae.decode_mean(torch::zeros({1, 2}))[0], grey, 0, 2e-3));
  Rng rng(3);
  const auto x = vae.sample({.count = 300}, rng);
  EXPECT_EQ(vae.values(), Values::unit);
  EXPECT_TRUE(torch::allclose(x * 255, torch::round(x * 255), 0, 1e-3));
  for (std::int64_t c = 0; c < 2; ++c) {
    const auto channel = x.select(1, c);
    EXPECT_NEAR(channel.mean().item<double>(), c == 0 ? .3 : .6, 5 * .05 / std::sqrt(300. * 64));
    EXPECT_NEAR(channel.std().item<double>(), .05, .002);
  }
}

TEST(VaeDecoders, RefuseDataThatTheyAreNoLawOf) {
  EXPECT_EQ(
      message_of([] { Vae({.decoder = VaeDecoder::categorical}); }),
      "[vae.decoder] categorical needs numbers that are states, and these data have none; use "
      "gaussian, or logistic for grey levels");
  EXPECT_EQ(message_of([] { Vae({.decoder = VaeDecoder::logistic}); }),
            "[vae.decoder] logistic is a law of an image's 256 grey levels; use gaussian for "
            "tables");
}

}  // namespace
}  // namespace kiln
