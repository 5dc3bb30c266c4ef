#include "kiln/runs/watch.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>
#include <functional>

#include "kiln/core/check.h"
#include "kiln/data/source.h"
#include "kiln/models/autoregressive/nade.h"
#include "kiln/models/latent/aae.h"
#include "kiln/registry/models.h"

namespace kiln {
namespace {

// A sampler of a fixed law on the plane.
class Painter : public Model, public Sampler {
 public:
  explicit Painter(std::function<Tensor(std::int64_t, Rng&)> law) : law_(std::move(law)) {}
  Values values() const override { return Values::real; }
  Tensor draw_samples(const SampleRequest& request, Rng& rng) override {
    return law_(request.count, rng);
  }

 private:
  std::function<Tensor(std::int64_t, Rng&)> law_;
};

// `groups` of the ring's eight places, each a cloud of this deviation.
Tensor ring(std::int64_t count, std::int64_t groups, double deviation, Rng& rng) {
  const auto angle = rng.integers(groups, {count}) * (2 * std::acos(-1.) / 8);
  return torch::stack({2 * angle.cos(), 2 * angle.sin()}, 1) + deviation * rng.normal({count, 2});
}

double coverage(const std::string& data, std::function<Tensor(std::int64_t, Rng&)> law) {
  const auto source = open_source(parse_source(data), {.seed = 3});
  Painter painter(std::move(law));
  return sample_coverage(painter, source.splits.valid,
                         make_transform(source.splits.valid->info(), {Values::real, 0}, {}, false),
                         1, torch::kCPU);
}

// 1 - (N - 1) ... (N - 5) / ((2 N - 1) ... (2 N - 5)) for N = 512 of each; the shares of single
// items hang together by five, so the standard error is below sqrt(5 * .97 * .03 / 512) = .017.
TEST(SampleCoverage, OfTheDataLawIsThatOfTwoEqualSets) {
  const double expected = 1 - 511. * 510 * 509 * 508 * 507 / (1023. * 1022 * 1021 * 1020 * 1019);
  EXPECT_NEAR(coverage("ring8", [](std::int64_t n, Rng& rng) { return ring(n, 8, .02, rng); }),
              expected, .05);
}

TEST(SampleCoverage, SeesGroupsThatAreNotMade) {
  for (const std::int64_t groups : {1, 2, 4}) {
    const double share = static_cast<double>(groups) / 8;
    EXPECT_NEAR(
        coverage("ring8", [&](std::int64_t n, Rng& rng) { return ring(n, groups, .02, rng); }),
        share, .02 + 5 * std::sqrt(share * (1 - share) / 512));
  }
}

// What a collapsed GAN makes: one place, off the data's scale or not, and noise around everything.
TEST(SampleCoverage, SeesSamplesThatAreLikeNothingInTheData) {
  EXPECT_LT(coverage("ring8", [](std::int64_t n, Rng&) { return torch::full({n, 2}, .7); }), .01);
  EXPECT_LT(coverage("ring8", [](std::int64_t n, Rng&) { return torch::full({n, 2}, 1e30); }), .01);
  EXPECT_LT(coverage("ring8", [](std::int64_t n, Rng& rng) { return 3 * rng.normal({n, 2}); }), .3);
  EXPECT_EQ(coverage("ring8", [](std::int64_t n, Rng&) { return torch::full({n, 2}, NAN); }), 0);
}

TEST(SampleCoverage, OfTooFewItemsIsUnknown) {
  EXPECT_TRUE(std::isnan(
      coverage("ring8:valid=5", [](std::int64_t n, Rng& rng) { return ring(n, 8, .02, rng); })));
}

TEST(SampleCoverage, HoldsBoundedNumbers) {
  EXPECT_EQ(coverage_items(2, 10000), 512);
  EXPECT_EQ(coverage_items(2, 100), 100);
  EXPECT_EQ(coverage_items(3 * 1024 * 1024, 10000), 10);
  EXPECT_EQ(coverage_items(std::int64_t{1} << 40, 10000), 6);
}

TEST(Warnings, ComeBelowTheCoverageAndAboveTheGap) {
  EXPECT_EQ(coverage_warning(.97), "");
  EXPECT_EQ(coverage_warning(.4), "");
  EXPECT_EQ(coverage_warning(std::nan("")), "");
  EXPECT_TRUE(
      coverage_warning(.125).starts_with("warning: near 88 % of the data's items there is "
                                         "no sample"));
  EXPECT_EQ(information_warning("c", 2.2, 2.2), "");
  EXPECT_EQ(information_warning("c", 2.2, 1.8), "");
  EXPECT_EQ(information_warning("c", 1.8, 2.4), "");
  EXPECT_TRUE(information_warning("c", 2.28, -.19)
                  .starts_with("warning: c is 2.28 nats in training and -0.19 for pictures alone"));
}

TEST(LossWatch, WarnsOfALossThatRose) {
  const auto after = [](const std::vector<double>& losses) {
    LossWatch watch;
    for (const double loss : losses) watch.add(loss);
    return watch.warning();
  };
  EXPECT_EQ(after({}), "");
  EXPECT_EQ(after({200}), "");
  EXPECT_EQ(after({200, 90, 95}), "");
  EXPECT_EQ(after({-30, -29}), "");
  EXPECT_EQ(after({200, 90, 8e7}),
            "warning: the loss rose from 200 to 8e+07; a smaller --learning-rate may help");
  EXPECT_NE(after({-30, -20}), "");
}

// A conditional density classifies, too, and is still selected by its likelihood.
TEST(ValidationMetric, IsTheLikelihoodWhereThereIsOne) {
  EXPECT_EQ(validation_metric(Nade({.data_dim = 4, .condition = Condition::label, .classes = 2})),
            "nll");
  EXPECT_EQ(validation_metric(
                Aae({.data_dim = 4, .classes = 2, .supervision = Supervision::semi, .labels = 4})),
            "error");
}

}  // namespace
}  // namespace kiln
