#include "kiln/models/basics/kmeans.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>

#include "kiln/prob/nearest_centre.h"
#include "tests/models/basics/passes.h"
#include "tests/support/enumeration.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

KMeans made(const KMeansOptions& options, std::uint64_t seed = 1) {
  return seeded<KMeans>(options, seed);
}

double inertia(const Tensor& x, const Tensor& centres) {
  return nearest_centre(wide(x), centres).distance.mean().item<double>();
}

TEST(KMeans, TwoPairsOnALine) {
  auto model = made({.data_dim = 1, .clusters = 2});
  const auto losses = fit(model, torch::tensor({{0.f}, {10.f}, {1.f}, {11.f}}), 3);
  EXPECT_TRUE(torch::equal(std::get<0>(model.centres().sort(0)),
                           torch::tensor({{0.5}, {10.5}}, torch::kFloat64)));
  EXPECT_EQ(losses.back(), 0.25);
  EXPECT_TRUE(torch::equal(model.counts(), torch::tensor({2., 2.}, torch::kFloat64)));
}

TEST(KMeans, InertiaNeverRisesAndEndsWhereEveryCentreIsAMean) {
  for (std::uint64_t seed = 1; seed < 6; ++seed) {
    const auto x = blobs(500, 3, 6, seed);
    auto model = made({.data_dim = 3, .clusters = 7, .start_items = 50}, seed);
    const auto losses = fit(model, x, 64);
    ASSERT_GT(losses.size(), 3u);
    for (std::size_t i = 1; i < losses.size(); ++i) EXPECT_LE(losses[i], losses[i - 1]);
    EXPECT_NEAR(losses.back(), inertia(x, model.centres()), 1e-12);
    const auto index = nearest_centre(wide(x), model.centres()).index;
    for (std::int64_t k = 0; k < 7; ++k) {
      const auto own = wide(x).index({index == k});
      EXPECT_EQ(own.size(0), model.counts()[k].item<double>());
      EXPECT_TRUE(torch::allclose(own.mean(0), model.centres()[k], 0, 1e-10)) << k;
    }
  }
}

TEST(KMeans, EveryPassIsOneOfLloyds) {
  const auto x = blobs(200, 2, 4, 7);
  auto model = made({.data_dim = 2, .clusters = 5});
  fit(model, x, 33, 1);
  for (int pass = 0; pass < 4; ++pass) {
    const auto before = model.centres().clone();
    fit(model, x, 33, 1);
    EXPECT_NEAR(model.loss(), inertia(x, before), 1e-12) << "of the centres that it began with";
    EXPECT_TRUE(torch::allclose(model.centres(), lloyd(wide(x), before, 1), 0, 1e-12));
  }
}

TEST(KMeans, TheFirstPassSpeaksOfTheFirstCentreAndStartsFromItems) {
  const auto x = blobs(100, 2, 3, 8);
  auto model = made({.data_dim = 2, .clusters = 4, .start_items = 30});
  const auto losses = fit(model, x, 9, 1);
  EXPECT_NEAR(losses[0], (wide(x) - model.centres()[0]).square().sum(1).mean().item<double>(),
              1e-12);
  EXPECT_EQ(nearest_centre(model.centres(), wide(x)).distance.max().item<double>(), 0);
}

TEST(KMeans, AsManyCentresAsItemsLeaveNoInertia) {
  const auto x = blobs(40, 2, 3, 9);
  auto model = made({.data_dim = 2, .clusters = 40});
  EXPECT_EQ(fit(model, x, 7).back(), 0);
}

TEST(KMeans, OneCentreIsTheMeanAndItsInertiaTheTraceOfTheCovariance) {
  const auto x = blobs(90, 3, 2, 10) + 1e4;
  auto model = made({.data_dim = 3, .clusters = 1});
  const auto losses = fit(model, x, 7);
  EXPECT_NEAR(losses.back(), covariance_of(x).trace().item<double>(), 1e-9);
  EXPECT_TRUE(torch::allclose(model.centres()[0], wide(x).mean(0), 1e-14, 0));
}

TEST(KMeans, TotalVarianceIsThatWithinPlusThatBetween) {
  const auto x = blobs(300, 4, 5, 11);
  auto model = made({.data_dim = 4, .clusters = 5});
  const double within = fit(model, x, 50).back();
  const auto apart = (model.centres() - wide(x).mean(0)).square().sum(1);
  const double between = (model.counts() * apart).sum().item<double>() / 300;
  EXPECT_NEAR(within + between, covariance_of(x).trace().item<double>(), 1e-10);
}

TEST(KMeans, NeitherOrderNorBatchesMatter) {
  const auto x = blobs(150, 3, 4, 12);
  auto model = made({.data_dim = 3, .clusters = 4, .start_items = 60});
  const auto losses = fit(model, x, 150);
  for (const std::int64_t batch : {1, 17}) {
    auto other = made({.data_dim = 3, .clusters = 4, .start_items = 60});
    EXPECT_NEAR(fit(other, shuffled(x, 13), batch).back(), losses.back(), 1e-12);
    EXPECT_TRUE(torch::allclose(other.centres(), model.centres(), 0, 1e-12));
  }
}

TEST(KMeans, ACentreWithoutItemsMovesToTheFarthestOne) {
  const auto x = torch::tensor({{0.f, 0.f}, {1.f, 0.f}, {0.f, 1.f}, {7.f, 7.f}});
  auto model = made({.data_dim = 2, .clusters = 3});
  fit(model, x, 2, 1);
  model.centres().copy_(torch::tensor({{0.f, 0.f}, {-50.f, 0.f}, {-60.f, 0.f}}));
  fit(model, x, 3, 1);
  EXPECT_TRUE(torch::equal(model.centres()[1], torch::tensor({7., 7.}, torch::kFloat64)));
  EXPECT_EQ(model.centres()[2][0].item<double>(), -60) << "one in a pass";
  const double before = model.loss();
  EXPECT_LT(fit(model, x, 3).back(), before);
  EXPECT_TRUE(model.counts().gt(0).all().item<bool>());
}

TEST(KMeans, ItEndsThoughThereAreTooFewDifferentItems) {
  auto model = made({.data_dim = 1, .clusters = 4});
  const auto losses = fit(model, torch::tensor({{1.f}, {1.f}, {2.f}, {2.f}, {1.f}}), 2);
  EXPECT_LT(losses.size(), 6u);
  EXPECT_EQ(losses.back(), 0);
}

// Sculley, Algorithm 1, item by item.
TEST(KMeans, MiniBatchesAreSculleysUpdates) {
  const auto x = blobs(120, 2, 3, 14);
  auto model = made({.data_dim = 2, .clusters = 3, .start_items = 20, .minibatch = true});
  model.begin_pass();
  model.observe({x.slice(0, 0, 20), {}});
  auto c = model.centres().clone(), v = torch::zeros({3}, torch::kFloat64);
  double total = 0;
  for (const auto& rows : wide(x).slice(0, 20).split(8)) {
    model.observe({rows, {}});
    const auto near = nearest_centre(rows, c);
    total += near.distance.sum().item<double>();
    for (std::int64_t i = 0; i < rows.size(0); ++i) {
      const auto k = near.index[i];
      v[k] += 1;
      const auto eta = 1 / v[k];
      c[k] = (1 - eta) * c[k] + eta * rows[i];
    }
    EXPECT_TRUE(torch::allclose(model.centres(), c, 0, 1e-12));
  }
  EXPECT_FALSE(model.end_pass());
  EXPECT_NEAR(model.loss(), total / 100, 1e-12);
}

TEST(KMeans, MiniBatchesComeNearLloyds) {
  const auto x = blobs(4000, 2, 4, 15);
  auto whole = made({.data_dim = 2, .clusters = 4}, 3);
  const double best = fit(whole, x, 500).back();
  auto model = made({.data_dim = 2, .clusters = 4, .start_items = 200, .minibatch = true}, 3);
  fit(model, x, 50, 3);
  EXPECT_LT(inertia(x, model.centres()), 1.05 * best);
}

TEST(KMeans, MiniBatchesStartAtTheEndOfASmallPassAndReseed) {
  const auto x = torch::tensor({{0.f}, {1.f}, {9.f}});
  auto model = made({.data_dim = 1, .clusters = 2, .start_items = 50, .minibatch = true});
  fit(model, x, 2, 1);
  EXPECT_EQ(nearest_centre(model.centres(), wide(x)).distance.max().item<double>(), 0);
  model.centres().copy_(torch::tensor({{0.5f}, {9.f}}));
  fit(model, x, 3, 1);  // each centre has had items
  model.centres()[1].fill_(-70);
  fit(model, x, 3, 1);
  EXPECT_EQ(model.centres()[1].item<double>(), 9);
  fit(model, torch::tensor({{0.f}, {1.f}, {8.f}}), 3, 1);
  EXPECT_EQ(model.centres()[1].item<double>(), 8) << "its earlier items are forgotten";
}

TEST(KMeans, CodesPointAtTheNearestCentreAndCarryItsPicture) {
  const auto x = torch::rand({30, 1, 2, 2});
  auto model = made({.data_dim = 4, .channels = 1, .height = 2, .width = 2, .clusters = 3});
  EXPECT_EQ(model.values(), Values::unit);
  fit(model, x, 10);
  const auto z = model.encode_mean(x);
  EXPECT_EQ(z.sizes(), (std::vector<std::int64_t>{30, 3}));
  EXPECT_EQ(z.scalar_type(), torch::kFloat32);
  const auto again = model.decode_mean(z);
  EXPECT_EQ(again.sizes(), x.sizes());
  EXPECT_NEAR((again - x).square().sum().item<double>() / 30, model.loss(), 1e-6);
  EXPECT_TRUE(torch::equal(z.sum(0), model.counts().to(torch::kFloat32)));
  Rng rng(16);
  const auto drawn = model.sample_prior(20000, rng).argmax(1);
  EXPECT_LT(std::abs(chi_square_excess(drawn, model.counts() / 30)), 5);
}

TEST(KMeans, AStoppedPassGoesOnExactly) {
  const auto x = blobs(60, 2, 3, 17);
  const KMeansOptions options{.data_dim = 2, .clusters = 4, .start_items = 25};
  expect_resumes<KMeans>(options, x, 4);
  auto minibatch = options;
  minibatch.minibatch = true;
  expect_resumes<KMeans>(minibatch, x, 3);
}

TEST(KMeans, Refusals) {
  EXPECT_EQ(
      message_of<ConfigError>([] { made({.data_dim = 2, .clusters = 30, .start_items = 20}); }),
      "[kmeans.start_items] 30 clusters start from as many different items, got 20; use at "
      "least as many as clusters");
  EXPECT_EQ(message_of<ConfigError>([] {
              auto model = made({.data_dim = 1, .clusters = 4});
              fit(model, torch::zeros({3, 1}), 3);
            }),
            "[kmeans.clusters] 4 clusters need at least as many items, got 3; use fewer");
  EXPECT_EQ(message_of<ConfigError>([] { made({.data_dim = 1 << 24, .start_items = 1000}); }),
            "[kmeans.start_items] 1000 items of 16777216 numbers do not fit; at most 8 do");
  auto model = made({.data_dim = 2, .clusters = 2});
  EXPECT_EQ(message_of<ConfigError>([&] {
              model.observe({torch::tensor({{0.f, 1.f}, {NAN, 0.f}}), {}});
            }),
            "[kmeans.observe] x must be finite, got nan at sample 1, number 0; leave such items "
            "out of the data");
  EXPECT_EQ(message_of<ShapeError>([&] {
              model.encode_mean(torch::zeros({1, 3}));
            }),
            "[kmeans.encode_mean] x must have shape [*, 2], got [1, 3]");
  EXPECT_EQ(message_of<ShapeError>([&] {
              model.decode_mean(torch::zeros({1, 3}));
            }),
            "[kmeans.decode_mean] z must have shape [*, 2], got [1, 3]");
  EXPECT_EQ(message_of<ConfigError>([&] {
              model.prior_quantile(torch::full({1, 2}, 0.5));
            }),
            "[kmeans.prior_quantile] codes are one-hot clusters, which lie on no line; `kiln "
            "decode` draws centres");
}

}  // namespace
}  // namespace kiln
