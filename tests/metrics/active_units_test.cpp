#include "kiln/metrics/active_units.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "kiln/metrics/likelihood.h"

namespace kiln {
namespace {

// Rows (i, 1000 + i / 10) for i = 0 .. 9.
class Steps : public Dataset {
 public:
  Steps() {
    info_.name = "steps";
    info_.values = Values::real;
    info_.shape = {2};
  }
  const DataInfo& info() const override { return info_; }
  std::int64_t size() const override { return 10; }
  std::int64_t read(std::int64_t index, std::span<float> x) const override {
    x[0] = static_cast<float>(index), x[1] = 1000 + static_cast<float>(index) / 10;
    return -1;
  }

 private:
  DataInfo info_;
};

// Codes of chosen scales: x_0's variance over the rows is 55/6, x_1's a hundredth of that.
class ScaledCodes : public Model, public Bound, public Encoder {
 public:
  bool bounds_mass() const override { return true; }
  explicit ScaledCodes(std::vector<float> scales) : scales_(torch::tensor(scales)) {}
  Values values() const override { return Values::real; }
  std::int64_t code_size() const override { return scales_.size(0); }
  Tensor encode_mean(const Batch& batch) override {
    return batch.x.select(1, 0).unsqueeze(1) * scales_;
  }
  Tensor elbo(const Batch& batch, Rng&) override { return batch.x.select(1, 0); }
  Tensor log_prob_iwae(const Batch& batch, std::int64_t, Rng&) override {
    return batch.x.select(1, 0);
  }

 private:
  Tensor scales_;
};

Transform keep() {
  Transform transform;
  transform.from = transform.to = Values::real;
  return transform;
}

double units(Model& model, std::int64_t batch) {
  return judge(model, "active_units", std::make_shared<Steps>(), keep(), torch::kCPU,
               {.batch = batch})
      .mean;
}

TEST(ActiveUnits, CountsTheCodesWhoseMeansVaryByMoreThanAHundredth) {
  // The variance of 0 .. 9 is 55/6: a scale of sqrt(.01 * 6/55) = .03303 stands on the edge.
  for (const std::int64_t batch : {3, 10}) {
    ScaledCodes model({1, .034f, .032f, 0, -.5f, -.033f});
    EXPECT_EQ(units(model, batch), 3) << batch;
  }
}

TEST(ActiveUnits, IsAMetricOfModelsThatEncodeAndHaveABound) {
  ScaledCodes model({1});
  EXPECT_EQ(likelihood_metrics(model),
            (std::vector<std::string>{"elbo", "iwae", "elbo_bpd", "active_units"}));
}

}  // namespace
}  // namespace kiln
