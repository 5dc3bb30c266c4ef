#include "kiln/models/basics/gaussian_mixture.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>

#include "tests/models/basics/passes.h"
#include "tests/support/enumeration.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

constexpr Covariance kKinds[] = {Covariance::full, Covariance::tied, Covariance::diagonal,
                                 Covariance::spherical};

GaussianMixture made(const GaussianMixtureOptions& options, std::uint64_t seed = 1) {
  return seeded<GaussianMixture>(options, seed);
}

// log w_k N(x; m_k, C_k) [B, K] from the model's parameters, by inverses and determinants.
Tensor joint_by_hand(const GaussianMixture& model, const Tensor& x) {
  std::vector<Tensor> terms;
  for (std::int64_t k = 0; k < model.weights().size(0); ++k)
    terms.push_back(normal_log_prob(x, model.means()[k], model.covariance_of(k)) +
                    model.weights()[k].log());
  return torch::stack(terms, 1);
}

TEST(GaussianMixture, DensityIsTheWeightedSumOfItsComponents) {
  const auto x = blobs(200, 3, 4, 1);
  for (const auto kind : kKinds) {
    auto model = made({.data_dim = 3, .components = 4, .covariance = kind});
    fit(model, x, 50, 3);
    const auto joint = joint_by_hand(model, x);
    EXPECT_TRUE(torch::allclose(model.log_prob(x), joint.exp().sum(1).log(), 0, 1e-9));
    const auto r = model.log_responsibilities(x).exp();
    EXPECT_TRUE(torch::allclose(r, joint.exp() / joint.exp().sum(1, true), 0, 1e-9));
    EXPECT_TRUE(torch::equal(model.encode_mean(x), r.to(torch::kFloat32)));
  }
}

TEST(GaussianMixture, IntegratesToOneOnThePlane) {
  const auto x = blobs(300, 2, 3, 2);
  for (const auto kind : kKinds) {
    auto model = made({.data_dim = 2, .components = 3, .covariance = kind});
    fit(model, x, 100, 10);
    EXPECT_NEAR(plane_mass(model, 30, 601), 1, 1e-6);
  }
}

TEST(GaussianMixture, FarItemsHaveFiniteDensitiesAndResponsibilities) {
  auto model = made({.data_dim = 2, .components = 3});
  fit(model, blobs(100, 2, 3, 3), 100, 5);
  const auto far = torch::full({1, 2}, 1e4);
  EXPECT_TRUE(model.log_prob(far).isfinite().all().item<bool>());
  EXPECT_NEAR(model.log_responsibilities(far).exp().sum().item<double>(), 1, 1e-12);
}

// Twenty-five places of one size: a start that puts two centres into one of them and one between
// two others is a poor optimum that EM does not leave.
TEST(GaussianMixture, SeveralStartsFindABetterOptimum) {
  Rng rng(5);
  const auto places = 2 * torch::stack({rng.integers(5, {800}), rng.integers(5, {800})}, 1);
  const auto x = places + .2 * rng.normal({800, 2});
  Tensor losses = torch::zeros({2, 6}, torch::kFloat64);
  for (std::int64_t seed = 0; seed < 6; ++seed)
    for (const std::int64_t many : {0, 1}) {
      auto model = made({.data_dim = 2, .components = 25, .starts = many ? 12 : 1},
                        static_cast<std::uint64_t>(seed));
      fit(model, x, 100, 40);
      losses[many][seed] = -model.log_prob(x).mean();
    }
  const auto mean = losses.mean(1), worst = std::get<0>(losses.max(1));
  EXPECT_LT(mean[1].item<double>(), mean[0].item<double>() - .03) << losses;
  EXPECT_LT(worst[1].item<double>(), worst[0].item<double>() - .03) << losses;
}

TEST(GaussianMixture, OneComponentIsTheLikeliestNormalLaw) {
  const auto x = blobs(150, 3, 4, 4);
  const auto s = covariance_of(x);
  const auto expected = [&](Covariance kind) -> Tensor {
    if (kind == Covariance::diagonal) return s.diag().diag();
    if (kind == Covariance::spherical) return s.trace() / 3 * torch::eye(3, torch::kFloat64);
    return s;
  };
  for (const auto kind : kKinds) {
    auto model = made({.data_dim = 3, .components = 1, .covariance = kind, .tolerance = 0});
    const double loss = fit(model, x, 40).back();
    const auto c = expected(kind);
    EXPECT_TRUE(torch::allclose(model.means()[0], wide(x).mean(0), 0, 1e-12));
    EXPECT_TRUE(torch::allclose(model.covariance_of(0), c, 0, 1e-11));
    EXPECT_NEAR(loss, 0.5 * (3 * (std::log(2 * M_PI) + 1) + torch::logdet(c).item<double>()),
                1e-11);
  }
}

// Bishop (9.23) to (9.26) and their restrictions, from the joint written with inverses.
TEST(GaussianMixture, APassIsOneStepOfEm) {
  const auto x = blobs(120, 3, 4, 5);
  for (const auto kind : kKinds) {
    auto model = made({.data_dim = 3, .components = 4, .covariance = kind, .tolerance = 0});
    fit(model, x, 31, 1);
    const auto joint = joint_by_hand(model, x);
    const auto log_p = torch::logsumexp(joint, 1, true), r = (joint - log_p).exp();
    const auto n = r.sum(0), means = r.t().matmul(wide(x)) / n.unsqueeze(1);
    std::vector<Tensor> covariances;
    for (std::int64_t k = 0; k < 4; ++k) {
      const auto c = wide(x) - means[k];
      covariances.push_back((c * r.select(1, k).unsqueeze(1)).t().matmul(c) / n[k]);
    }
    if (kind == Covariance::tied) {
      auto pooled = torch::zeros_like(covariances[0]);
      for (std::int64_t k = 0; k < 4; ++k) pooled += covariances[k] * n[k] / 120;
      covariances.assign(4, pooled);
    }
    fit(model, x, 31, 1);
    EXPECT_NEAR(model.loss(), -log_p.mean().item<double>(), 1e-10);
    EXPECT_TRUE(torch::allclose(model.weights(), n / 120, 0, 1e-11));
    EXPECT_TRUE(torch::allclose(model.means(), means, 0, 1e-10));
    for (std::int64_t k = 0; k < 4; ++k) {
      auto c = covariances[k];
      if (kind == Covariance::diagonal) c = c.diag().diag();
      if (kind == Covariance::spherical) c = c.trace() / 3 * torch::eye(3, torch::kFloat64);
      EXPECT_TRUE(torch::allclose(model.covariance_of(k), c, 0, 1e-10)) << k;
    }
  }
}

TEST(GaussianMixture, LikelihoodNeverFallsWhateverTheFloor) {
  for (const double floor : {1e-4, 0.5})
    for (const auto kind : kKinds) {
      const auto x = blobs(200, 2, 5, 6);
      auto model = made({.data_dim = 2,
                         .components = 6,
                         .covariance = kind,
                         .floor = floor,
                         .tolerance = 0,
                         .start_items = 40});
      const auto losses = fit(model, x, 64, 40);
      ASSERT_GT(losses.size(), 5u);
      for (std::size_t i = 1; i < losses.size(); ++i) EXPECT_LE(losses[i], losses[i - 1] + 1e-11);
      for (std::int64_t k = 0; k < 6; ++k)
        EXPECT_GE(at::linalg_eigvalsh(model.covariance_of(k)).min().item<double>(), floor * 0.9999);
    }
}

// Of all covariances without a variance below the floor, S's axes with raised variances.
TEST(GaussianMixture, UnderTheFloorTheCovarianceIsTheLikeliestAllowed) {
  const auto line = torch::linspace(-1, 1, 41);
  const auto x = torch::stack({line, 2 * line + 0.01 * (9 * line).sin()}, 1);
  auto model = made({.data_dim = 2, .components = 1, .floor = 0.01});
  const double loss = fit(model, x, 41).back();
  const auto variances = at::linalg_eigvalsh(model.covariance_of(0));
  EXPECT_NEAR(variances[0].item<double>(), 0.01, 1e-12);
  EXPECT_NEAR(variances[1].item<double>(), at::linalg_eigvalsh(covariance_of(x))[1].item<double>(),
              1e-12);
  Rng rng(7);
  for (int i = 0; i < 30; ++i) {
    const auto a = 0.1 * wide(rng.normal({2, 2}));
    const auto other = model.covariance_of(0) + a.matmul(a.t());
    EXPECT_GT(-normal_log_prob(x, model.means()[0], other).mean().item<double>(), loss);
  }
}

TEST(GaussianMixture, TheFirstLossIsABoundByJensen) {
  for (const auto kind : kKinds) {
    const auto x = blobs(150, 3, 3, 8);
    auto model = made({.data_dim = 3, .components = 3, .covariance = kind});
    const double bound = fit(model, x, 40, 1)[0];
    // The shares that the bound ends with, q_k ~ w_k exp E log N_k, put into Jensen's inequality.
    const auto joint = joint_by_hand(model, x).mean(0);
    const auto q = torch::softmax(joint, 0);
    EXPECT_NEAR(bound, -(q * (joint - q.log())).sum().item<double>(), 1e-10);
    EXPECT_GE(bound, -model.log_prob(x).mean().item<double>());
  }
}

// Columns times 64 and 1/8: -log p of the same law grows by log 8.
TEST(GaussianMixture, TheFirstLossIsInTheTablesUnits) {
  const auto x = blobs(150, 2, 3, 23);
  const auto first_loss = [](const Tensor& rows) {
    auto model = made({.data_dim = 2, .components = 3});
    model.start_from_data({rows.mean(0), rows.std(0, false)});
    return fit(model, rows, 150, 1)[0];
  };
  EXPECT_NEAR(first_loss(x * torch::tensor({64.f, 0.125f})), first_loss(x) + std::log(8.0), 1e-5);
}

TEST(GaussianMixture, FindsWellSeparatedBlobs) {
  Rng rng(9);
  const auto which = torch::arange(600) % 6 < 3;
  const auto x =
      torch::where(which.unsqueeze(1), torch::tensor({-4.f, 0.f}), torch::tensor({4.f, 1.f})) +
      rng.normal({600, 2}) * torch::tensor({0.5f, 1.f});
  auto model = made({.data_dim = 2, .components = 2});
  fit(model, x, 100);
  const auto order = model.means().select(1, 0).argsort();
  const auto left = wide(x).index({which}), right = wide(x).index({which.logical_not()});
  EXPECT_TRUE(
      torch::allclose(model.weights(), torch::tensor({0.5, 0.5}, torch::kFloat64), 0, 1e-6));
  EXPECT_TRUE(torch::allclose(model.means()[order[0]], left.mean(0), 0, 1e-6));
  EXPECT_TRUE(torch::allclose(model.covariance_of(order[1].item<std::int64_t>()),
                              covariance_of(right), 0, 1e-6));
  EXPECT_TRUE(
      torch::equal(model.encode_mean(x).select(1, order[0].item<std::int64_t>()).gt(0.5), which));
}

TEST(GaussianMixture, NeitherOrderNorBatchesMatter) {
  const auto x = blobs(150, 2, 3, 10);
  for (const auto kind : kKinds) {
    const GaussianMixtureOptions options{
        .data_dim = 2, .components = 3, .covariance = kind, .tolerance = 1e-3, .start_items = 50};
    auto model = made(options), other = made(options);
    const auto losses = fit(model, x, 150), others = fit(other, shuffled(x, 11), 7);
    ASSERT_EQ(losses.size(), others.size());
    EXPECT_TRUE(torch::allclose(other.log_prob(x), model.log_prob(x), 0, 1e-10));
  }
}

TEST(GaussianMixture, WhenItIsDoneTheLossIsThatOfTheParameters) {
  const auto x = blobs(200, 2, 4, 12);
  auto model = made({.data_dim = 2, .components = 4, .tolerance = 1e-3});
  const auto losses = fit(model, x, 50);
  EXPECT_NEAR(losses.back(), -model.log_prob(x).mean().item<double>(), 1e-11);
  const auto passes = losses.size();
  ASSERT_GT(passes, 3u);
  EXPECT_LE(losses[passes - 2] - losses[passes - 1], 1e-3);
  EXPECT_GT(losses[passes - 3] - losses[passes - 2], 1e-3);
}

TEST(GaussianMixture, AComponentWithoutItemsStaysAsItWas) {
  const auto x = blobs(60, 2, 1, 13);
  for (const auto kind : {Covariance::full, Covariance::tied, Covariance::diagonal}) {
    auto model = made({.data_dim = 2, .components = 2, .covariance = kind});
    fit(model, x, 60, 1);
    model.means()[1].fill_(1e6);
    const auto before = model.covariance_of(1).clone();
    fit(model, x, 60, 2);
    EXPECT_EQ(model.weights()[1].item<double>(), 0);
    EXPECT_EQ(model.means()[1][0].item<double>(), 1e6);
    EXPECT_TRUE(kind == Covariance::tied || torch::equal(model.covariance_of(1), before));
    EXPECT_TRUE(model.log_prob(x).isfinite().all().item<bool>());
    Rng rng(14);
    EXPECT_LT(model.sample({.count = 100}, rng).max().item<float>(), 1e3);
  }
}

TEST(GaussianMixture, FreeParametersAndBic) {
  const auto parameters = [](Covariance kind) {
    return made({.data_dim = 4, .components = 3, .covariance = kind}).free_parameters();
  };
  EXPECT_EQ(parameters(Covariance::full), 2 + 12 + 30);
  EXPECT_EQ(parameters(Covariance::tied), 2 + 12 + 10);
  EXPECT_EQ(parameters(Covariance::diagonal), 2 + 12 + 12);
  EXPECT_EQ(parameters(Covariance::spherical), 2 + 12 + 3);
  Rng rng(15);
  const auto x = torch::cat({rng.normal({150, 2}), 6 + rng.normal({150, 2})});
  std::vector<double> bic;
  auto started = made({.data_dim = 2, .components = 2});
  fit(started, x, 100, 1);
  EXPECT_TRUE(started.figures().empty()) << "the first pass gives a bound, not a likelihood";
  for (std::int64_t k = 1; k <= 4; ++k) {
    auto model = made({.data_dim = 2, .components = k});
    fit(model, x, 100);
    bic.push_back(model.figures().at(0).second);
    EXPECT_NEAR(bic.back(),
                -2 * model.log_prob(x).sum().item<double>() +
                    static_cast<double>(model.free_parameters()) * std::log(300.0),
                1e-8);
  }
  EXPECT_EQ(std::min_element(bic.begin(), bic.end()) - bic.begin(), 1) << "two blobs";
}

TEST(GaussianMixture, DrawsFollowTheLaw) {
  const auto x = blobs(200, 2, 3, 16);
  for (const auto kind : kKinds) {
    auto model = made({.data_dim = 2, .components = 3, .covariance = kind});
    fit(model, x, 200, 6);
    Rng rng(17);
    const std::int64_t n = 20000;
    for (const double t : {1.0, 0.5}) {
      const auto y = wide(model.sample({.count = n, .temperature = t}, rng));
      const auto w = torch::softmax(model.weights().log() / t, 0);
      const auto mean = w.matmul(model.means());
      auto c = torch::zeros({2, 2}, torch::kFloat64);
      for (std::int64_t k = 0; k < 3; ++k) {
        const auto d = model.means()[k] - mean;
        c += w[k] * (t * model.covariance_of(k) + torch::outer(d, d));
      }
      EXPECT_TRUE(((y.mean(0) - mean).abs() < 5 * (c.diag() / n).sqrt()).all().item<bool>());
      const auto centred = y - mean;
      for (int i = 0; i < 2; ++i)
        for (int j = 0; j < 2; ++j) {
          const auto products = centred.select(1, i) * centred.select(1, j);
          EXPECT_NEAR(products.mean().item<double>(), c[i][j].item<double>(),
                      5 * products.std().item<double>() / std::sqrt(n));
        }
    }
    const auto at = model.sample({.count = 5, .temperature = 0}, rng);
    EXPECT_TRUE(
        torch::allclose(wide(at), model.means()[model.weights().argmax()].expand({5, 2}), 0, 1e-5));
  }
}

TEST(GaussianMixture, TablesAreStandardisedAndImagesAreNot) {
  const auto x = blobs(200, 2, 3, 18);
  const auto moments = [](const Tensor& rows) {
    return DataMoments{rows.mean(0), rows.std(0, false)};
  };
  auto model = made({.data_dim = 2, .components = 3}),
       other = made({.data_dim = 2, .components = 3});
  const auto scale = torch::tensor({64.f, 0.125f});
  model.start_from_data(moments(x)), other.start_from_data(moments(x * scale));
  fit(model, x, 200), fit(other, x * scale, 200);
  EXPECT_NEAR(model.log_volume(), x.std(0, false).log().sum().item<double>(), 1e-6);
  EXPECT_TRUE(
      torch::allclose(other.log_prob(x * scale), model.log_prob(x) - std::log(8.0), 0, 1e-4))
      << "other units, the same law";
  EXPECT_NEAR(model.loss(), -model.log_prob(x).mean().item<double>(), 1e-10);
  Rng rng(19);
  EXPECT_NEAR(other.sample({.count = 20000}, rng).select(1, 0).mean().item<double>(),
              64 * x.select(1, 0).mean().item<double>(),
              5 * 64 * x.select(1, 0).std().item<double>() / std::sqrt(20000.0));
  auto image =
      made({.data_dim = 4, .channels = 1, .height = 2, .width = 2, .components = 2, .floor = 1e-3});
  const auto grey = torch::rand({50, 1, 2, 2});
  image.start_from_data(moments(grey));
  EXPECT_EQ(image.log_volume(), 0);
  EXPECT_EQ(image.values(), Values::unit);
  fit(image, grey, 50, 4);
  const auto drawn = image.sample({.count = 300}, rng);
  EXPECT_EQ(drawn.sizes(), (std::vector<std::int64_t>{300, 1, 2, 2}));
  EXPECT_TRUE((drawn.min().item<float>() == 0) && (drawn.max().item<float>() == 1));
}

TEST(GaussianMixture, AStoppedPassGoesOnExactly) {
  for (const auto kind : kKinds)
    expect_resumes<GaussianMixture>(
        {.data_dim = 2, .components = 3, .covariance = kind, .start_items = 25},
        blobs(60, 2, 3, 21), 3);
}

TEST(GaussianMixture, Refusals) {
  EXPECT_EQ(
      message_of<ConfigError>([] { made({.data_dim = 2, .components = 30, .start_items = 20}); }),
      "[gaussian_mixture.start_items] 30 components start from as many different items, got "
      "20; use at least as many as components");
  EXPECT_EQ(message_of<ConfigError>([] { made({.data_dim = 12288, .components = 2}); }),
            "[gaussian_mixture.covariance] 2 matrices of 12288 x 12288 do not fit; use diagonal, "
            "tied or fewer components");
  EXPECT_EQ(message_of<ConfigError>([] {
              auto model = made({.data_dim = 1, .components = 4});
              fit(model, torch::zeros({3, 1}), 3);
            }),
            "[gaussian_mixture.components] 4 components need at least as many items, got 3; use "
            "fewer");
  auto model = made({.data_dim = 2, .components = 2});
  EXPECT_EQ(message_of<ConfigError>([&] {
              model.start_from_data({torch::tensor({1.f, 5.f}), torch::tensor({0.f, 1.f})});
            }),
            "[gaussian_mixture.start_from_data] column 0 (counted from 0) is 1 in every row, so it "
            "has no density; leave it out with columns= in the data source");
  EXPECT_EQ(message_of<ConfigError>([&] {
              model.log_prob(torch::full({1, 2}, INFINITY));
            }),
            "[gaussian_mixture.log_prob] x must be finite, got inf at sample 0, number 0; leave "
            "such items out of the data");
  Rng rng(20);
  EXPECT_EQ(message_of<ConfigError>(
                [&] { model.sample({.count = 1, .given = Given::of_class(3)}, rng); }),
            "[sample] the model has no classes, got label 3; leave it out");
}

}  // namespace
}  // namespace kiln
