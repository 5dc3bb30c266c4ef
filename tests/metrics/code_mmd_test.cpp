#include "kiln/metrics/code_mmd.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "kiln/metrics/likelihood.h"

namespace kiln {
namespace {

// Codes are x itself, -1 or 1 in equal numbers; the prior is shift +- 1, each half of the time, so
// that E|a - b|^2 = 2.
class Signs : public Game, public Encoder, public Decoder, public Prior {
 public:
  explicit Signs(double shift) : shift_(shift) {}
  Values values() const override { return Values::real; }
  std::vector<Player> players() override { return {}; }
  std::int64_t code_size() const override { return 1; }
  Tensor encode_mean(const Batch& batch) override { return batch.x; }
  Tensor decode_mean(const Tensor& z) override { return z; }
  Tensor sample_prior(std::int64_t count, Rng& rng) override {
    return 2 * rng.integers(2, {count, 1}).to(torch::kFloat) - 1 + shift_;
  }

 private:
  double shift_;
};

// Every x has the code 0, and draws of the prior's law.
class DrawnSigns : public Signs {
 public:
  using Signs::Signs;
  Tensor encode_mean(const Batch& batch) override { return torch::zeros_like(batch.x); }
  Tensor encode_draw(const Batch& batch, Rng& rng) override {
    return sample_prior(batch.x.size(0), rng);
  }
};

// First all -1, then all 1.
class Sorted : public Dataset {
 public:
  explicit Sorted(std::int64_t items) : items_(items) { info_.shape = {1}; }
  const DataInfo& info() const override { return info_; }
  std::int64_t size() const override { return items_; }
  std::int64_t read(std::int64_t i, std::span<float> x) const override {
    x[0] = i < items_ / 2 ? -1.f : 1.f;
    return -1;
  }

 private:
  std::int64_t items_;
  DataInfo info_;
};

Estimate judged(Model& model, std::int64_t items = 20000) {
  return judge(model, "code_mmd", std::make_shared<Sorted>(items), {}, torch::kCPU, {.batch = 50});
}

// sum_s s C / (s C + d^2), C = 2.
double kernel(double squared) {
  double sum = 0;
  for (const double s : {.1, .2, .5, 1., 2., 5., 10.}) sum += 2 * s / (2 * s + squared);
  return sum;
}

TEST(CodeMmd, IsNoneForCodesOfThePriorsLawInWhateverOrderTheItemsLie) {
  Signs model(0);
  const auto found = judged(model);
  EXPECT_NEAR(found.mean, 0, 5 * found.standard_error);
  EXPECT_LT(found.standard_error, .01);
  EXPECT_EQ(found.items, 20000);
}

// Two sets of two points: half of the pairs within a set are 2 apart; between sets a code is
// 1, 1, 1 and 3 away from the prior's points.
TEST(CodeMmd, IsWhatTheKernelSaysOfTwoLaws) {
  Signs model(1);
  const double within = (kernel(0) + kernel(4)) / 2;
  const double between = (2 * kernel(1) + kernel(1) + kernel(9)) / 4;
  const double exact = 2 * (within - between);
  const auto found = judged(model);
  // C is estimated by 10000 draws whose squares are all equal: off by at most 1e-3.
  EXPECT_NEAR(found.mean, exact, 5 * found.standard_error + 1e-3 * exact);
  EXPECT_GT(exact, .5);
}

TEST(CodeMmd, ComparesDrawsAndNotMeans) {
  DrawnSigns model(0);
  const auto found = judged(model);
  EXPECT_NEAR(found.mean, 0, 5 * found.standard_error);
}

TEST(CodeMmd, OneItemHasNoFigureAndTwoHave) {
  Signs model(0);
  EXPECT_TRUE(std::isnan(judged(model, 1).mean));
  EXPECT_TRUE(std::isfinite(judged(model, 2).mean));
}

}  // namespace
}  // namespace kiln
