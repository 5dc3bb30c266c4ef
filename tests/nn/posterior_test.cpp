#include "kiln/nn/posterior.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kiln/core/options.h"
#include "kiln/core/rng.h"
#include "tests/support/jacobian.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

constexpr std::int64_t kLatent = 4, kFeatures = 12;
constexpr PosteriorKind kKinds[] = {PosteriorKind::diagonal, PosteriorKind::full_covariance,
                                    PosteriorKind::planar, PosteriorKind::iaf};

Tensor drawn(std::uint64_t seed, at::IntArrayRef shape) {
  return Rng(seed).normal(shape).to(torch::kDouble);
}

// A posterior with drawn weights, and its law for `items` items.
struct Drawn {
  Posterior posterior{nullptr};
  PosteriorLaw q;

  Drawn(PosteriorKind kind, std::int64_t items, double scale = .5) {
    posterior = Posterior(
        "m", PosteriorOptions{.kind = kind, .latent = kLatent, .features = kFeatures, .steps = {}});
    posterior->to(torch::kDouble);
    torch::NoGradGuard no_grad;
    Rng rng(3);
    for (auto& p : posterior->parameters()) p.copy_(scale * rng.normal(p.sizes()));
    q = posterior->law({drawn(4, {items, kLatent}), drawn(5, {items, kLatent})},
                       drawn(6, {items, kFeatures}));
  }
};

// log q(z|x) = log N(e; 0, I) - log |det dz/de| for every kind.
TEST(Posterior, DensityIsTheNoisesByTheChangeOfVariables) {
  for (const auto kind : kKinds) {
    SCOPED_TRACE(enum_name(kind));
    Drawn model(kind, 1);
    for (std::uint64_t seed = 10; seed < 16; ++seed) {
      const auto noise = drawn(seed, {1, kLatent});
      const auto jacobian = jacobian_of(
          [&](const Tensor& e) { return model.posterior->at_noise(model.q, e.unsqueeze(0)).z[0]; },
          noise[0]);
      const auto log_det = std::get<1>(torch::linalg_slogdet(jacobian)).item<double>();
      const auto log_normal = standard_normal_log_prob(noise).item<double>();
      EXPECT_NEAR(model.posterior->at_noise(model.q, noise).log_prob.item<double>(),
                  log_normal - log_det, 1e-9);
    }
  }
}

TEST(Posterior, ClosedDivergenceEqualsMonteCarlo) {
  for (const auto kind : {PosteriorKind::diagonal, PosteriorKind::full_covariance}) {
    SCOPED_TRACE(enum_name(kind));
    Drawn model(kind, 1);
    torch::NoGradGuard no_grad;
    ASSERT_TRUE(model.posterior->kl_is_closed());
    const std::int64_t n = 200000;
    const auto draws = model.posterior->at_noise(model.q, drawn(7, {n, 1, kLatent}));
    const auto sampled = draws.log_prob - standard_normal_log_prob(draws.z);
    const auto error = sampled.std().item<double>() / std::sqrt(double(n));
    EXPECT_NEAR(model.posterior->kl_to_standard(model.q, draws).item<double>(),
                sampled.mean().item<double>(), 5 * error);
  }
}

TEST(Posterior, FullCovarianceIsTheNormalLawOfItsTriangle) {
  Drawn model(PosteriorKind::full_covariance, 1);
  torch::NoGradGuard no_grad;
  const auto zero = torch::zeros({1, kLatent}, torch::kDouble);
  const auto mean = model.posterior->at_noise(model.q, zero).z[0];
  std::vector<Tensor> columns;
  for (std::int64_t j = 0; j < kLatent; ++j) {
    auto unit = zero.clone();
    unit[0][j] = 1;
    columns.push_back(model.posterior->at_noise(model.q, unit).z[0] - mean);
  }
  const auto triangle = torch::stack(columns, 1);
  EXPECT_EQ(triangle.triu(1).abs().max().item<double>(), 0);
  EXPECT_EQ(triangle.tril(-1).count_nonzero().item<std::int64_t>(), 6);
  EXPECT_TRUE(torch::allclose(triangle.diag(), torch::exp(.5 * model.q.base.log_var[0])));
  const auto kl = .5 * (triangle.pow(2).sum() + mean.pow(2).sum() - double(kLatent) -
                        2 * triangle.diag().log().sum());
  const auto closed =
      model.posterior->kl_to_standard(model.q, model.posterior->at_noise(model.q, zero));
  EXPECT_NEAR(closed.item<double>(), kl.item<double>(), 1e-12);
}

TEST(Posterior, EveryItemsDrawsAreItsOwn) {
  for (const auto kind : kKinds) {
    SCOPED_TRACE(enum_name(kind));
    Drawn model(kind, 3);
    torch::NoGradGuard no_grad;
    const auto noise = drawn(8, {5, 3, kLatent});
    const auto all = model.posterior->at_noise(model.q, noise);
    for (std::int64_t i = 0; i < 3; ++i) {
      const PosteriorLaw q{
          {model.q.base.mean.narrow(0, i, 1), model.q.base.log_var.narrow(0, i, 1)},
          model.q.extra.defined() ? model.q.extra.narrow(0, i, 1) : Tensor()};
      const auto one = model.posterior->at_noise(q, noise.narrow(1, i, 1));
      EXPECT_TRUE(torch::allclose(all.z.narrow(1, i, 1), one.z, 1e-10, 1e-12));
      EXPECT_TRUE(torch::allclose(all.log_prob.narrow(1, i, 1), one.log_prob, 1e-10, 1e-12));
    }
  }
}

// By default four maps, each with w, u and b of its own places in what the features say.
TEST(Posterior, PlanarIsItsMapsOneAfterTheOther) {
  Drawn model(PosteriorKind::planar, 2);
  torch::NoGradGuard no_grad;
  ASSERT_EQ(model.q.extra.size(1), 4 * (2 * kLatent + 1));
  const auto noise = drawn(9, {2, kLatent});
  auto z = model.q.base.at_noise(noise);
  for (std::int64_t t = 0; t < 4; ++t) {
    const auto parts = model.q.extra.narrow(1, t * (2 * kLatent + 1), 2 * kLatent + 1)
                           .split_with_sizes({kLatent, kLatent, 1}, 1);
    z = planar_flow(z, parts[0], parts[1], parts[2]).z;
  }
  EXPECT_TRUE(torch::equal(model.posterior->at_noise(model.q, noise).z, z));
}

// Two steps in one order would leave the first number to its own gate alone.
TEST(Posterior, IafReversesTheOrderFromStepToStep) {
  Drawn model(PosteriorKind::iaf, 1);
  const auto jacobian = jacobian_of(
      [&](const Tensor& e) { return model.posterior->at_noise(model.q, e.unsqueeze(0)).z[0]; },
      drawn(9, {kLatent}));
  EXPECT_NE(jacobian[0][kLatent - 1].item<double>(), 0);
  EXPECT_NE(jacobian[kLatent - 1][0].item<double>(), 0);
}

TEST(Posterior, FullCovarianceStartsAsTheDiagonalLaw) {
  Posterior full(
      "m", PosteriorOptions{.kind = PosteriorKind::full_covariance, .latent = 3, .features = 5});
  const DiagNormal base{torch::ones({2, 3}), torch::zeros({2, 3})};
  const auto noise = Rng(1).normal({2, 3});
  EXPECT_TRUE(torch::equal(full->at_noise(full->law(base, torch::ones({2, 5})), noise).z,
                           base.at_noise(noise)));
}

TEST(Posterior, DivergenceIsSampledWhereItHasNoClosedForm) {
  EXPECT_FALSE(Drawn(PosteriorKind::planar, 1).posterior->kl_is_closed());
  EXPECT_FALSE(Drawn(PosteriorKind::iaf, 1).posterior->kl_is_closed());
  const Posterior asked("m", PosteriorOptions{.latent = 3, .kl = KlEstimate::sampled});
  EXPECT_FALSE(asked->kl_is_closed());
}

TEST(Posterior, RefusesOptionsThatDoNotGoTogether) {
  const auto refusal = [](const PosteriorOptions& options) {
    return message_of([&] { Posterior("vae", options); });
  };
  EXPECT_EQ(refusal({.kind = PosteriorKind::iaf, .latent = 1}),
            "[vae.posterior] posterior iaf needs at least 2 latent variables, got 1; use diagonal "
            "or planar");
  EXPECT_EQ(refusal({.latent = 3, .steps = 2}),
            "[vae.flow_steps] posterior diagonal has no steps; leave it out, or use posterior "
            "planar or iaf");
  EXPECT_EQ(refusal({.kind = PosteriorKind::planar, .kl = KlEstimate::closed}),
            "[vae.kl] posterior planar has no divergence in closed form; use sampled");
}

}  // namespace
}  // namespace kiln
