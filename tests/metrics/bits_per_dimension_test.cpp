#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>
#include <numbers>

#include "kiln/data/transforms.h"
#include "kiln/metrics/likelihood.h"

namespace kiln {
namespace {

constexpr std::int64_t kNumbers = 6;

// Grey levels at random.
class Greys : public Dataset {
 public:
  Greys(Values values, std::int64_t levels) {
    info_.shape = {kNumbers};
    info_.values = values;
    info_.levels = levels;
  }
  const DataInfo& info() const override { return info_; }
  std::int64_t size() const override { return 8; }
  std::int64_t read(std::int64_t i, std::span<float> x) const override {
    for (std::size_t d = 0; d < x.size(); ++d) {
      const auto level = (static_cast<std::int64_t>(d) * 37 + i * 11) % info_.levels;
      x[d] = static_cast<float>(level) / static_cast<float>(info_.levels - 1);
    }
    return -1;
  }

 private:
  DataInfo info_;
};

// The uniform density over [0, 1]^D or [-1, 1]^D: every level of q has the mass 1/q.
class Uniform : public Model, public Likelihood, public Bound {
 public:
  Uniform(Values values, bool mass) : values_(values), mass_(mass) {}
  Values values() const override { return values_; }
  Tensor log_prob(const Batch& batch) override {
    const double width = values_ == Values::signed_unit ? 2 : 1;
    return torch::full({batch.x.size(0)}, -kNumbers * std::log(width));
  }
  Tensor elbo(const Batch& batch, Rng&) override { return log_prob(batch.x) - 3; }
  Tensor log_prob_iwae(const Batch& batch, std::int64_t, Rng& rng) override {
    return elbo(batch, rng);
  }
  bool bounds_mass() const override { return mass_; }

 private:
  Values values_;
  bool mass_;
};

double judged(Model& model, const std::string& metric, std::int64_t levels, bool dequantize) {
  const auto data = std::make_shared<Greys>(Values::unit, levels);
  const auto transform = make_transform(data->info(), model.value_set(), {}, dequantize);
  return judge(model, metric, data, transform, torch::kCPU, {}).mean;
}

TEST(BitsPerDimension, AUniformDensityOverDequantisedLevelsHasTheBitsOfALevel) {
  for (const auto values : {Values::unit, Values::signed_unit, Values::real}) {
    Uniform model(values, false);
    EXPECT_NEAR(judged(model, "bpd", 256, true), 8, 1e-6);
    EXPECT_NEAR(judged(model, "bpd", 16, true), 4, 1e-6);
    EXPECT_NEAR(judged(model, "bpd", 257, false), 8, 1e-6);  // 256 steps from black to white
  }
}

TEST(BitsPerDimension, ABoundOfADensityHasThemAndThatOfAMassHasNone) {
  const double gap = 3 / (std::numbers::ln2 * kNumbers);
  Uniform density(Values::unit, false), mass(Values::unit, true);
  EXPECT_NEAR(judged(density, "elbo_bpd", 256, true), 8 + gap, 1e-6);
  EXPECT_NEAR(judged(mass, "elbo_bpd", 256, false), gap, 1e-6);
}

TEST(BitsPerDimension, NumbersWithoutLevelsHaveTheDensityAlone) {
  Transform transform;
  EXPECT_EQ(transform.bits_of_level(), 0);
  transform = {.from = Values::unit, .to = Values::binary, .levels = 256};
  EXPECT_EQ(transform.bits_of_level(), 0);
}

}  // namespace
}  // namespace kiln
