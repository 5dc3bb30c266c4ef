#include "kiln/models/autoregressive/rnade.h"

#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/optim/adam.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "kiln/core/error.h"
#include "kiln/metrics/likelihood.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

constexpr double kLog2Pi = 1.8378770664093453;

// A model in float64 with normal weights.
std::unique_ptr<Rnade> random_rnade(RnadeOptions options, double scale, std::uint64_t seed) {
  auto model = std::make_unique<Rnade>(options);
  model->to(torch::kDouble);
  torch::NoGradGuard no_grad;
  Rng rng(seed);
  for (auto& p : model->parameters()) p.copy_(rng.normal(p.sizes()) * scale);
  return model;
}

Tensor parameter(Rnade& model, const std::string& name) { return model.named_parameters()[name]; }

DataMoments moments(const std::vector<double>& mean, const std::vector<double>& deviation) {
  return {torch::tensor(mean, torch::kDouble), torch::tensor(deviation, torch::kDouble)};
}

std::vector<RnadeOptions> kinds(std::int64_t dims) {
  std::vector<RnadeOptions> list;
  for (const auto component : {MixtureComponent::gaussian, MixtureComponent::laplace})
    for (const auto activation : {RnadeActivation::relu, RnadeActivation::sigmoid})
      list.push_back({.data_dim = dims,
                      .hidden = 6,
                      .components = 3,
                      .component = component,
                      .activation = activation,
                      .min_log_sigma = -2,
                      .ordering = Ordering::random,
                      .ordering_seed = 3});
  return list;
}

// Kolmogorov's statistic times sqrt(n) against U(0, 1); above 1.95 once in a thousand.
double kolmogorov(const Tensor& u) {
  const auto n = u.size(0);
  const auto sorted = std::get<0>(u.to(torch::kDouble).sort());
  const auto steps = torch::arange(n, torch::kDouble);
  const auto above = ((steps + 1) / n - sorted).max(), below = (sorted - steps / n).max();
  return torch::maximum(above, below).item<double>() * std::sqrt(static_cast<double>(n));
}

// Rows drawn from a normal law with mean 5 and deviation 3.
class Rows : public Dataset {
 public:
  Rows() { info_.shape = {2}; }
  const DataInfo& info() const override { return info_; }
  std::int64_t size() const override { return 50; }
  std::int64_t read(std::int64_t index, std::span<float> x) const override {
    const auto row = Rng(static_cast<std::uint64_t>(index)).normal({2}) * 3 + 5;
    std::copy_n(row.data_ptr<float>(), 2, x.begin());
    return -1;
  }

 private:
  DataInfo info_;
};

TEST(Rnade, EveryConditionalIntegratesToOne) {
  const std::int64_t points = 40001;
  const double width = 80;  // tails of the Laplace beyond it: e^-40
  for (const auto& options : kinds(3)) {
    const auto model = random_rnade(options, 0.5, 1);
    model->start_from_data(moments({1, -2, 0.5}, {2, 0.5, 1}));
    const auto item = Rng(2).normal({1, 3}).to(torch::kDouble);
    for (std::int64_t d = 0; d < 3; ++d) {
      auto x = item.expand({points, 3}).clone();
      const auto line = torch::linspace(-width / 2, width / 2, points, torch::kDouble);
      x.select(1, d).copy_(line);
      const auto density = model->log_conditionals(x).select(1, d).exp();
      EXPECT_NEAR(torch::trapz(density, line).item<double>(), 1, 1e-4) << d;
    }
  }
}

TEST(Rnade, TheDensityOnThePlaneIntegratesToOne) {
  const std::int64_t side = 401;
  const auto line = torch::linspace(-20, 20, side, torch::kDouble);
  const auto grid = torch::meshgrid({line, line}, "ij");
  const auto x = torch::stack({grid[0].reshape({-1}), grid[1].reshape({-1})}, 1);
  for (auto options : kinds(2)) {
    options.min_log_sigma = -1;  // sigma >= 0.37, four steps of the grid
    const auto model = random_rnade(options, 0.3, 4);
    torch::NoGradGuard no_grad;
    const auto density = model->log_prob(x).exp().reshape({side, side});
    const auto inner = torch::trapz(density, line, 1);
    EXPECT_NEAR(torch::trapz(inner, line).item<double>(), 1, 1e-3);
  }
}

TEST(Rnade, WithoutWAndWithOneComponentItIsIndependentGaussians) {
  const auto model = random_rnade({.data_dim = 3, .components = 1, .min_log_sigma = -20}, 1, 5);
  torch::NoGradGuard no_grad;
  for (const auto* name : {"W", "V", "b"}) parameter(*model, name).zero_();
  auto x = Rng(6).normal({1000, 3}).to(torch::kDouble) *
               torch::tensor({3.0, 0.5, 10.0}, torch::kDouble) +
           7;
  const auto mean = x.mean(0), deviation = (x - mean).square().mean(0).sqrt();
  model->start_from_data({mean, deviation});
  // The mean nll of the best Gaussian of a column is log(2 pi e s^2) / 2.
  const auto best = 0.5 * (kLog2Pi + 1) * 3 + deviation.log().sum().item<double>();
  EXPECT_NEAR(-model->log_prob(x).mean().item<double>(), best, 1e-6);
}

TEST(Rnade, LinearUnitsOneComponentAndFixedSigmaAreAMultivariateNormal) {
  const std::int64_t dims = 4, hidden = 3;
  const auto model = random_rnade(
      {.data_dim = dims, .hidden = hidden, .components = 1, .min_log_sigma = -20}, 0.6, 7);
  torch::NoGradGuard no_grad;
  const auto W = parameter(*model, "W"), V = parameter(*model, "V"), b = parameter(*model, "b");
  const auto c = parameter(*model, "c"), rho = parameter(*model, "rho");
  c.fill_(100);  // no unit is ever negative: ReLU is the identity
  rho.copy_(rho.abs() + 0.1);
  for (const std::int64_t head : {0, 2}) V.select(2, head).zero_();
  b.select(1, 1).sub_(100 * rho * V.select(2, 1).sum(1));
  // mu_d = offset_d + sum_{e < d} L_de y_e  with  L_de = rho_d V_d . W_e:  y = L y + offset +
  // noise.
  const auto v = V.select(2, 1) * rho.unsqueeze(1);
  const auto L = torch::mm(v, W.t()).tril(-1);
  const auto offset = b.select(1, 1) + 100 * v.sum(1);
  const auto A = torch::inverse(torch::eye(dims, torch::kDouble) - L);
  const auto sigma = b.select(1, 2).exp() + std::exp(-20.0);
  const auto mean = torch::mv(A, offset);
  const auto covariance = torch::mm(A * sigma.square(), A.t());
  const auto x = Rng(8).normal({50, dims}).to(torch::kDouble);
  const auto centred = x - mean;
  const auto distance = (torch::mm(centred, torch::inverse(covariance)) * centred).sum(1);
  const auto expected = -0.5 * (distance + torch::logdet(covariance) + dims * kLog2Pi);
  EXPECT_LT((model->log_prob(x) - expected).abs().max().item<double>(), 1e-8);
  EXPECT_GT(L.abs().max().item<double>(), 0.1);
}

TEST(Rnade, EqualComponentsAreOneComponent) {
  for (auto options : kinds(4)) {
    options.components = 1;
    const auto one = random_rnade(options, 0.7, 9);
    options.components = 5;
    const auto five = random_rnade(options, 0.7, 9);
    torch::NoGradGuard no_grad;
    for (const auto* name : {"W", "rho", "c"}) parameter(*five, name).copy_(parameter(*one, name));
    for (const auto* name : {"V", "b"})
      parameter(*five, name).copy_(parameter(*one, name).repeat_interleave(5, -1));
    const auto x = Rng(10).normal({30, 4}).to(torch::kDouble);
    EXPECT_LT((five->log_prob(x) - one->log_prob(x)).abs().max().item<double>(), 1e-12);
  }
}

TEST(Rnade, ConditionalsDependOnEarlierColumnsAndOnNoOthers) {
  const auto model = random_rnade(kinds(5)[1], 0.8, 11);
  const auto x = torch::full({1, 5}, 0.5, torch::kDouble).set_requires_grad(true);
  const auto mu = model->conditionals(x).mu;
  const auto step = torch::argsort(model->ordering());
  ASSERT_FALSE(torch::equal(step, torch::arange(5)));
  for (std::int64_t d = 0; d < 5; ++d) {
    const auto slope = torch::autograd::grad({mu[0][d].sum()}, {x}, {}, true)[0][0];
    EXPECT_TRUE(torch::equal(slope != 0, step < step[d])) << d;
  }
}

TEST(Rnade, SamplesHaveUniformConditionalDistributionFunctions) {
  for (const auto& options : kinds(3)) {
    const auto model = random_rnade(options, 0.3, 12);
    model->start_from_data(moments({1, -2, 0.5}, {2, 0.5, 1}));
    torch::NoGradGuard no_grad;
    Rng rng(13);
    const auto u = model->conditional_cdf(model->sample({.count = 20000}, rng));
    for (std::int64_t d = 0; d < 3; ++d) EXPECT_LT(kolmogorov(u.select(1, d)), 1.95) << d;
    // Uncorrelated: 12 cov has deviation 1 / sqrt(n).
    const auto centred = u - 0.5;
    const auto correlation = 12 * torch::mm(centred.t(), centred) / 20000;
    EXPECT_LT(correlation.triu(1).abs().max().item<double>(), 4 / std::sqrt(20000.0));
  }
}

TEST(Rnade, TheCdfIsTheIntegralOfTheDensity) {
  for (const auto& options : kinds(1)) {
    const auto model = random_rnade(options, 0.7, 14);
    const auto x = torch::linspace(-3, 3, 13, torch::kDouble).unsqueeze(1).set_requires_grad(true);
    const auto slope = torch::autograd::grad({model->conditional_cdf(x).sum()}, {x})[0];
    const auto density = model->log_prob(x).exp();
    EXPECT_LT((slope.select(1, 0) - density).abs().max().item<double>(), 1e-12);
  }
}

TEST(Rnade, ADrawIsTheQuantileOfItsUniform) {
  for (auto options : kinds(1)) {
    options.components = 1;  // with one component the draw is the inverse of the cdf
    const auto model = random_rnade(options, 0.7, 15);
    const auto u = torch::tensor({0.001, 0.25, 0.5, 0.75, 0.999}, torch::kDouble).unsqueeze(1);
    torch::NoGradGuard no_grad;
    EXPECT_LT((model->conditional_cdf(model->draw(u)) - u).abs().max().item<double>(), 1e-6);
    EXPECT_TRUE(model->draw(torch::zeros({1, 1}, torch::kDouble)).isfinite().all().item<bool>());
  }
}

TEST(Rnade, TemperatureWidensTheComponents) {
  for (const auto component : {MixtureComponent::gaussian, MixtureComponent::laplace}) {
    const auto model =
        random_rnade({.data_dim = 1, .components = 1, .component = component}, 0.5, 16);
    const auto at = [&](double temperature) {
      Rng rng(17);
      return model->sample({.count = 100, .temperature = temperature}, rng);
    };
    const auto mu = model->conditionals(torch::zeros({1, 1}, torch::kDouble)).mu.item<double>();
    const double factor = component == MixtureComponent::gaussian ? 2 : 4;
    EXPECT_LT((at(4) - mu - factor * (at(1) - mu)).abs().max().item<double>(), 1e-9);
  }
}

TEST(Rnade, ConditionalsMultiplyToTheDensityAndDrawStepByStep) {
  for (const auto& options : kinds(6)) {
    const auto model = random_rnade(options, 0.3, 18);
    model->start_from_data(moments({1, -2, 0.5, 0, 3, 4}, {2, 0.5, 1, 1, 8, 0.1}));
    torch::NoGradGuard no_grad;
    const auto uniform = Rng(19).uniform({200, 6});
    const auto drawn = model->draw(uniform);
    const auto sums = model->log_conditionals(drawn).sum(1);
    EXPECT_LT((sums - model->log_prob(drawn)).abs().max().item<double>(), 1e-10);

    auto x = torch::full({200, 6}, 0.5, torch::kDouble);  // read only where it has been drawn
    for (std::int64_t i = 0; i < 6; ++i) {
      const auto d = model->ordering()[i].item<std::int64_t>();
      x.select(1, d).copy_(model->draw_one(x, d, uniform.select(1, d)));
    }
    EXPECT_LT((x - drawn).abs().max().item<double>(), 1e-9);
  }
}

TEST(Rnade, StandardisationShiftsTheLogDensityByTheLogScales) {
  const auto model = random_rnade(kinds(3)[0], 0.7, 20);
  const auto y = Rng(21).normal({40, 3}).to(torch::kDouble);
  torch::NoGradGuard no_grad;
  const auto standard = model->log_prob(y);
  EXPECT_EQ(model->log_volume(), 0);
  const auto m = moments({3, -1, 100}, {4, 0.25, 2});  // powers of two: nothing is rounded
  model->start_from_data(m);
  const auto own = model->log_prob(y * m.deviation + m.mean);
  EXPECT_NEAR(model->log_volume(), std::log(4 * 0.25 * 2), 1e-15);
  EXPECT_LT((own + std::log(2.0) - standard).abs().max().item<double>(), 1e-12);
}

TEST(Rnade, IsJudgedInBothUnits) {
  Rnade model({.data_dim = 2});
  const auto data = std::make_shared<Rows>();
  const auto nll = [&](const std::string& metric) {
    return judge(model, metric, data, {}, torch::kCPU).mean;
  };
  model.start_from_data({torch::full({2}, 5.f), torch::full({2}, 4.f)});
  EXPECT_NEAR(nll("nll") - nll("nll_standardised"), 2 * std::log(4.0), 1e-5);
}

TEST(Rnade, CompletionsContinueWhatIsKnown) {
  Rnade model({.data_dim = 4, .hidden = 5, .components = 2});
  model.start_from_data({torch::tensor({1.f, 2.f, 3.f, 4.f}), torch::tensor({1.f, 3.f, 2.f, .5f})});
  Rng a(22), b(22), c(22);
  const auto x = model.sample({.count = 9}, a);
  const auto nothing = torch::full({9, 4}, std::nan(""));
  EXPECT_TRUE(torch::equal(model.complete(nothing, torch::zeros({9, 4}), b), x));
  auto known = torch::zeros({9, 4}), part = nothing.clone();
  known.slice(1, 0, 2).fill_(1);
  part.slice(1, 0, 2).copy_(c.normal({9, 2}) * 7 + 0.1);
  Rng d(23), e(23);
  const auto completed = model.complete(part, known, d), uniform = e.uniform({9, 4});
  EXPECT_TRUE(torch::equal(completed.slice(1, 0, 2), part.slice(1, 0, 2)));
  for (const std::int64_t column : {2, 3}) {
    const auto one = model.draw_one(completed, column, uniform.select(1, column));
    EXPECT_LT((completed.select(1, column) - one).abs().max().item<float>(), 1e-4);
  }
}

TEST(Rnade, StartsNearTheStandardNormal) {
  for (const std::int64_t components : {1, 4, 10}) {
    Rng rng(23);
    Rng::Scope scope(rng);
    Rnade model({.data_dim = 2, .components = components});
    const auto x = torch::randn({2000, 2});
    torch::NoGradGuard no_grad;
    const auto nll = -model.log_prob(x).mean().item<double>();
    EXPECT_NEAR(nll, 0.5 * (kLog2Pi + 1) * 2, 0.15);  // 5 errors of 1 / sqrt(2000), and V's part
  }
}

TEST(Rnade, LearnsARing) {
  Rng rng(24);
  std::unique_ptr<Rnade> model;
  {
    Rng::Scope scope(rng);
    model = std::make_unique<Rnade>(RnadeOptions{.data_dim = 2, .hidden = 32, .components = 4});
  }
  const auto player = model->players()[0];
  torch::optim::Adam adam(model->parameters(), torch::optim::AdamOptions(0.01));
  double nll = 0;
  for (int step = 0; step < 400; ++step) {
    const auto angle = rng.uniform({200}) * 2 * std::numbers::pi;
    const auto x = torch::stack({angle.cos(), angle.sin()}, 1) * std::numbers::sqrt2 +
                   rng.normal({200, 2}) * 0.1;
    adam.zero_grad();
    const auto loss = player.objective({x, {}}, rng).loss;
    loss.backward();
    adam.step();
    nll += loss.item<double>() / 50 * (step >= 350);
  }
  // Entropy of a thin ring: log of its length plus that of the noise across, 0.80 nats; a Gaussian
  // needs 2.84.
  const double entropy =
      std::log(2 * std::numbers::pi * std::numbers::sqrt2) + 0.5 * (kLog2Pi + 1) + std::log(0.1);
  EXPECT_LT(nll, entropy + 0.35);
  EXPECT_GT(nll, entropy - 0.1) << "no model can beat the entropy";
}

TEST(Rnade, HasTheNumberOfParametersOfThePaper) {
  Rnade model({.data_dim = 11, .hidden = 50, .components = 20});
  std::int64_t total = 0;
  for (const auto& p : model.parameters()) total += p.numel();
  EXPECT_EQ(total, 11 * 50 + 50 + 11 + 3 * (11 * 50 * 20 + 11 * 20));
  EXPECT_EQ(likelihood_metrics(model),
            (std::vector<std::string>{"nll", "bpd", "nll_standardised"}));
}

TEST(Rnade, RefusesWhatItCannotConditionOn) {
  Rnade model({.data_dim = 4});
  Rng rng(25);
  auto known = torch::ones({2, 4});
  known[1][1] = 0;
  EXPECT_EQ(message_of<ConfigError>([&] {
              model.complete(torch::zeros({2, 4}), known, rng);
            }),
            "[rnade.complete] known columns must come before all unknown ones in the ordering "
            "'raster', but column 2 of row 1 is known and comes after an unknown one; mask a later "
            "part, or train with an ordering that visits the known part first");
  known.fill_(1);
  EXPECT_EQ(message_of<ConfigError>([&] {
              model.complete(torch::full({2, 4}, std::nan("")), known, rng);
            }),
            "[rnade.complete] known columns must be finite; mask them as unknown");
  EXPECT_EQ(message_of<ShapeError>([&] {
              model.complete(torch::zeros({2, 4}), torch::ones({1, 4}), rng);
            }),
            "[rnade.complete] known must have shape [2, 4], got [1, 4]");
}

TEST(Rnade, RefusesWrongShapesValuesAndSettings) {
  Rnade model({.data_dim = 3});
  Rng rng(26);
  EXPECT_EQ(message_of<ShapeError>([&] {
              model.log_prob(torch::zeros({4, 5}));
            }),
            "[rnade.log_prob] x must have shape [*, 3], got [4, 5]");
  EXPECT_EQ(message_of<ConfigError>([&] {
              model.log_prob(torch::full({1, 3}, std::nan("")));
            }),
            "[rnade_scan] x must be finite, got nan at row 0, column 0; leave such rows out of the "
            "data");
  const auto constant =
      DataMoments{torch::tensor({1.f, 6.5f, 0.f}), torch::tensor({1.f, 0.f, 1.f})};
  EXPECT_EQ(message_of<ConfigError>([&] { model.start_from_data(constant); }),
            "[rnade.start_from_data] column 1 (counted from 0) is 6.5 in every row, so it has no "
            "density; leave it out with columns= in the data source");
  EXPECT_EQ(message_of<ConfigError>([&] {
              model.start_from_data({torch::ones({1, 1, 3}), torch::ones({1, 1, 3})});
            }),
            "[rnade] learns tables of real numbers, and the data are pictures; take a model of "
            "pictures, as pixel_cnn_pp or vae with --decoder gaussian");
  EXPECT_EQ(message_of<ConfigError>([&] { model.sample({.temperature = 0}, rng); }),
            "[sample] temperature must be positive, got 0");
  EXPECT_EQ(message_of<ConfigError>([&] { model.sample({.count = 0}, rng); }),
            "[sample] count must be positive, got 0");
  EXPECT_EQ(message_of<ConfigError>([] { Rnade({.components = 0}); }),
            "[rnade.components] must be between 1 and 1024, got 0");
}

}  // namespace
}  // namespace kiln
