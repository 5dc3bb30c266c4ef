#include "kiln/models/latent/wae.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>

#include "kiln/models/latent/autoencoder.h"
#include "kiln/prob/mmd.h"
#include "tests/support/descent.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

std::shared_ptr<Wae> seeded(const WaeOptions& options, std::uint64_t seed = 3) {
  Rng init(seed);
  Rng::Scope scope(init);
  return std::make_shared<Wae>(options);
}

double loss_of(Wae& wae, const Tensor& x, std::size_t player = 0) {
  Rng rng(9);
  wae.begin_round({x, {}}, rng);
  return wae.players()[player].objective({x, {}}, rng).loss.item<double>();
}

TEST(Wae, WithoutPenaltyItIsAnAutoencoder) {
  Rng rng(1);
  const auto x = rng.normal({10, 6});
  const auto wae = seeded({.data_dim = 6, .latent = 2, .hidden = 5, .lambda = 0});
  Rng init(3);
  Rng::Scope scope(init);
  Autoencoder plain({.data_dim = 6, .latent = 2, .hidden = 5});
  EXPECT_TRUE(torch::equal(wae->cost(x, wae->encode(x)), plain.error(x, x)));
  EXPECT_EQ(loss_of(*wae, x), plain.error(x, x).mean().item<double>());
}

TEST(Wae, LossIsTheCostAndLambdaTimesThePenalty) {
  Rng rng(1);
  const auto x = rng.normal({30, 4});
  const WaeOptions options{.data_dim = 4, .latent = 2, .hidden = 5, .lambda = 7, .prior_scale = 2};
  const auto wae = seeded(options);
  Rng again(9);  // the noise of loss_of
  const auto prior = 2 * again.normal({30, 2}), codes = wae->encode(x);
  const auto kernel = imq_kernel(2 * 2 * 4);  // C = 2 J sigma^2
  const auto wanted = wae->cost(x, codes).mean() + 7 * mmd2_unbiased(kernel, codes, prior);
  EXPECT_NEAR(loss_of(*wae, x), wanted.item<double>(), 1e-4);

  auto with_critic = options;
  with_critic.penalty = WaePenalty::gan;
  const auto gan = seeded(with_critic);
  const auto fake = gan->critic_logits(gan->encode(x));
  const auto penalty = torch::softplus(-fake).mean();
  EXPECT_NEAR(loss_of(*gan, x), (gan->cost(x, gan->encode(x)).mean() + 7 * penalty).item<double>(),
              1e-4);
  const auto critic =
      torch::softplus(-gan->critic_logits(prior)).mean() + torch::softplus(fake).mean();
  EXPECT_NEAR(loss_of(*gan, x, 1), critic.item<double>(), 1e-5);
}

TEST(Wae, TheCriticLeavesTheEncoderAndTheModelLeavesTheCriticAlone) {
  const auto wae = seeded({.data_dim = 4, .latent = 2, .hidden = 5, .penalty = WaePenalty::gan});
  Rng rng(1);
  const Batch batch{rng.normal({6, 4}), {}};
  wae->begin_round(batch, rng);
  const auto players = wae->players();
  ASSERT_EQ(players.size(), 2u);
  players[1].objective(batch, rng).loss.backward();
  for (const auto& p : players[0].parameters) EXPECT_FALSE(p.tensor.grad().defined()) << p.name;
  for (const auto& p : players[0].parameters) EXPECT_TRUE(p.name.starts_with("network.")) << p.name;
  for (const auto& p : players[1].parameters) EXPECT_TRUE(p.name.starts_with("critic.")) << p.name;
}

// What the method promises: codes of points in a rectangle take the Gaussian's law.
void expect_codes_like_the_prior(WaePenalty penalty) {
  const auto square = [](Rng& rng) { return rng.uniform({128, 2}) * torch::tensor({1.f, .5f}); };
  const auto mmd_after = [&](double lambda) {
    const auto wae =
        seeded({.data_dim = 2,
                .latent = 2,
                .hidden = 32,
                .penalty = penalty,
                .lambda = lambda,
                .critic_hidden =
                    penalty == WaePenalty::gan ? std::optional<std::int64_t>(32) : std::nullopt});
    play(*wae, square, 3e-3, 600);
    torch::NoGradGuard no_grad;
    Rng rng(8);
    std::vector<Tensor> codes;
    for (int i = 0; i < 8; ++i) codes.push_back(wae->encode(square(rng)));
    return wae->mmd2(torch::cat(codes), wae->sample_prior(1024, rng)).item<double>();
  };
  const double with = mmd_after(3), without = mmd_after(0);
  EXPECT_LT(with, .06);  // of at most 7 times 2
  EXPECT_LT(with, without / 4);
}

TEST(Wae, MmdPenaltyGivesTheCodesThePriorsLaw) { expect_codes_like_the_prior(WaePenalty::mmd); }

TEST(Wae, CriticPenaltyGivesTheCodesThePriorsLaw) { expect_codes_like_the_prior(WaePenalty::gan); }

TEST(Wae, SamplesAreDecodedDrawsOfThePrior) {
  const auto wae = seeded({.data_dim = 3, .latent = 2, .layers = 0, .prior_scale = 3});
  wae->to(torch::kDouble);
  Rng rng(2), again(2);
  const auto x = wae->sample({.count = 600, .temperature = .5}, rng);  // parts
  const auto z = std::sqrt(.5) * 3 * again.normal({600, 2}).to(torch::kDouble);
  EXPECT_TRUE(torch::allclose(x, wae->decode_mean(z)));
  EXPECT_FALSE(x.requires_grad());
}

TEST(Wae, MmdNeedsTwoItemsOfABatch) {
  const auto wae = seeded({.data_dim = 3, .latent = 2, .layers = 0});
  Rng rng(1);
  EXPECT_EQ(message_of([&] {
              wae->begin_round({torch::zeros({1, 3}), {}}, rng);
            }),
            "[wae] the mmd penalty compares items of a batch; use --batch 2 or more");
}

TEST(Wae, QuantilesAreThoseOfTheScaledPrior) {
  const auto wae = seeded({.data_dim = 3, .latent = 2, .layers = 0, .prior_scale = 3});
  const auto u = torch::tensor({{0.5, 0.8413447460685429}}, torch::kFloat64);
  const auto expected = torch::tensor({{0.0, 3.0}}, torch::kFloat64);
  EXPECT_LT((wae->prior_quantile(u) - expected).abs().max().item<double>(), 1e-9);
}

TEST(Wae, RefusesACriticsWidthWithoutACritic) {
  EXPECT_EQ(message_of([] { Wae({.data_dim = 4, .critic_hidden = 8}); }),
            "[wae.critic_hidden] the mmd penalty has no critic; use penalty gan");
}

}  // namespace
}  // namespace kiln
