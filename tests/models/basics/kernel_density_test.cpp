#include "kiln/models/basics/kernel_density.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "kiln/prob/kernel_mixture.h"
#include "tests/models/basics/passes.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

KernelDensity made(const KernelDensityOptions& options, std::uint64_t seed = 1) {
  return seeded<KernelDensity>(options, seed);
}

TEST(KernelDensity, IntegratesToOneOnThePlane) {
  auto model = made({.data_dim = 2});
  fit(model, blobs(100, 2, 3, 1), 30);
  EXPECT_NEAR(plane_mass(model, 20, 401), 1, 1e-6);
}

TEST(KernelDensity, OneCentreIsANormalLaw) {
  auto model = made({.data_dim = 3, .bandwidth = 0.7});
  const auto c = torch::tensor({{1.f, -2.f, 0.5f}}), x = blobs(10, 3, 2, 2);
  fit(model, c, 1);
  EXPECT_TRUE(torch::allclose(model.log_prob(x),
                              normal_log_prob(x, wide(c[0]), 0.49 * torch::eye(3, torch::kFloat64)),
                              0, 1e-11));
}

TEST(KernelDensity, BeforeAnyDataItIsTheStandardNormalLaw) {
  auto model = made({.data_dim = 2});
  const auto x = blobs(10, 2, 2, 3);
  EXPECT_TRUE(torch::allclose(
      model.log_prob(x),
      normal_log_prob(x, torch::zeros({2}, torch::kFloat64), torch::eye(2, torch::kFloat64)), 0,
      1e-12));
}

TEST(KernelDensity, ChoosesTheBandwidthOfTheLargestLeaveOneOutLikelihood) {
  const auto x = blobs(80, 2, 3, 4);
  auto model = made({.data_dim = 2});
  EXPECT_EQ(fit(model, x, 11).size(), 1u);
  EXPECT_NEAR(model.bandwidth(), best_bandwidth(wide(x), 80), 1e-12);
  // Term by term: the mean over i of log (1/79) sum_{j != i} N(x_i; x_j, h^2 I).
  const auto by_hand = [&](double h) {
    double mean = 0;
    for (std::int64_t i = 0; i < 80; ++i) {
      const auto others = torch::cat({x.slice(0, 0, i), x.slice(0, i + 1)});
      const auto p = (-(wide(others) - wide(x[i])).square().sum(1) / (2 * h * h)).exp().sum() /
                     (79 * 2 * M_PI * h * h);
      mean += p.log().item<double>() / 80;
    }
    return mean;
  };
  for (const double factor : {0.5, 0.95, 1.05, 2.0})
    EXPECT_LT(by_hand(model.bandwidth() * factor), by_hand(model.bandwidth())) << factor;
}

TEST(KernelDensity, LossIsThatOfTheKeptItems) {
  const auto x = blobs(60, 3, 3, 5);
  auto model = made({.data_dim = 3});
  const double loss = fit(model, x, 20).back();
  EXPECT_NEAR(loss, -model.log_prob(x).mean().item<double>(), 1e-11);
}

TEST(KernelDensity, KeepsAUniformSampleOfMoreItemsThanCentres) {
  const auto x = blobs(300, 2, 3, 6);
  auto model = made({.data_dim = 2, .centres = 50, .bandwidth = 1e-3});
  fit(model, x, 40);
  // Kernels this narrow give ln (1/50) + D ln (1 / (h sqrt(2 pi))) at a centre, almost 0 elsewhere.
  const double peak = -std::log(50.0) - 2 * std::log(1e-3 * std::sqrt(2 * M_PI));
  EXPECT_EQ(model.log_prob(x).gt(peak - 1e-6).sum().item<std::int64_t>(), 50);
  auto other = made({.data_dim = 2, .centres = 50, .bandwidth = 1e-3});
  fit(other, shuffled(x, 7), 7);
  EXPECT_TRUE(torch::allclose(other.log_prob(x), model.log_prob(x), 0, 1e-9));
  auto again = made({.data_dim = 2, .centres = 50, .bandwidth = 1e-3}, 2);
  fit(again, x, 40);
  EXPECT_FALSE(torch::allclose(again.log_prob(x), model.log_prob(x)));
}

TEST(KernelDensity, DrawsFollowTheLaw) {
  const auto x = blobs(40, 2, 3, 8);
  auto model = made({.data_dim = 2, .bandwidth = 0.8});
  fit(model, x, 40);
  Rng rng(9);
  const std::int64_t n = 40000;
  for (const double t : {1.0, 0.25}) {
    const auto y = wide(model.sample({.count = n, .temperature = t}, rng));
    const auto c = covariance_of(x) + t * 0.64 * torch::eye(2, torch::kFloat64);
    EXPECT_TRUE(
        ((y.mean(0) - wide(x).mean(0)).abs() < 5 * (c.diag() / n).sqrt()).all().item<bool>());
    const auto centred = y - wide(x).mean(0);
    for (int i = 0; i < 2; ++i)
      for (int j = 0; j < 2; ++j) {
        const auto products = centred.select(1, i) * centred.select(1, j);
        EXPECT_NEAR(products.mean().item<double>(), c[i][j].item<double>(),
                    5 * products.std().item<double>() / std::sqrt(n));
      }
  }
  const auto at = model.sample({.count = 50, .temperature = 0}, rng);
  const auto apart = (at.unsqueeze(1) - x.unsqueeze(0)).abs().amax(2);
  EXPECT_LT(std::get<0>(apart.min(1)).max().item<float>(), 1e-5) << "the centres themselves";
}

TEST(KernelDensity, TablesAreStandardisedAndImagesAreNot) {
  const auto x = blobs(100, 2, 3, 10);
  const auto scale = torch::tensor({64.f, 0.125f});
  const auto fitted = [](const Tensor& rows) {
    auto model = std::make_shared<KernelDensity>(made({.data_dim = 2}));
    model->start_from_data({rows.mean(0), rows.std(0, false)});
    fit(*model, rows, 100);
    return model;
  };
  const auto model = fitted(x), other = fitted(x * scale);
  EXPECT_NEAR(model->log_volume(), x.std(0, false).log().sum().item<double>(), 1e-6);
  EXPECT_TRUE(
      torch::allclose(other->log_prob(x * scale), model->log_prob(x) - std::log(8.0), 0, 1e-4));
  EXPECT_NEAR(model->loss(), -model->log_prob(x).mean().item<double>(), 1e-10);
  Rng rng(11);
  const auto drawn = other->sample({.count = 20000}, rng).select(1, 0);
  EXPECT_NEAR(drawn.mean().item<double>(), 64 * x.select(1, 0).mean().item<double>(),
              5 * drawn.std().item<double>() / std::sqrt(20000.0));
  auto image = made({.data_dim = 4, .channels = 1, .height = 2, .width = 2});
  const auto grey = torch::rand({50, 1, 2, 2});
  image.start_from_data({grey.mean(0), grey.std(0, false)});
  EXPECT_EQ(image.log_volume(), 0);
  EXPECT_EQ(image.values(), Values::unit);
  fit(image, grey, 50);
  const auto pictures = image.sample({.count = 300}, rng);
  EXPECT_EQ(pictures.sizes(), (std::vector<std::int64_t>{300, 1, 2, 2}));
  EXPECT_TRUE((pictures.min().item<float>() == 0) && (pictures.max().item<float>() == 1));
}

TEST(KernelDensity, AStoppedPassGoesOnExactly) {
  expect_resumes<KernelDensity>({.data_dim = 2, .centres = 30}, blobs(60, 2, 3, 12), 1);
}

TEST(KernelDensity, Refusals) {
  EXPECT_EQ(message_of<ConfigError>([] { made({.data_dim = 1 << 20, .centres = 10000}); }),
            "[kernel_density.centres] 10000 items of 1048576 numbers do not fit; at most 32 do");
  EXPECT_EQ(message_of<ConfigError>([] {
              auto model = made({.data_dim = 2});
              fit(model, torch::zeros({1, 2}), 1);
            }),
            "[kernel_density.bandwidth] leaving one out needs two items, got 1; give --bandwidth");
  auto model = made({.data_dim = 2});
  EXPECT_EQ(message_of<ConfigError>([&] {
              model.observe({torch::full({2, 2}, NAN), {}});
            }),
            "[kernel_density.observe] x must be finite, got nan at sample 0, number 0; leave such "
            "items out of the data");
  EXPECT_EQ(message_of<ShapeError>([&] {
              model.log_prob(torch::zeros({1, 3}));
            }),
            "[kernel_density.log_prob] x must have shape [*, 2], got [1, 3]");
}

}  // namespace
}  // namespace kiln
