#include "kiln/models/basics/pca.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "tests/models/basics/passes.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

Pca made(const PcaOptions& options, std::uint64_t seed = 1) { return seeded<Pca>(options, seed); }

// Rows of a normal law whose variances fall by `ratio` from axis to axis.
Tensor falling(std::int64_t rows, std::int64_t dims, double ratio, std::uint64_t seed) {
  Rng rng(seed);
  const auto q = std::get<0>(at::linalg_qr(rng.normal({dims, dims})));
  const auto deviations = torch::pow(std::sqrt(ratio), torch::arange(dims));
  return (rng.normal({rows, dims}) * deviations).matmul(q.t()) + rng.normal({dims});
}

TEST(Pca, EqualsTheSingularValueDecomposition) {
  const auto x = wide(falling(80, 6, 0.5, 1));
  auto model = made({.data_dim = 6, .components = 4});
  EXPECT_EQ(fit(model, x, 13).size(), 1u);
  const auto [u, s, vt] = at::linalg_svd(x - x.mean(0), false);
  EXPECT_TRUE(torch::allclose(model.variances(), s.slice(0, 0, 4).square() / 80, 1e-12, 0));
  const auto v = vt.t().narrow(1, 0, 4);
  const auto aligned = v * (v * model.directions()).sum(0).sign();
  EXPECT_TRUE(torch::allclose(model.directions(), aligned, 0, 1e-10));
  EXPECT_NEAR(model.rest(), s.slice(0, 4).square().mean().item<double>() / 80, 1e-12);
}

TEST(Pca, ReconstructionLosesTheOtherEigenvalues) {
  const auto x = wide(falling(60, 5, 0.6, 2));
  const auto eigenvalues = at::linalg_eigvalsh(covariance_of(x)).flip(0);
  for (const std::int64_t j : {1, 2, 5}) {
    auto model = made({.data_dim = 5, .components = j, .floor = 1e-9});
    fit(model, x, 60);
    const auto again = model.decode_mean(model.encode_mean(x));
    EXPECT_NEAR((again - x).square().sum(1).mean().item<double>(),
                eigenvalues.slice(0, j).sum().item<double>(), 1e-12);
  }
}

TEST(Pca, CodesAreUncorrelatedAndWhitenedOnesHaveVarianceOne) {
  const auto x = wide(falling(70, 5, 0.4, 3));
  auto model = made({.data_dim = 5, .components = 3});
  auto whitened = made({.data_dim = 5, .components = 3, .whiten = true});
  fit(model, x, 70), fit(whitened, x, 70);
  const auto z = model.encode_mean(x);
  EXPECT_TRUE(torch::allclose(covariance_of(z), model.variances().diag(), 0, 1e-12));
  EXPECT_TRUE(torch::allclose(z.mean(0), torch::zeros({3}, torch::kFloat64), 0, 1e-12));
  const auto w = whitened.encode_mean(x);
  EXPECT_TRUE(torch::allclose(covariance_of(w), torch::eye(3, torch::kFloat64), 0, 1e-12));
  EXPECT_TRUE(torch::allclose(whitened.decode_mean(w), model.decode_mean(z), 0, 1e-12));
}

// Tipping & Bishop: C = W W^T + s2 I with W = V (L - s2 I)^(1/2).
TEST(Pca, DensityIsTheClosedFormOfTippingAndBishop) {
  const auto x = wide(falling(60, 5, 0.5, 4));
  for (const std::int64_t j : {2, 4}) {
    auto model = made({.data_dim = 5, .components = j});
    const double loss = fit(model, x, 7).back();
    const auto w = model.directions() * (model.variances() - model.rest()).sqrt();
    const auto c = w.matmul(w.t()) + model.rest() * torch::eye(5, torch::kFloat64);
    const auto expected = normal_log_prob(x, x.mean(0), c);
    EXPECT_TRUE(torch::allclose(model.log_prob(x), expected, 0, 1e-10));
    EXPECT_NEAR(loss, -expected.mean().item<double>(), 1e-11);
    const auto s = covariance_of(x);  // L = -1/2 (D ln 2 pi + ln |C| + tr C^-1 S), their eq. (5)
    EXPECT_NEAR(loss,
                0.5 * (5 * std::log(2 * M_PI) + torch::logdet(c).item<double>() +
                       torch::inverse(c).matmul(s).trace().item<double>()),
                1e-11);
  }
}

TEST(Pca, NoOtherLawOfItsKindIsLikelier) {
  const auto x = wide(falling(60, 4, 0.5, 5));
  auto model = made({.data_dim = 4, .components = 2});
  const double loss = fit(model, x, 60).back();
  Rng rng(6);
  for (int i = 0; i < 30; ++i) {
    const auto w = model.directions() * (model.variances() - model.rest()).sqrt() +
                   0.05 * wide(rng.normal({4, 2}));
    const double s2 = model.rest() * std::exp(0.1 * rng.normal({1}).item<double>());
    const auto c = w.matmul(w.t()) + s2 * torch::eye(4, torch::kFloat64);
    EXPECT_GT(-normal_log_prob(x, x.mean(0), c).mean().item<double>(), loss);
  }
}

// The posterior mean of the latent, W (W^T W + s2 I)^-1 W^T (x - mean), goes to the projection.
TEST(Pca, IsTheLimitOfTheDensityWithoutNoise) {
  Rng rng(7);
  const auto flat = wide(rng.normal({50, 2})).matmul(wide(rng.normal({2, 5})));
  const auto noise = wide(rng.normal({50, 5}));
  double before = 1e9;
  for (const double deviation : {0.3, 0.03, 0.003}) {
    const auto x = flat + deviation * noise;
    auto model = made({.data_dim = 5, .components = 2, .floor = 1e-12});
    fit(model, x, 50);
    const auto w = model.directions() * (model.variances() - model.rest()).sqrt();
    const auto m = w.t().matmul(w) + model.rest() * torch::eye(2, torch::kFloat64);
    const auto seen = (x - x.mean(0)).matmul(w).matmul(torch::inverse(m)).matmul(w.t()) + x.mean(0);
    const double apart =
        (seen - model.decode_mean(model.encode_mean(x))).abs().max().item<double>();
    EXPECT_LT(apart, before / 50);
    before = apart;
  }
  EXPECT_LT(before, 1e-4);
}

TEST(Pca, AllComponentsAreTheLikeliestNormalLaw) {
  const auto x = wide(falling(40, 3, 0.5, 8));
  auto model = made({.data_dim = 3, .components = 3});
  const double loss = fit(model, x, 40).back();
  EXPECT_TRUE(torch::allclose(model.log_prob(x), normal_log_prob(x, x.mean(0), covariance_of(x)), 0,
                              1e-10));
  EXPECT_NEAR(loss,
              0.5 * (3 * (std::log(2 * M_PI) + 1) + torch::logdet(covariance_of(x)).item<double>()),
              1e-11);
}

TEST(Pca, NeitherOrderNorBatchesMatterNorAFarOrigin) {
  const auto x = wide(falling(90, 4, 0.5, 9));
  auto model = made({.data_dim = 4, .components = 2}), far = made({.data_dim = 4, .components = 2});
  fit(model, x, 90);
  for (const std::int64_t batch : {1, 8}) {
    auto other = made({.data_dim = 4, .components = 2});
    fit(other, shuffled(x, 10), batch);
    EXPECT_TRUE(torch::allclose(other.directions(), model.directions(), 0, 1e-12));
    EXPECT_TRUE(torch::allclose(other.log_prob(x), model.log_prob(x), 0, 1e-11));
  }
  fit(far, x + 1e6, 8);
  EXPECT_TRUE(torch::allclose(far.variances(), model.variances(), 1e-8, 0));
}

TEST(Pca, RandomisedComesCloseToExactAndEveryPassHelps) {
  const auto x = wide(falling(300, 60, 0.85, 11));
  auto exact = made({.data_dim = 60, .components = 5});
  fit(exact, x, 300);
  auto model = made(
      {.data_dim = 60, .components = 5, .svd = PcaSvd::randomised, .power = 4, .oversample = 5});
  EXPECT_EQ(model.most_passes(), 6);
  const auto losses = fit(model, x, 37);
  ASSERT_EQ(losses.size(), 6u);
  const double mean_variance = covariance_of(x).trace().item<double>() / 60;
  EXPECT_NEAR(losses[0], 30 * (std::log(2 * M_PI * mean_variance) + 1), 1e-9) << "N(mean, v I)";
  for (std::size_t i = 1; i < losses.size(); ++i) EXPECT_LT(losses[i], losses[i - 1]);
  EXPECT_GE(losses.back(), exact.loss() - 1e-10);
  EXPECT_NEAR(losses.back(), exact.loss(), 1e-3);
  EXPECT_NEAR(losses.back(), -model.log_prob(x).mean().item<double>(), 1e-10);
  EXPECT_TRUE(torch::allclose(model.variances(), exact.variances(), 1e-3, 0));
  EXPECT_TRUE(torch::allclose(model.directions().t().matmul(model.directions()),
                              torch::eye(5, torch::kFloat64), 0, 1e-12));
}

TEST(Pca, RandomisedWithAllDirectionsIsExact) {
  const auto x = wide(falling(50, 6, 0.5, 12));
  auto exact = made({.data_dim = 6, .components = 3});
  auto model = made({.data_dim = 6, .components = 3, .svd = PcaSvd::randomised, .power = 0});
  fit(exact, x, 50);
  EXPECT_EQ(fit(model, x, 11).size(), 2u);
  EXPECT_TRUE(torch::allclose(model.variances(), exact.variances(), 1e-12, 0));
  EXPECT_TRUE(torch::allclose(model.log_prob(x), exact.log_prob(x), 0, 1e-10));
}

TEST(Pca, DrawsFollowTheLawAndCodesOfDrawsThePrior) {
  const auto x = falling(60, 4, 0.4, 13);
  auto model = made({.data_dim = 4, .components = 2});
  fit(model, x, 60);
  Rng rng(14);
  const std::int64_t n = 40000;
  const auto drawn = model.sample({.count = n}, rng), prior = model.sample_prior(n, rng);
  const auto v = model.directions();
  const auto c = (v * model.variances()).matmul(v.t()) +
                 model.rest() * (torch::eye(4, torch::kFloat64) - v.matmul(v.t()));
  // The variance of a product of centred normal numbers is c_ii c_jj + c_ij^2.
  const auto five = [&](const Tensor& s) {
    return 5 * ((torch::outer(s.diag(), s.diag()) + s.square()) / n).sqrt();
  };
  EXPECT_TRUE(((covariance_of(drawn) - c).abs() <= five(c)).all().item<bool>());
  EXPECT_TRUE(((wide(drawn).mean(0) - wide(x).mean(0)).abs() <= 5 * (c.diag() / n).sqrt())
                  .all()
                  .item<bool>());
  const auto l = model.variances().diag();
  EXPECT_TRUE(((covariance_of(model.encode_mean(drawn)) - l).abs() <= five(l)).all().item<bool>());
  EXPECT_TRUE(((covariance_of(prior) - l).abs() <= five(l)).all().item<bool>());
  const auto cold = model.sample({.count = n, .temperature = 0.25}, rng);
  EXPECT_TRUE(((covariance_of(cold) - c / 4).abs() <= five(c / 4)).all().item<bool>());
  auto whitened = made({.data_dim = 4, .components = 2, .whiten = true});
  fit(whitened, x, 60);
  const auto eye = torch::eye(2, torch::kFloat64);
  EXPECT_TRUE(
      ((covariance_of(whitened.sample_prior(n, rng)) - eye).abs() <= five(eye)).all().item<bool>());
}

// Phi(1) = 0.8413...: one deviation from the middle.
TEST(Pca, QuantilesOfCodesAreThoseOfThePrior) {
  const auto x = falling(60, 4, 0.4, 15);
  const auto u = torch::tensor({{0.5, 0.5}, {0.8413447460685429, 0.5}, {0.5, 0.15865525393145707}},
                               torch::kFloat64);
  for (const bool whiten : {false, true}) {
    auto model = made({.data_dim = 4, .components = 2, .whiten = whiten});
    fit(model, x, 60);
    const auto deviations = whiten ? torch::ones({2}, torch::kFloat64) : model.variances().sqrt();
    const auto expected = torch::stack({torch::zeros({2}, torch::kFloat64),
                                        deviations * torch::tensor({1.0, 0.0}, torch::kFloat64),
                                        deviations * torch::tensor({0.0, -1.0}, torch::kFloat64)});
    EXPECT_LT((model.prior_quantile(u) - expected).abs().max().item<double>(), 1e-9);
  }
}

TEST(Pca, ImagesKeepTheirShapeAndRange) {
  const auto x = torch::rand({20, 1, 2, 3});
  auto model = made({.data_dim = 6, .channels = 1, .height = 2, .width = 3, .components = 2});
  EXPECT_EQ(model.values(), Values::unit);
  fit(model, x, 6);
  EXPECT_EQ(model.decode_mean(model.encode_mean(x)).sizes(), x.sizes());
  Rng rng(15);
  const auto drawn = model.sample({.count = 200}, rng);
  EXPECT_EQ(drawn.sizes(), (std::vector<std::int64_t>{200, 1, 2, 3}));
  EXPECT_EQ(drawn.min().item<float>(), 0);
  EXPECT_EQ(drawn.max().item<float>(), 1);
}

TEST(Pca, TheFloorKeepsTheDensityFinite) {
  const auto line = torch::linspace(-1, 1, 50, torch::kFloat64);
  const auto x = torch::stack({3 * line, 4 * line, torch::zeros_like(line)}, 1);
  const double mean_variance = covariance_of(x).trace().item<double>() / 3;
  for (const std::int64_t j : {1, 2, 3}) {
    auto model = made({.data_dim = 3, .components = j, .floor = 1e-3});
    const double loss = fit(model, x, 50).back();
    EXPECT_NEAR(model.variances()[0].item<double>(), 3 * mean_variance, 1e-12);
    const double second = j > 1 ? model.variances()[1].item<double>() : model.rest();
    EXPECT_NEAR(second, 1e-3 * mean_variance, 1e-12);
    EXPECT_NEAR(model.rest(), 1e-3 * mean_variance, 1e-12);
    EXPECT_NEAR(loss, -model.log_prob(x).mean().item<double>(), 1e-10);
  }
  auto constant = made({.data_dim = 2, .components = 1});
  fit(constant, torch::ones({5, 2}), 5);
  EXPECT_TRUE(constant.log_prob(torch::ones({1, 2})).isfinite().all().item<bool>());
}

TEST(Pca, AStoppedPassGoesOnExactly) {
  const auto x = falling(60, 8, 0.7, 16);
  expect_resumes<Pca>({.data_dim = 8, .components = 3}, x, 1);
  expect_resumes<Pca>({.data_dim = 8, .components = 3, .svd = PcaSvd::randomised, .oversample = 2},
                      x, 4);
}

TEST(Pca, Refusals) {
  EXPECT_EQ(message_of<ConfigError>([] { made({.data_dim = 3, .components = 4}); }),
            "[pca.components] x has 3 numbers, so at most as many components, got 4");
  EXPECT_EQ(message_of<ConfigError>([] { made({.data_dim = 12288, .components = 20}); }),
            "[pca] 12288 x 12288 numbers do not fit; use --svd randomised with fewer components");
  EXPECT_EQ(message_of<ConfigError>([] {
              made({.data_dim = 5, .channels = 1, .height = 2, .width = 2, .components = 1});
            }),
            "[pca] data_dim must be channels * height * width = 4, got 5");
  auto model = made({.data_dim = 3, .components = 2});
  EXPECT_EQ(message_of<ShapeError>([&] {
              model.log_prob(torch::zeros({2, 4}));
            }),
            "[pca.log_prob] x must have shape [*, 3], got [2, 4]");
  EXPECT_EQ(message_of<ShapeError>([&] {
              model.decode_mean(torch::zeros({2, 3}));
            }),
            "[pca.decode_mean] z must have shape [*, 2], got [2, 3]");
}

TEST(Pca, KeepsTwentyDirectionsOrAsManyAsThereAre) {
  EXPECT_EQ(made({.data_dim = 4}).code_size(), 4);
  EXPECT_EQ(made({.data_dim = 20}).code_size(), 20);
  EXPECT_EQ(made({.data_dim = 50}).code_size(), 20);
  EXPECT_EQ(made({.data_dim = 50, .components = 7}).code_size(), 7);
  EXPECT_THROW(made({.data_dim = 4, .components = 5}), ConfigError);
}

}  // namespace
}  // namespace kiln
