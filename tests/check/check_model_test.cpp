#include "kiln/check/check_model.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>

#include "kiln/models/autoregressive/nade.h"
#include "kiln/models/latent/vae.h"

namespace kiln {
namespace {

enum class Fault {
  none,
  shift_forgotten,   // the recurrence adds x_d before it predicts x_d
  diagonal_in_mask,  // the mask keeps its diagonal
  future_in_mask,    // the mask keeps one place too many
  probs_as_logits,   // probabilities fed to a loss that wants logits
  stale_cache,       // the cached sampler misses the first pixel
  gradient_cut,      // a parameter's gradient is lost on the way
  gradient_doubled,  // ... or comes twice
  poisoned,          // NaN weights
};

// A small model of binary x with one fault on purpose: l = b + (V * mask) x, after tanh of a
// running sum in the faults that want a recurrence.
class Broken : public Model, public Autoregressive {
 public:
  Broken(std::int64_t dims, Fault fault) : fault_(fault) {
    Rng rng(4);
    V_ = register_parameter("V", rng.normal({dims, dims}));
    b_ = register_parameter("b", rng.normal({dims}));
    const auto diagonal =
        fault == Fault::diagonal_in_mask || fault == Fault::shift_forgotten ? 0 : -1;
    mask_ = register_buffer("mask", torch::ones({dims, dims}).tril(diagonal));
    if (fault == Fault::future_in_mask) mask_[2][3] = 1;
    if (fault == Fault::poisoned) {
      torch::NoGradGuard no_grad;
      V_[3][1] = std::nan("");
    }
    order_ = torch::arange(dims);
  }

  Values values() const override { return Values::binary; }
  const Tensor& ordering() const override { return order_; }
  Tensor log_prob(const Batch& batch) override { return log_conditionals(batch.x).sum(1); }
  Tensor log_conditionals(const Batch& batch) override {
    auto l = logits(batch.x);
    if (fault_ == Fault::probs_as_logits) l = torch::sigmoid(l);
    return batch.x * l - torch::softplus(l);
  }
  Tensor draw(const Batch& uniform) override {
    auto x = torch::zeros_like(uniform.x);
    for (std::int64_t d = 0; d < uniform.x.size(1); ++d) {
      auto seen = x.clone();
      if (fault_ == Fault::stale_cache) seen.select(1, 0).zero_();
      x.select(1, d).copy_(draw_one(seen, d, uniform.x.select(1, d)));
    }
    return x;
  }
  Tensor draw_one(const Batch& batch, std::int64_t d, const Tensor& uniform) override {
    torch::NoGradGuard no_grad;
    return uniform.lt(torch::sigmoid(logits(batch.x).select(1, d))).to(batch.x.scalar_type());
  }

 private:
  Tensor logits(const Tensor& x) const {
    auto V = V_;
    if (fault_ == Fault::gradient_cut) V = V_.detach();
    if (fault_ == Fault::gradient_doubled) V = 2 * V_ - V_.detach();
    return torch::matmul(x, (V * mask_).t()) + b_;
  }

  Fault fault_;
  Tensor V_, b_, mask_, order_;
};

Tensor coins(std::int64_t items, std::int64_t dims) {
  return Rng(2).bernoulli(torch::full({items, dims}, 0.4));
}

CheckReport report_of(Model& model, const Tensor& x) {
  Rng rng(1, "check");
  return check_model(model, {x, {}}, rng);
}

std::vector<std::string> red(const CheckReport& report) {
  std::vector<std::string> names;
  for (const auto& f : report.findings)
    if (!f.passed) names.push_back(f.name);
  return names;
}

std::vector<std::string> red(Fault fault) {
  Broken model(6, fault);
  return red(report_of(model, coins(64, 6)));
}

using Names = std::vector<std::string>;

TEST(CheckModel, ASoundModelPassesEverything) {
  EXPECT_EQ(red(Fault::none), Names{});
  Nade nade({.data_dim = 9, .hidden = 5, .ordering = Ordering::random});
  const auto before = nade.named_parameters()["W"].detach().clone();
  const auto report = report_of(nade, coins(64, 9));
  EXPECT_EQ(red(report), Names{});
  EXPECT_EQ(report.findings.size(), 6);
  EXPECT_TRUE(torch::equal(nade.named_parameters()["W"], before)) << "the model must come back";
}

TEST(CheckModel, SaysWhatItLooksAtNext) {
  Broken model(6, Fault::none);
  Rng rng(5);
  std::vector<std::string> told;
  const auto report =
      check_model(model, coins(64, 6), rng, [&](const auto& what, auto done, auto of) {
        EXPECT_EQ(done, told.size());
        EXPECT_EQ(of, 6U);
        told.push_back(what);
      });
  EXPECT_EQ(told, (Names{"the sum over all items", "conditionals", "what each law reads",
                         "the two ways to draw", "the law of draws", "the gradient"}));
  EXPECT_EQ(report.findings.size(), told.size());
}

TEST(CheckModel, AForgottenShiftIsNoLaw) {
  EXPECT_EQ(red(Fault::shift_forgotten),
            (Names{"normalised", "conditionals", "cached sampler", "sampler law"}));
}

TEST(CheckModel, ADiagonalInTheMaskIsNoLaw) {
  EXPECT_EQ(red(Fault::diagonal_in_mask),
            (Names{"normalised", "conditionals", "cached sampler", "sampler law"}));
}

TEST(CheckModel, AMaskThatKeepsTheFutureLeaks) {
  const auto names = red(Fault::future_in_mask);
  EXPECT_NE(std::find(names.begin(), names.end(), "causal"), names.end());
  EXPECT_NE(std::find(names.begin(), names.end(), "normalised"), names.end());
}

TEST(CheckModel, ProbabilitiesFedAsLogitsAreAnotherLawThanTheSamplers) {
  EXPECT_EQ(red(Fault::probs_as_logits), Names{"sampler law"});
}

TEST(CheckModel, ASamplerWithAStaleCacheDiffersFromTheNaiveOne) {
  EXPECT_EQ(red(Fault::stale_cache), (Names{"cached sampler", "sampler law"}));
}

TEST(CheckModel, ALostOrDoubledGradientIsNotTheSlope) {
  EXPECT_EQ(red(Fault::gradient_cut), Names{"gradient"});
  EXPECT_EQ(red(Fault::gradient_doubled), Names{"gradient"});
}

TEST(CheckModel, NothingIsPassedByNumbersThatAreNone) {
  const auto names = red(Fault::poisoned);
  EXPECT_GE(names.size(), 4) << "NaN must turn a finding red";
}

TEST(CheckModel, LeaksStandInTheOrderOfTheSteps) {
  Nade nade({.data_dim = 5, .hidden = 4, .ordering = Ordering::random, .ordering_seed = 3});
  {
    torch::NoGradGuard no_grad;
    Rng rng(3);
    for (auto& p : nade.parameters()) p.copy_(rng.normal(p.sizes()));
  }
  const auto leaks = find_leaks(nade, Values::binary, coins(8, 5));
  ASSERT_EQ(leaks.moves.sizes(), (std::vector<std::int64_t>{5, 5}));
  for (std::int64_t i = 0; i < 5; ++i)
    for (std::int64_t j = 0; j < 5; ++j) {
      const auto moved = leaks.moves[i][j].item<double>();
      if (i < j)
        EXPECT_EQ(moved, 0) << i << ' ' << j;
      else
        EXPECT_GT(moved, 1e-3) << i << ' ' << j;
    }
}

// A bound that falls with more draws is none.
class FallingBound : public Model, public Bound {
 public:
  bool bounds_mass() const override { return true; }
  explicit FallingBound(double rise) : rise_(rise) {}
  Values values() const override { return Values::binary; }
  Tensor elbo(const Batch& batch, Rng& rng) override { return noise(batch.x, rng); }
  Tensor log_prob_iwae(const Batch& batch, std::int64_t draws, Rng& rng) override {
    return noise(batch.x, rng) + rise_ * std::log(static_cast<double>(draws));
  }

 private:
  static Tensor noise(const Tensor& x, Rng& rng) { return rng.normal({x.size(0)}) * 0.1 - 5; }
  double rise_;
};

TEST(CheckModel, BoundsMustRiseWithTheirDraws) {
  FallingBound rising(0.1), falling(-0.1);
  EXPECT_EQ(red(report_of(rising, coins(64, 4))), Names{});
  EXPECT_EQ(red(report_of(falling, coins(64, 4))), Names{"bounds"});
  Vae vae({.data_dim = 16, .channels = 1, .height = 4, .width = 4, .latent = 2});
  EXPECT_EQ(red(report_of(vae, coins(64, 16).reshape({64, 1, 4, 4}))), Names{});
}

// A mixture of two normal laws per number, each mean moved by the number before; `weight` is the
// mass of the whole.
class RealSteps : public Model, public Autoregressive {
 public:
  RealSteps(double weight, double shift) : weight_(weight), shift_(shift) {}
  Values values() const override { return Values::real; }
  const Tensor& ordering() const override { return order_; }
  Tensor log_prob(const Batch& batch) override { return log_conditionals(batch.x).sum(1); }
  Tensor log_conditionals(const Batch& batch) override {
    const auto z = batch.x - means(batch.x);
    const auto log_normal = [](const Tensor& t, double s) {
      return -0.5 * (t / s).square() - std::log(s) - 0.5 * std::log(2 * M_PI);
    };
    return torch::logaddexp(log_normal(z - 1, 0.5), log_normal(z + 1, 0.2)) + std::log(weight_ / 2);
  }
  Tensor draw(const Batch& uniform) override {
    auto x = torch::zeros_like(uniform.x);
    for (std::int64_t d = 0; d < 2; ++d)
      x.select(1, d).copy_(draw_one(x, d, uniform.x.select(1, d)));
    return x;
  }
  Tensor draw_one(const Batch& batch, std::int64_t d, const Tensor& uniform) override {
    const auto left = uniform < 0.5;
    const auto rest = (torch::where(left, uniform, uniform - 0.5) * 2).clamp(1e-6, 1 - 1e-6);
    const auto normal = std::sqrt(2.0) * torch::erfinv(2 * rest - 1);
    return means(batch.x).select(1, d) + torch::where(left, 1 + 0.5 * normal, 0.2 * normal - 1) +
           shift_;
  }

 private:
  static Tensor means(const Tensor& x) {
    return torch::stack({torch::zeros_like(x.select(1, 0)), 0.8 * x.select(1, 0)}, 1);
  }
  double weight_, shift_;
  Tensor order_ = torch::arange(2);
};

TEST(CheckModel, DensitiesOfRealNumbersAreIntegrated) {
  Rng rng(6);
  const auto x = rng.normal({256, 2});
  RealSteps sound(1, 0), heavy(1.02, 0), moved(1, 0.3);
  EXPECT_EQ(red(report_of(sound, x)), Names{});
  EXPECT_EQ(red(report_of(heavy, x)), (Names{"normalised", "conditionals"}));
  EXPECT_EQ(red(report_of(moved, x)), Names{"sampler law"});
}

// Four independent numbers, two of them mixtures of two normal laws; p is `weight` times too large,
// and draws lie `shift` beside it.
class FittedLaw : public Model, public Likelihood, public Sampler {
 public:
  FittedLaw(double weight, double shift) : weight_(weight), shift_(shift) {}
  Values values() const override { return Values::real; }
  Tensor log_prob(const Batch& batch) override {
    const auto log_normal = [](const Tensor& z) { return -.5 * z * z - .9189385332046727; };
    const auto wide = log_normal(batch.x.slice(1, 2)).sum(1);
    const auto halves = torch::logaddexp(log_normal(batch.x.slice(1, 0, 2) - 3),
                                         log_normal(batch.x.slice(1, 0, 2) + 3)) -
                        std::log(2.);
    return wide + halves.sum(1) + std::log(weight_);
  }
  Tensor draw_samples(const SampleRequest& request, Rng& rng) override {
    auto x = rng.normal({request.count, 4});
    x.slice(1, 0, 2).add_(6 * (rng.uniform({request.count, 2}) < .5).to(torch::kFloat32) - 3);
    return x + shift_;
  }

 private:
  double weight_, shift_;
};

TEST(CheckModel, ADensityOfMoreNumbersThanAGridHoldsIsWeighedByItsSamples) {
  Rng rng(6);
  FittedLaw sound(1, 0), heavy(1.3, 0), moved(1, .5);
  const auto x = sound.sample({.count = 256}, rng);
  EXPECT_EQ(red(report_of(sound, x)), Names{});
  EXPECT_EQ(red(report_of(heavy, x)), Names{"density"});
  EXPECT_EQ(red(report_of(moved, x)), Names{"density"});
  const auto report = report_of(sound, x);
  ASSERT_EQ(report.findings.size(), 1u);  // no empty pass
}

}  // namespace
}  // namespace kiln
