#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "kiln/metrics/estimate.h"
#include "kiln/metrics/likelihood.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

// The code of x is its first number; it decodes to that number everywhere.  The class is 1 where
// the first number is positive.
class FirstNumber : public Model, public Encoder, public Decoder, public Classifier {
 public:
  explicit FirstNumber(std::int64_t classes) : classes_(classes) {}
  Values values() const override { return Values::real; }
  std::int64_t code_size() const override { return 1; }
  Tensor encode_mean(const Batch& batch) override { return batch.x.narrow(1, 0, 1); }
  Tensor decode_mean(const Tensor& z) override { return z.expand({-1, 3}); }
  std::int64_t classes() const override { return classes_; }
  Tensor class_logits(const Batch& batch) override {
    const auto first = batch.x.narrow(1, 0, 1);
    return torch::cat({-first, first}, 1);
  }

 private:
  std::int64_t classes_;
};

class FourRows : public Dataset {
 public:
  explicit FourRows(bool labels) : labels_(labels) {
    info_.shape = {3};
    info_.classes = labels ? 2 : 0;
  }
  const DataInfo& info() const override { return info_; }
  std::int64_t size() const override { return 4; }
  std::int64_t read(std::int64_t i, std::span<float> x) const override {
    x[0] = i < 2 ? -1.f : 1.f;
    x[1] = static_cast<float>(i), x[2] = 0;
    return labels_ ? (i == 0 ? 0 : 1) : -1;
  }

 private:
  bool labels_;
  DataInfo info_;
};

Estimate judged(Model& model, const std::string& metric, bool labels = true) {
  return judge(model, metric, std::make_shared<FourRows>(labels), {}, torch::kCPU, {.batch = 3});
}

TEST(Figures, ReconstructionIsTheSquaredErrorSummedOverNumbers) {
  FirstNumber model(2);
  // (-1, 0, 0), (-1, 1, 0) against -1 and (1, 2, 0), (1, 3, 0) against 1: 2, 5, 2, 5.
  const auto found = judged(model, "reconstruction");
  EXPECT_DOUBLE_EQ(found.mean, 3.5);
  EXPECT_NEAR(found.standard_error, std::sqrt(4 * 2.25 / 3 / 4), 1e-12);
  EXPECT_EQ(found.items, 4);
  const auto image = torch::ones({2, 1, 1, 3});
  EXPECT_EQ(reconstruction_errors(model, image.flatten(1)).sizes(), (at::IntArrayRef{2}));
}

TEST(Figures, ErrorIsTheShareOfWrongClasses) {
  FirstNumber model(2);  // says 0, 0, 1, 1 where the classes are 0, 1, 1, 1
  EXPECT_DOUBLE_EQ(judged(model, "error").mean, .25);
  EXPECT_EQ(message_of([&] { judged(model, "error", false); }),
            "[metric] error needs labels, and the data have none");
}

// The spread of numbers among which one is none is none.
// A share is a mean of zeros and ones.
TEST(Figures, AShareHasTheErrorOfItsCount) {
  const auto share = of_share(.2, 400);
  EXPECT_EQ(share.mean, .2);
  EXPECT_NEAR(share.standard_error, .02, 1e-15);
  EXPECT_EQ(share.items, 400);
  EXPECT_EQ(of_share(1, 7).standard_error, 0);
}

TEST(Figures, AnErrorOfNumbersThatAreNoneIsNone) {
  class Nowhere : public FirstNumber {
   public:
    Nowhere() : FirstNumber(0) {}
    Tensor decode_mean(const Tensor& z) override {
      return torch::where(z > 0, std::nan(""), z).expand({-1, 3});
    }
  } model;
  EXPECT_TRUE(std::isnan(judged(model, "reconstruction").mean));
  EXPECT_TRUE(std::isnan(judged(model, "reconstruction").standard_error));
}

TEST(Figures, AModelHasThoseOfWhatItCanDo) {
  FirstNumber with(2), without(0);
  EXPECT_EQ(metrics_of(with), (std::vector<std::string>{"reconstruction", "error"}));
  EXPECT_EQ(metrics_of(without), (std::vector<std::string>{"reconstruction"}));
  EXPECT_EQ(message_of([&] { judged(without, "error"); }),
            "[metric] this model has no metric 'error'; it has: reconstruction");
}

TEST(Figures, EachHasItsUnit) {
  EXPECT_EQ(metric_unit("nll"), "nats");
  EXPECT_EQ(metric_unit("elbo"), "nats");
  EXPECT_EQ(metric_unit("bpd"), "bits per dimension");
  EXPECT_EQ(metric_unit("reconstruction"), "squared error");
  EXPECT_EQ(metric_unit("error"), "of the items");
}

}  // namespace
}  // namespace kiln
