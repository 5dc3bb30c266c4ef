#include "kiln/nn/adversarial/objective.h"

#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>

#include <cmath>

#include "kiln/core/error.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

AdversarialObjective objective(const std::string& name) {
  return AdversarialObjective::parse("test", name);
}

// Two laws over four values, with one critic output for each value.
const std::vector<double> kP{.5, .3, .15, .05}, kQ{.2, .2, .25, .35};

// E_P and E_Q of the critic's loss, exactly: the means of items repeated 20 times their mass.
double exact_loss(const AdversarialObjective& o, const std::vector<double>& output) {
  const auto repeated = [&](const std::vector<double>& mass) {
    std::vector<double> items;
    for (std::size_t i = 0; i < mass.size(); ++i)
      items.insert(items.end(), static_cast<std::size_t>(std::lround(mass[i] * 20)), output[i]);
    return torch::tensor(items, torch::kFloat64);
  };
  return o.critic_loss(repeated(kP), repeated(kQ)).item<double>();
}

std::vector<double> best_outputs(const AdversarialObjective& o) {
  std::vector<double> outputs;
  for (std::size_t i = 0; i < kP.size(); ++i)
    outputs.push_back(*o.optimum(std::log(kP[i] / kQ[i])));
  return outputs;
}

TEST(AdversarialObjective, OptimumHasTheKnownLossAndNoNeighbourIsLower) {
  const double js = .10783322791990738, tv = .4;
  double harmonic = 0;  // sum p q / (p + q)
  for (std::size_t i = 0; i < kP.size(); ++i) harmonic += kP[i] * kQ[i] / (kP[i] + kQ[i]);
  for (const auto& [name, loss] :
       std::vector<std::pair<std::string, double>>{{"minimax", std::log(4.) - 2 * js},
                                                   {"nonsaturating", std::log(4.) - 2 * js},
                                                   {"least_squares", harmonic / 2},
                                                   {"hinge", 2 - 2 * tv},
                                                   {"f:gan", std::log(4.) - 2 * js},
                                                   {"f:kl", -.4058655473518626},
                                                   {"f:pearson", -.7971428571428571}}) {
    const auto o = objective(name);
    auto best = best_outputs(o);
    if (name == "f:gan")  // T = ln D is g_f of the output; the output is the log ratio
      for (std::size_t i = 0; i < best.size(); ++i) best[i] = std::log(kP[i] / kQ[i]);
    EXPECT_NEAR(exact_loss(o, best), loss, 1e-12) << name;
    for (std::size_t i = 0; i < best.size(); ++i)
      for (const double step : {-.05, .05}) {
        auto near = best;
        near[i] += step;
        EXPECT_GE(exact_loss(o, near), loss - 1e-12) << name;
      }
  }
}

TEST(AdversarialObjective, LeastSquaresIsPearsonOfTheMixture) {
  // models.md's coding (-1, 1, 0) is a = 2 D - 1 of ours: sum (p - q)^2 / (p + q)
  double pearson = 0;
  for (std::size_t i = 0; i < kP.size(); ++i)
    pearson += (kQ[i] - kP[i]) * (kQ[i] - kP[i]) / (kP[i] + kQ[i]);
  EXPECT_NEAR(pearson, .39857142857142847, 1e-14);
  EXPECT_NEAR(exact_loss(objective("least_squares"), best_outputs(objective("least_squares"))),
              (2 - pearson) / 8, 1e-14);
}

TEST(AdversarialObjective, GeneratorLossesAndTheirSlopes) {
  const auto output = torch::tensor({-3., -.2, 1.5}, torch::kFloat64).requires_grad_();
  const auto slope = [&](const std::string& name) {
    return torch::autograd::grad({objective(name).generator_loss(output)}, {output})[0] * 3;
  };
  const auto d = torch::sigmoid(output.detach());
  EXPECT_TRUE(torch::allclose(slope("minimax"), -d));
  EXPECT_TRUE(torch::allclose(slope("nonsaturating"), d - 1));
  EXPECT_TRUE(torch::allclose(slope("least_squares"), output.detach() - 1));
  for (const auto* name : {"hinge", "wasserstein", "wasserstein_gp", "f:kl", "f:pearson"})
    EXPECT_TRUE(torch::allclose(slope(name), -torch::ones_like(d))) << name;
  EXPECT_TRUE(torch::allclose(slope("f:gan"), slope("nonsaturating")));
  EXPECT_TRUE(torch::allclose(slope("f:reverse_kl"), -(-output.detach()).exp()));
  EXPECT_NEAR(objective("nonsaturating").generator_loss(output).item<double>(),
              -d.log().mean().item<double>(), 1e-12);
  EXPECT_NEAR(objective("minimax").generator_loss(output).item<double>(),
              (1 - d).log().mean().item<double>(), 1e-12);
}

TEST(AdversarialObjective, EveryFRowIsTheTablesBound) {
  for (const auto& name : f_divergence_names("alpha:0.5")) {
    const auto f = f_divergence("test", name);
    const std::vector<double> v{.3, -.2, .1, -1};
    double bound = 0;
    for (std::size_t i = 0; i < v.size(); ++i)
      bound += kP[i] * f.activation(v[i]) - kQ[i] * f.conjugate(f.activation(v[i]));
    EXPECT_NEAR(exact_loss(objective("f:" + name), v), -bound, 1e-12) << name;
  }
}

TEST(AdversarialObjective, RealnessIsZeroWhereTheLawsAgree) {
  for (const auto& [name, equal] :
       std::vector<std::pair<std::string, double>>{{"nonsaturating", 0},
                                                   {"least_squares", .5},
                                                   {"hinge", 0},
                                                   {"f:kl", 1},
                                                   {"f:tv", 0},
                                                   {"f:gan", 0},
                                                   {"f:pearson", 0},
                                                   {"f:js", 0}}) {
    const auto output = torch::tensor({equal - 1, equal, equal + 1}, torch::kFloat64);
    const auto realness = objective(name).realness(output);
    EXPECT_LT(realness[0].item<double>(), 0) << name;
    EXPECT_NEAR(realness[1].item<double>(), 0, 1e-12) << name;
    EXPECT_GT(realness[2].item<double>(), 0) << name;
  }
}

TEST(AdversarialObjective, RefusesNamesThatAreNone) {
  EXPECT_NE(message_of<ConfigError>([] { objective("hing"); }).find("did you mean 'hinge'"),
            std::string::npos);
  EXPECT_NE(message_of<ConfigError>([] { objective("f:helinger"); }).find("hellinger"),
            std::string::npos);
  EXPECT_EQ(objective("wasserstein").optimum(1), std::nullopt);
}

}  // namespace
}  // namespace kiln
