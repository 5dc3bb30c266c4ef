// Conditional on labels: one model is as many as there are classes.
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "tests/models/latent/small_vae.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

constexpr auto kLabel = Condition::label;

std::shared_ptr<Vae> conditional() {
  return drawn_vae({.data_dim = 4, .latent = 2, .hidden = 5, .condition = kLabel, .classes = 3});
}

TEST(VaeCondition, CodesThatHoldAClassHaveNoQuantiles) {
  EXPECT_EQ(message_of<ConfigError>([] {
              conditional()->prior_quantile(torch::rand({1, 5}));
            }),
            "[vae.prior_quantile] codes end with a class, which has no quantiles");
}

// The model of one class alone: a one-hot input is a bias of the layer that it enters.
std::shared_ptr<Vae> model_of_class(Vae& vae, std::int64_t c) {
  const auto own = drawn_vae({.data_dim = 4, .latent = 2, .hidden = 5});
  torch::NoGradGuard no_grad;
  const auto from = vae.named_parameters();
  for (auto& p : own->named_parameters()) {
    const auto& source = from[p.key()];
    p.value().copy_(source.dim() == 2 ? source.narrow(1, 0, p.value().size(1)) : source);
  }
  for (const std::string layer : {"encoder.0", "decoder.0"}) {
    auto bias = own->named_parameters()[layer + ".bias"];
    const auto inputs = own->named_parameters()[layer + ".weight"].size(1);
    bias += from[layer + ".weight"].select(1, inputs + c);
  }
  return own;
}

TEST(VaeCondition, IsTheModelOfEachClassForItsItems) {
  const auto vae = conditional();
  torch::NoGradGuard no_grad;
  const auto x = every_image(4).slice(0, 1, 7);
  const auto y = torch::tensor({2, 0, 1, 1, 0, 2});
  const auto noise = Rng(3).normal({6, 2}).to(torch::kDouble);
  const auto terms = vae->bound_terms({x, y}, noise);
  for (std::int64_t i = 0; i < 6; ++i) {
    const auto own = model_of_class(*vae, y[i].item<std::int64_t>());
    const auto wanted = own->bound_terms({x.narrow(0, i, 1), {}}, noise.narrow(0, i, 1));
    EXPECT_NEAR(terms.elbo[i].item<double>(), wanted.elbo.item<double>(), 1e-12);
    EXPECT_NEAR(terms.kl[i].item<double>(), wanted.kl.item<double>(), 1e-12);
  }
  for (std::int64_t c = 0; c < 3; ++c) {
    const auto own = model_of_class(*vae, c);
    Rng one(4), two(4);
    const auto labels = torch::full({6}, c, torch::kInt64);
    EXPECT_TRUE(torch::allclose(vae->log_prob_iwae({x, labels}, 7, one),
                                own->log_prob_iwae({x, {}}, 7, two), 1e-12, 1e-12));
    Rng three(5), four(5);
    EXPECT_TRUE(torch::equal(vae->sample({.count = 50, .given = Given::of_class(c)}, three),
                             own->sample({.count = 50}, four)));
  }
}

TEST(VaeCondition, EveryImageSumsToOneUnderEachLabel) {
  const auto vae = drawn_vae(
      {.data_dim = 4, .latent = 1, .hidden = 4, .layers = 1, .condition = kLabel, .classes = 2});
  torch::NoGradGuard no_grad;
  const auto z = torch::linspace(-10, 10, 4001, torch::kDouble).unsqueeze(1);
  for (std::int64_t c = 0; c < 2; ++c) {
    const auto codes = torch::cat({z, torch::one_hot(torch::full({4001}, c, torch::kInt64), 2)}, 1);
    const auto a = vae->decode_parameters(codes);
    const auto log_joint = a.mm(every_image(4).t()) - torch::softplus(a).sum(1, true) +
                           standard_normal_log_prob(z).unsqueeze(1);
    const auto exact = torch::logsumexp(log_joint, 0) + std::log(.005);
    EXPECT_NEAR(exact.exp().sum().item<double>(), 1, 1e-9);
    Rng rng(6);
    const auto x = every_image(4).repeat({500, 1});
    const auto bound =
        vae->log_prob_iwae({x, torch::full({8000}, c, torch::kInt64)}, 20, rng).view({500, 16});
    const auto error = bound.std(0) / std::sqrt(500.0);
    EXPECT_TRUE((bound.mean(0) < exact + 5 * error).all().item<bool>());
  }
}

TEST(VaeCondition, CodesCarryTheClass) {
  const auto vae = conditional();
  torch::NoGradGuard no_grad;
  EXPECT_EQ(vae->code_size(), 5);
  Rng rng(1);
  const auto prior = vae->sample_prior(7, rng);
  EXPECT_TRUE(torch::equal(prior.slice(1, 2).argmax(1), torch::arange(7).remainder(3)));
  EXPECT_TRUE(torch::equal(prior.slice(1, 2).sum(1), torch::ones({7}, torch::kDouble)));
  EXPECT_EQ(vae->decode_mean(prior).sizes(), (at::IntArrayRef{7, 4}));
  // Each item gets the class under which its bound at no noise is the largest.
  const auto x = every_image(4);
  const auto noise = torch::zeros({16, 2}, torch::kDouble);
  std::vector<Tensor> bounds;
  for (std::int64_t c = 0; c < 3; ++c)
    bounds.push_back(vae->bound_terms({x, torch::full({16}, c, torch::kInt64)}, noise).elbo);
  const auto best = torch::stack(bounds).argmax(0);
  ASSERT_GT(std::get<0>(at::_unique(best)).size(0), 1);
  const auto codes = vae->encode_mean(x);
  EXPECT_TRUE(torch::equal(codes.slice(1, 2).argmax(1), best));
  EXPECT_TRUE(torch::allclose(codes.slice(1, 0, 2), vae->encode({x, best}).base.mean));
  const auto drawn = vae->encode_draw(x, rng);
  EXPECT_TRUE(torch::equal(drawn.slice(1, 2).sum(1), torch::ones({16}, torch::kDouble)));
  EXPECT_FALSE(torch::allclose(drawn.slice(1, 0, 2), codes.slice(1, 0, 2)));
}

TEST(VaeCondition, SamplesTakeTheirClassFromTheRequest) {
  Vae vae({.data_dim = 3, .latent = 1, .hidden = 4, .condition = kLabel, .classes = 3});
  set_zero(vae);
  {
    torch::NoGradGuard no_grad;  // class c switches on number c
    auto p = vae.named_parameters();
    p["decoder.0.weight"].slice(0, 0, 3).slice(1, 1).copy_(torch::eye(3));
    p["decoder.2.weight"].slice(0, 0, 3).slice(1, 0, 3).copy_(torch::eye(3));
    p["decoder.4.weight"].slice(1, 0, 3).copy_(200 * torch::eye(3));
    p["decoder.4.bias"].fill_(-100);
  }
  Rng rng(2);
  EXPECT_TRUE(torch::equal(vae.sample({.count = 2, .given = Given::of_class(1)}, rng),
                           torch::tensor({{0.f, 1.f, 0.f}, {0.f, 1.f, 0.f}})));
  EXPECT_TRUE(torch::equal(vae.sample({.count = 4}, rng),
                           torch::eye(3).index_select(0, torch::tensor({0, 1, 2, 0}))));
  EXPECT_EQ(message_of([&] { vae.sample({.count = 2, .given = Given::of_class(3)}, rng); }),
            "[sample] label must be between 0 and 2, got 3");
}

// p(x|z, y) sums to 1 over all images, at a z of each item; and draws follow it.
TEST(VaeCondition, LikelihoodAndDrawsAtAGivenCodeAreOfTheItemsClass) {
  const auto vae = drawn_vae(
      {.data_dim = 2, .latent = 2, .hidden = 4, .condition = Condition::label, .classes = 2});
  torch::NoGradGuard no_grad;
  EXPECT_EQ(vae->latent_size(), 2);
  Rng rng(3);
  const auto images = every_image(2);
  for (std::int64_t c = 0; c < 2; ++c) {
    const auto z = rng.normal({1, 2}).to(torch::kDouble);
    const auto p =
        vae->log_likelihood({images, torch::full({4}, c, torch::kInt64)}, z.expand({3, 4, 2}))
            .exp();
    EXPECT_EQ(p.sizes(), (at::IntArrayRef{3, 4}));
    EXPECT_NEAR(p[1].sum().item<double>(), 1, 1e-12);
    const std::int64_t n = 20000;
    const auto x = vae->draw_given(z.expand({n, 2}), torch::full({n}, c, torch::kInt64), rng);
    for (std::int64_t i = 0; i < 4; ++i) {
      const double share = x.eq(images[i]).all(1).to(torch::kDouble).mean().item<double>();
      const double wanted = p[0][i].item<double>();
      EXPECT_NEAR(share, wanted, 5 * std::sqrt(wanted * (1 - wanted) / double(n)) + 1e-9);
    }
  }
}

TEST(VaeCondition, ConvolutionsSeeTheClassAsChannels) {
  Vae vae({.data_dim = 64,
           .channels = 1,
           .height = 8,
           .width = 8,
           .latent = 2,
           .network = CoderNetwork::conv,
           .hidden = 8,
           .filters = 4,
           .condition = kLabel,
           .classes = 3});
  torch::NoGradGuard no_grad;
  const auto x = (Rng(1).uniform({1, 1, 8, 8}) < .5).to(torch::kFloat);
  const auto noise = torch::zeros({1, 2});
  const auto elbo = [&](std::int64_t c) {
    return vae.bound_terms({x, torch::tensor({c})}, noise).elbo.item<float>();
  };
  EXPECT_NE(elbo(0), elbo(1));
  EXPECT_EQ(elbo(2), elbo(2));
  const auto q = [&](std::int64_t c) { return vae.encode({x, torch::tensor({c})}).base.mean; };
  EXPECT_FALSE(torch::equal(q(0), q(1)));
}

TEST(VaeCondition, RefusesBatchesWithoutLabelsAndLabelsThatAreNone) {
  const auto vae = conditional();
  const auto x = every_image(4).slice(0, 0, 2);
  Rng rng(1);
  EXPECT_EQ(message_of<ShapeError>([&] {
              vae->elbo({x, {}}, rng);
            }),
            "[vae] a conditional model needs the label of each item, and the batch has none; use "
            "data with classes");
  EXPECT_EQ(message_of([&] {
              vae->elbo({x, torch::tensor({0, 1, 2})}, rng);
            }),
            "[vae] y must have shape [2], got [3]");
  EXPECT_EQ(message_of([&] {
              vae->elbo({x, torch::tensor({0, 3})}, rng);
            }),
            "[vae] labels must be between 0 and 2, got 3 at item 1");
  EXPECT_EQ(message_of([&] {
              vae->elbo({x, torch::tensor({-1, 1})}, rng);
            }),
            "[vae] labels must be between 0 and 2, got -1 at item 0");
  EXPECT_EQ(message_of([] { Vae({.condition = kLabel}); }),
            "[vae.condition] label needs data with at least 2 classes, these have 0; use condition "
            "none");
}

}  // namespace
}  // namespace kiln
