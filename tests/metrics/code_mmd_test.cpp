#include "kiln/metrics/code_mmd.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>

namespace kiln {
namespace {

// Codes are x itself; the prior is -1 or 1, each half of the time: E|a - b|^2 = 2.
class Signs : public Encoder, public Prior {
 public:
  std::int64_t code_size() const override { return 1; }
  Tensor encode_mean(const Tensor& x) override { return x; }
  Tensor sample_prior(std::int64_t count, Rng& rng) override {
    return 2 * rng.integers(2, {count, 1}).to(torch::kDouble) - 1;
  }
};

// Each x has two codes of equal probability: a draw has the prior's law, the mean has not.
class DrawnSigns : public Signs {
 public:
  Tensor encode_draw(const Tensor& x, Rng& rng) override { return sample_prior(x.size(0), rng); }
};

// sum_s s C / (s C + d^2), C = 2.
double kernel(double squared) {
  double sum = 0;
  for (const double s : {.1, .2, .5, 1., 2., 5., 10.}) sum += 2 * s / (2 * s + squared);
  return sum;
}

struct MeanOfBatches {
  double mean, error;
};

MeanOfBatches mean_mmd2(Signs& model, const Tensor& x) {
  Rng rng(5);
  std::vector<Tensor> each;
  for (int batch = 0; batch < 2000; ++batch) each.push_back(code_mmd2(model, model, x, rng));
  const auto all = torch::cat(each);
  return {all.mean().item<double>(), all.std().item<double>() / std::sqrt(2000.0)};
}

TEST(CodeMmd, CodesAtZeroAreAsFarAsTheKernelSays) {
  Signs model;
  const auto found = mean_mmd2(model, torch::zeros({20, 1}, torch::kDouble));
  const double exact = kernel(0) + (kernel(0) + kernel(4)) / 2 - 2 * kernel(1);
  // The scale C is estimated from 10000 draws of equal squares: it is off by at most 1e-3 or so.
  EXPECT_NEAR(found.mean, exact, 5 * found.error + .005);
  EXPECT_GT(exact, 1);
}

TEST(CodeMmd, DrawsOfThePriorsLawAreNoneAway) {
  DrawnSigns model;
  const auto found = mean_mmd2(model, torch::zeros({20, 1}, torch::kDouble));
  EXPECT_NEAR(found.mean, 0, 5 * found.error);
  EXPECT_LT(found.error, .01);
}

TEST(CodeMmd, OneItemGivesNoFigure) {
  Signs model;
  Rng rng(1);
  EXPECT_EQ(code_mmd2(model, model, torch::zeros({1, 1}, torch::kDouble), rng).numel(), 0);
}

}  // namespace
}  // namespace kiln
