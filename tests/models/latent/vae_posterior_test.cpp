// Richer posteriors in the model: how near the bound comes to the truth.
#include <gtest/gtest.h>
#include <torch/optim/adam.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "tests/models/latent/small_vae.h"

namespace kiln {
namespace {

constexpr PosteriorKind kKinds[] = {PosteriorKind::diagonal, PosteriorKind::full_covariance,
                                    PosteriorKind::planar, PosteriorKind::iaf};

// The four points +-sqrt(2) e_j: exact means of whatever is quadratic in the noise.
Tensor noise_points() {
  const auto r = std::sqrt(2.0);
  return numbers({r, 0, -r, 0, 0, r, 0, -r}).view({4, 2});
}

TEST(VaePosterior, FullCovarianceReachesTheLikelihoodOfTheLinearGaussianModel) {
  LinearGaussian model(PosteriorKind::full_covariance);
  torch::NoGradGuard no_grad;
  auto p = model.vae->named_parameters();
  const auto triangle = torch::linalg_cholesky(torch::linalg_inv(model.precision));
  p["encoder_log_var.bias"].copy_(2 * triangle.diag().log());
  p["posterior.extra.bias"].copy_(triangle[1][0].view({1}));
  const auto terms = model.vae->bound_terms({model.x.expand({4, 3}), {}}, noise_points());
  EXPECT_NEAR(terms.elbo.mean().item<double>(), -3.184204204842089, 1e-12);
  // Where q is the posterior every weight is the likelihood.
  Rng rng(1);
  const auto weights = model.vae->log_weights({model.x, {}}, 20, rng);
  EXPECT_NEAR(weights.min().item<double>(), -3.184204204842089, 1e-12);
  EXPECT_NEAR(weights.max().item<double>(), -3.184204204842089, 1e-12);
}

TEST(VaePosterior, BestDiagonalLeavesTheKnownGap) {
  const LinearGaussian model;
  const auto gap = .5 * (model.precision.diag().log().sum() - torch::logdet(model.precision));
  EXPECT_NEAR(gap.item<double>(), 0.01602316534378212, 1e-14);
  const auto terms = model.vae->bound_terms({model.x.expand({4, 3}), {}}, noise_points());
  EXPECT_NEAR(-3.184204204842089 - terms.elbo.mean().item<double>(), gap.item<double>(), 1e-12);
}

// log p(x) of a model with two latent variables by the trapezium rule on a grid over the plane.
Tensor log_prob_by_quadrature(Vae& vae, const Tensor& x) {
  torch::NoGradGuard no_grad;
  const auto line = torch::linspace(-7, 7, 281, torch::kDouble);
  const auto z = torch::cartesian_prod({line, line});
  const auto a = vae.decode_parameters(z);
  const auto log_joint =
      a.mm(x.t()) - torch::softplus(a).sum(1, true) + standard_normal_log_prob(z).unsqueeze(1);
  return torch::logsumexp(log_joint, 0) + 2 * std::log(.05);
}

// log p(x) >= IWAE_500 >= IWAE_50 >= IWAE_5 >= ELBO, for each family and each image.
TEST(VaePosterior, BoundsRiseWithTheirDrawsTowardsTheQuadrature) {
  const auto images = every_image(3);
  for (const auto kind : kKinds) {
    SCOPED_TRACE(enum_name(kind));
    const auto vae =
        drawn_vae({.data_dim = 3, .latent = 2, .hidden = 4, .layers = 1, .posterior = kind}, .6);
    torch::NoGradGuard no_grad;
    for (auto& p : vae->named_parameters())  // a decoder that tells much, far from the posterior
      if (p.key().starts_with("decoder")) p.value().mul_(3);
    const auto exact = log_prob_by_quadrature(*vae, images);
    ASSERT_NEAR(exact.exp().sum().item<double>(), 1, 1e-6);
    Rng rng(7);
    Tensor lower, lower_error;
    for (const auto& [draws, repeats] :
         {std::pair<std::int64_t, std::int64_t>{1, 4000}, {5, 2000}, {50, 400}, {500, 60}}) {
      const auto x = images.repeat({repeats, 1});
      const auto bound =
          draws == 1 ? vae->elbo({x, {}}, rng) : vae->log_prob_iwae({x, {}}, draws, rng);
      const auto each = bound.view({repeats, 8});
      const auto mean = each.mean(0), error = each.std(0) / std::sqrt(double(repeats));
      EXPECT_TRUE((mean < exact + 5 * error).all().item<bool>()) << draws;
      if (lower.defined()) {
        EXPECT_TRUE((mean > lower - 5 * (error + lower_error)).all().item<bool>()) << draws;
        EXPECT_GT((mean - lower).mean().item<double>(), 0) << draws;
      }
      lower = mean, lower_error = error;
    }
  }
}

TEST(VaePosterior, GradientsEqualFiniteDifferences) {
  const auto x = numbers({1, 0, 1, 0, 0, 1}).view({2, 3});
  for (const auto kind : kKinds)
    for (const auto objective : {VaeObjective::elbo, VaeObjective::iwae}) {
      SCOPED_TRACE(enum_name(kind));
      const auto vae = drawn_vae({.data_dim = 3,
                                  .latent = 2,
                                  .hidden = 3,
                                  .layers = 1,
                                  .objective = objective,
                                  .k = 2,
                                  .posterior = kind},
                                 .7);
      expect_gradients_match(*vae, [&] {
        Rng rng(5);
        return vae->players().at(0).objective({x, {}}, rng).loss;
      });
    }
}

TEST(VaePosterior, DiagonalKeepsTheParametersOfOldCheckpoints) {
  std::vector<std::string> names;
  const Vae vae({.data_dim = 4, .latent = 2, .hidden = 3, .layers = 1});
  for (const auto& p : vae.named_parameters()) names.push_back(p.key());
  EXPECT_EQ(names,
            (std::vector<std::string>{"encoder.0.weight", "encoder.0.bias", "encoder_mean.weight",
                                      "encoder_mean.bias", "encoder_log_var.weight",
                                      "encoder_log_var.bias", "decoder.0.weight", "decoder.0.bias",
                                      "decoder.2.weight", "decoder.2.bias"}));
  EXPECT_TRUE(vae.named_buffers().is_empty());
}

// On a correlated posterior the richer families do not stay behind the diagonal one.
TEST(VaePosterior, RicherFamiliesComeNearerToACorrelatedPosterior) {
  // x = z1 + z2 + noise: the posterior of (z1, z2) is strongly correlated.
  const auto trained = [](PosteriorKind kind) {
    torch::manual_seed(3);
    Vae vae({.data_dim = 1,
             .latent = 2,
             .decoder = VaeDecoder::gaussian,
             .hidden = 8,
             .layers = 1,
             .sigma = .2,
             .posterior = kind});
    {
      torch::NoGradGuard no_grad;
      auto p = vae.named_parameters();
      p["decoder.0.weight"].zero_(), p["decoder.0.bias"].zero_();
      p["decoder.2.weight"].zero_(), p["decoder.2.bias"].zero_();
      p["decoder.0.weight"].slice(0, 0, 2).copy_(torch::tensor({{1.f, 1.f}, {-1.f, -1.f}}));
      p["decoder.2.weight"].slice(1, 0, 2).copy_(torch::tensor({{1.f, -1.f}}));
    }
    std::vector<Tensor> moving;
    for (const auto& p : vae.named_parameters())
      if (!p.key().starts_with("decoder")) moving.push_back(p.value());
    torch::optim::Adam optimizer(moving, torch::optim::AdamOptions(1e-2));
    Rng rng(5);
    const auto x = Rng(6).normal({256, 1}) * std::sqrt(2.04);
    for (int step = 0; step < 600; ++step) {
      optimizer.zero_grad();
      vae.players()[0].objective({x, {}}, rng).loss.backward();
      optimizer.step();
    }
    torch::NoGradGuard no_grad;
    double sum = 0;
    for (int i = 0; i < 50; ++i) sum += vae.elbo({x, {}}, rng).mean().item<double>();
    const auto exact = -.5 * (x.pow(2) / 2.04 + std::log(2 * M_PI * 2.04));
    return exact.mean().item<double>() - sum / 50;
  };
  // The best diagonal gap: 1/2 [sum log Lambda_jj - log det Lambda], Lambda = I + 1 1^T / .04.
  const double best = .5 * (2 * std::log(26.0) - std::log(26.0 * 26 - 25.0 * 25));
  const auto diagonal = trained(PosteriorKind::diagonal);
  EXPECT_NEAR(diagonal, best, .1);
  EXPECT_LT(trained(PosteriorKind::full_covariance), .1);
  EXPECT_LT(trained(PosteriorKind::iaf), diagonal - .3);
  EXPECT_LT(trained(PosteriorKind::planar), diagonal - .1);
}

}  // namespace
}  // namespace kiln
