// What training raises: the bound, or the importance-weighted bound.
#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kiln/prob/log_mean_exp.h"
#include "tests/models/latent/small_vae.h"

namespace kiln {
namespace {

constexpr auto kIwae = VaeObjective::iwae;

Objective objective_of(Vae& vae, const Tensor& x, std::uint64_t seed) {
  Rng rng(seed);
  return vae.players().at(0).objective({x, {}}, rng);
}

// The K noises that the objective draws from this seed: [K, B, J].
Tensor noise_of(std::uint64_t seed, at::IntArrayRef shape) {
  return Rng(seed).normal(shape).to(torch::kDouble);
}

// log w_k written out anew: log p(x|z) + log p(z) - log q(z|x), each law by its own formula.
Tensor log_weight(Vae& vae, const Tensor& x, const Tensor& noise) {
  const auto q = vae.encode({x, {}}).base;
  const auto std = torch::exp(.5 * q.log_var);
  const auto z = q.mean + std * noise;
  const auto p = torch::sigmoid(vae.decode_parameters(z));
  const auto log_x = (x * torch::log(p) + (1 - x) * torch::log1p(-p)).sum(-1);
  const auto log_ratio = -.5 * z.pow(2) + .5 * ((z - q.mean) / std).pow(2) + torch::log(std);
  return log_x + log_ratio.sum(-1);
}

TEST(VaeObjective, ImportanceLossIsMinusTheLogOfTheMeanWeight) {
  const auto vae = drawn_vae(
      {.data_dim = 5, .latent = 2, .hidden = 4, .layers = 1, .objective = kIwae, .k = 3}, .7);
  const auto x = every_image(5).slice(0, 3, 7);
  const auto noise = noise_of(8, {3, 4, 2});
  auto mean_weight = torch::zeros({4}, torch::kDouble);
  for (int k = 0; k < 3; ++k) mean_weight += torch::exp(log_weight(*vae, x, noise[k])) / 3;
  EXPECT_NEAR(objective_of(*vae, x, 8).loss.item<double>(),
              -torch::log(mean_weight).mean().item<double>(), 1e-12);
}

// B4: the gradient of -log (1/K) sum_k w_k is -sum_k w~_k grad log w_k, w~ the normalised weights.
TEST(VaeObjective, ImportanceGradientIsTheWeightedSumOfTheDrawsGradients) {
  const auto vae =
      drawn_vae({.data_dim = 5, .latent = 2, .hidden = 4, .objective = kIwae, .k = 4}, .7);
  const auto x = every_image(5).slice(0, 9, 10);
  const auto noise = noise_of(3, {4, 1, 2});
  const auto parameters = vae->parameters();
  std::vector<Tensor> log_weights, wanted;
  for (int k = 0; k < 4; ++k) log_weights.push_back(log_weight(*vae, x, noise[k]).sum());
  const auto share = torch::softmax(torch::stack(log_weights).detach(), 0);
  for (const auto& p : parameters) wanted.push_back(torch::zeros_like(p));
  for (int k = 0; k < 4; ++k) {
    const auto slopes = torch::autograd::grad({log_weights[std::size_t(k)]}, parameters);
    for (std::size_t i = 0; i < slopes.size(); ++i) wanted[i] -= share[k] * slopes[i];
  }
  const auto slopes = torch::autograd::grad({objective_of(*vae, x, 3).loss}, parameters);
  for (std::size_t i = 0; i < slopes.size(); ++i)
    EXPECT_TRUE(torch::allclose(slopes[i], wanted[i], 1e-10, 1e-12)) << i;
}

// Section 3 of arXiv:1509.00519: the loss is that of all draws, and so is the mean gradient, here
// with the ratio to the power 1/2.
void expect_few_to_stand_for_all(VaeOptions options) {
  options.objective = kIwae, options.k = 6, options.beta = .5;
  const auto all = drawn_vae(options, .7);
  options.gradient_draws = 2;
  const auto few = drawn_vae(options, .7);
  const Batch batch{every_image(5).slice(0, 9, 12), torch::tensor({0, 1, 1})};
  const auto gradient = [&](Vae& vae, std::uint64_t seed) {
    Rng rng(seed);
    const auto loss = vae.players().at(0).objective(batch, rng).loss;
    std::vector<Tensor> flat;
    for (const auto& g : torch::autograd::grad({loss}, vae.parameters()))
      flat.push_back(g.flatten());
    return std::pair(loss.item<double>(), torch::cat(flat));
  };
  std::vector<Tensor> differences;
  for (std::uint64_t seed = 0; seed < 1500; ++seed) {
    const auto [loss, wanted] = gradient(*all, seed);
    const auto [same_loss, noisy] = gradient(*few, seed);
    ASSERT_NEAR(same_loss, loss, 1e-12);
    differences.push_back(noisy - wanted);
  }
  const auto each = torch::stack(differences);
  const auto error = each.std(0) / std::sqrt(double(each.size(0)));
  EXPECT_TRUE((each.mean(0).abs() <= 5 * error + 1e-12).all().item<bool>());
  EXPECT_GT(error.max().item<double>(), 1e-4);  // and they do differ
}

TEST(VaeObjective, FewDrawsCarryTheGradientOfAllOnAverage) {
  const VaeOptions small{.data_dim = 5, .latent = 2, .hidden = 4, .layers = 1};
  expect_few_to_stand_for_all(small);
  auto conditional = small;
  conditional.condition = Condition::label, conditional.classes = 2;
  expect_few_to_stand_for_all(conditional);
}

TEST(VaeObjective, GradientsEqualFiniteDifferences) {
  const auto x = numbers({1, 0, 1, 0, 0, 1}).view({2, 3});
  for (const auto objective : {VaeObjective::elbo, kIwae})
    for (const auto activation : {CoderActivation::relu, CoderActivation::tanh}) {
      const auto vae = drawn_vae({.data_dim = 3,
                                  .latent = 2,
                                  .hidden = 3,
                                  .layers = 1,
                                  .activation = activation,
                                  .objective = objective,
                                  .k = 3},
                                 .7);
      expect_gradients_match(*vae, [&] { return objective_of(*vae, x, 12).loss; });
    }
}

TEST(VaeObjective, SeveralDrawsOfTheBoundAreAveraged) {
  const VaeOptions options{.data_dim = 5, .latent = 2, .hidden = 4, .k = 3};
  const auto vae = drawn_vae(options, .7);
  const auto x = every_image(5).slice(0, 3, 7);
  const auto noise = noise_of(8, {3, 4, 2});
  double sum = 0;
  for (int k = 0; k < 3; ++k) sum += vae->bound_terms({x, {}}, noise[k]).elbo.mean().item<double>();
  const auto objective = objective_of(*vae, x, 8);
  EXPECT_NEAR(objective.loss.item<double>(), -sum / 3, 1e-12);
  EXPECT_EQ(objective.log.at(0).first, "reconstruction");
}

// One weight is the bound with the divergence estimated from the draw.
TEST(VaeObjective, OneImportanceDrawIsTheBoundInExpectation) {
  const auto vae = drawn_vae({.data_dim = 4, .latent = 2, .hidden = 3, .objective = kIwae}, .6);
  torch::NoGradGuard no_grad;
  const std::int64_t n = 40000;
  const auto x = numbers({1, 0, 1, 1}).expand({n, 4});
  Rng rng(9);
  const auto bound = vae->elbo({x, {}}, rng);
  const auto one = log_weight(*vae, x, noise_of(4, {n, 2}));
  const auto error = std::sqrt((one.var() + bound.var()).item<double>() / double(n));
  EXPECT_NEAR(-objective_of(*vae, x, 4).loss.item<double>(), one.mean().item<double>(), 1e-10);
  EXPECT_NEAR(one.mean().item<double>(), bound.mean().item<double>(), 5 * error);
}

// Where q is the exact posterior every weight is p(x): orthogonal columns make it diagonal.
TEST(VaeObjective, WeightsAreAllTheLikelihoodUnderTheExactPosterior) {
  const LinearGaussian model(PosteriorKind::diagonal, numbers({1, 0, 0, 2, 0, 0}).view({3, 2}));
  Rng rng(2);
  const auto weights = model.vae->log_weights({model.x, {}}, 50, rng);
  const auto variance = numbers({1.25, 4.25, .25});
  const auto truth = (-.5 * (model.x.pow(2) / variance + torch::log(2 * M_PI * variance))).sum();
  EXPECT_NEAR(weights.min().item<double>(), truth.item<double>(), 1e-12);
  EXPECT_NEAR(weights.max().item<double>(), truth.item<double>(), 1e-12);
}

TEST(VaeObjective, TanhNetworksStartAsGlorotSaid) {
  torch::manual_seed(4);
  Vae vae({.data_dim = 300, .latent = 50, .hidden = 200, .activation = CoderActivation::tanh});
  for (const auto& entry : vae.named_parameters()) {
    SCOPED_TRACE(entry.key());
    const auto& p = entry.value();
    if (p.dim() == 1) {
      EXPECT_EQ(p.abs().max().item<float>(), 0);
      continue;
    }
    const double limit = std::sqrt(6.0 / double(p.size(0) + p.size(1)));
    EXPECT_LE(p.abs().max().item<double>(), limit * (1 + 1e-6));
    EXPECT_GT(p.abs().max().item<double>(), limit * .99);
    EXPECT_NEAR(p.var().item<double>(), limit * limit / 3, .05 * limit * limit);
  }
}

TEST(VaeObjective, TanhBoundsWhatTheDecoderCanSay) {
  const auto vae = drawn_vae(
      {.data_dim = 2, .latent = 1, .hidden = 3, .layers = 1, .activation = CoderActivation::tanh});
  const auto p = vae->named_parameters();
  const auto most = p["decoder.2.weight"].abs().sum(1) + p["decoder.2.bias"].abs();
  const auto far = vae->decode_parameters(numbers({1e6}).view({1, 1}))[0];
  EXPECT_TRUE((far.abs() <= most).all().item<bool>());
  const auto h = torch::tanh(p["decoder.0.weight"].view(-1) * .3 + p["decoder.0.bias"]);
  const auto wanted = p["decoder.2.weight"].mv(h) + p["decoder.2.bias"];
  EXPECT_TRUE(torch::allclose(vae->decode_parameters(numbers({.3}).view({1, 1}))[0], wanted));
}

}  // namespace
}  // namespace kiln
