// The ladder's codes, samples, warm-up and refusals.
#include <gtest/gtest.h>
#include <torch/optim/adam.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>

#include "kiln/models/latent/ladder_vae.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

const LadderVaeOptions kSmall{.data_dim = 4, .latents = "2,1", .hidden = "3", .layers = 1};

Tensor one_image() { return torch::tensor({{1.f, 0.f, 1.f, 1.f}}); }

// ---- Codes

TEST(LadderVaeCodes, DecodingACodeFollowsThePathThatEncodingTook) {
  torch::manual_seed(1);
  LadderVae model(kSmall);
  torch::NoGradGuard no_grad;
  const auto code = model.encode_mean(one_image());
  EXPECT_EQ(code.sizes(), (at::IntArrayRef{1, 3}));
  const auto evidence = model.evidence(one_image());
  const auto q = product(evidence[0], model.prior(1, evidence[1].mean));
  EXPECT_TRUE(torch::equal(code.slice(1, 2, 3), evidence[1].mean));
  EXPECT_TRUE(torch::allclose(model.decode_mean(code),
                              torch::sigmoid(model.decode_parameters(q.mean)), 1e-5, 1e-6));
}

// log p(x|z_1) at the path's z_1, of many codes at once: [K, B].
TEST(LadderVaeCodes, LikelihoodAtACodeIsThatOfItsLowestLevel) {
  torch::manual_seed(1);
  LadderVae model(kSmall);
  const auto code = model.encode_mean(one_image());
  const auto evidence = model.evidence(one_image());
  const auto z = product(evidence[0], model.prior(1, evidence[1].mean)).mean;
  const auto wanted = -torch::binary_cross_entropy_with_logits(
      model.decode_parameters(z), one_image(), {}, {}, at::Reduction::Sum);
  const auto codes = torch::stack({code, torch::zeros_like(code)});
  const auto found = model.log_likelihood({one_image(), {}}, codes);
  EXPECT_EQ(found.sizes(), (at::IntArrayRef{2, 1}));
  EXPECT_NEAR(found[0].item<double>(), wanted.item<double>(), 1e-5);
  EXPECT_GT((found[0] - found[1]).abs().item<double>(), 1e-4);
}

// The top level is its own code; its draws have the law of the evidence.
TEST(LadderVaeCodes, DrawsOfACodeHaveThePosteriorsLaw) {
  torch::manual_seed(1);
  LadderVae model(kSmall);
  torch::NoGradGuard no_grad;
  const std::int64_t n = 40000;
  Rng rng(3);
  const auto top = model.encode_draw(one_image().expand({n, 4}), rng).select(1, 2);
  const auto q = model.evidence(one_image())[1];
  const double variance = torch::exp(q.log_var).item<double>();
  EXPECT_NEAR(top.mean().item<double>(), q.mean.item<double>(),
              5 * std::sqrt(variance / double(n)));
  EXPECT_NEAR(top.var().item<double>() / variance, 1, 5 * std::sqrt(2 / double(n)));
}

TEST(LadderVaeCodes, CodesOfThePriorGiveTheDrawsOfTheModel) {
  torch::manual_seed(2);
  LadderVae model(kSmall);
  model.start_from_data({.mean = torch::tensor({.2f, .5f, .9f, .4f}), .deviation = {}});
  torch::NoGradGuard no_grad;
  Rng rng(3), other(4);
  const std::int64_t n = 40000;
  // By hand: z_2 from its prior, then z_1 given z_2.
  const auto p = model.prior(1, other.normal({n, 1}));
  const auto z = p.mean + torch::exp(.5 * p.log_var) * other.normal({n, 2});
  const auto wanted = torch::sigmoid(model.decode_parameters(z)).mean(0);
  const auto x = model.sample({.count = n}, rng);
  const auto error = std::sqrt(.25 / double(n));
  EXPECT_TRUE(((x == 0) | (x == 1)).all().item<bool>());
  EXPECT_TRUE(((x.mean(0) - wanted).abs() < 5 * 1.5 * error).all().item<bool>());
}

TEST(LadderVaeCodes, SamplesHaveTheCorrelationsThatTheUpperLevelMakes) {
  LadderVae model({.data_dim = 2, .latents = "2,1", .hidden = "2", .layers = 1});
  torch::NoGradGuard no_grad;
  auto p = model.named_parameters();
  for (auto& entry : p) entry.value().zero_();
  // z_1 follows z_2 closely, and both pixels are the sign of it.
  p["down1.0.weight"].copy_(torch::tensor({{1.f}, {-1.f}}));
  p["down_head1.weight"].slice(0, 0, 2).copy_(torch::tensor({{3.f, -3.f}, {3.f, -3.f}}));
  p["down_head1.bias"].slice(0, 2, 4).fill_(-10);
  p["decoder.0.weight"].copy_(torch::eye(2));
  p["decoder_out.weight"].copy_(100 * torch::eye(2));
  p["decoder_out.bias"].fill_(-1);
  Rng rng(5);
  const auto x = model.sample({.count = 4000}, rng);
  EXPECT_GT(x.select(1, 0).eq(x.select(1, 1)).to(torch::kFloat).mean().item<double>(), .97);
  EXPECT_NEAR(x.mean().item<double>(), .5, 5 * .5 / std::sqrt(4000.0));
}

TEST(LadderVaeCodes, TemperatureZeroFollowsThePriorsMeans) {
  torch::manual_seed(6);
  LadderVae model(kSmall);
  torch::NoGradGuard no_grad;
  Rng rng(7);
  const auto mean = model.decode_mean(torch::zeros({1, 3}))[0];
  const auto x = model.sample({.count = 40000, .temperature = 0}, rng);
  EXPECT_TRUE(((x.mean(0) - mean).abs() < 5 * .5 / 200.).all().item<bool>());
}

TEST(LadderVaeCodes, ImagesKeepTheirShape) {
  LadderVae model({.data_dim = 12, .channels = 3, .height = 2, .width = 2, .latents = "2,2,2"});
  torch::NoGradGuard no_grad;
  Rng rng(1);
  const auto x = rng.bernoulli(torch::full({5, 3, 2, 2}, .4));
  EXPECT_EQ(model.elbo({x, {}}, rng).sizes(), (at::IntArrayRef{5}));
  EXPECT_EQ(model.log_prob_iwae({x, {}}, 3, rng).sizes(), (at::IntArrayRef{5}));
  EXPECT_EQ(model.log_weights(x, 3, rng).sizes(), (at::IntArrayRef{3, 5}));
  EXPECT_EQ(model.decode_mean(model.encode_mean(x)).sizes(), x.sizes());
  EXPECT_EQ(model.sample({.count = 300}, rng).sizes(), (at::IntArrayRef{300, 3, 2, 2}));
}

// ---- Sizes

TEST(LadderVaeCodes, ListsGiveTheSizesOfEveryLevel) {
  LadderVae paper({.data_dim = 10});
  const auto p = paper.named_parameters();
  const std::vector<std::int64_t> units{512, 256, 128, 64, 64}, latents{64, 32, 16, 8, 4};
  for (std::size_t l = 0; l < 5; ++l) {
    const auto head = p["up_head" + std::to_string(l + 1) + ".weight"];
    EXPECT_EQ(head.sizes(), (at::IntArrayRef{2 * latents[l], units[l]}));
  }
  EXPECT_EQ(p["down4.0.weight"].sizes(), (at::IntArrayRef{64, 4}));
  EXPECT_EQ(p["down_head1.weight"].sizes(), (at::IntArrayRef{128, 256}));
  EXPECT_EQ(p["up2.0.weight"].sizes(), (at::IntArrayRef{256, 512}));
  EXPECT_EQ(p["up2.2.weight"].sizes(), (at::IntArrayRef{256, 256}));
  EXPECT_EQ(paper.code_size(), 124);
}

TEST(LadderVaeCodes, StartsAsTheBestLawThatIgnoresTheCode) {
  LadderVae model(kSmall);
  torch::NoGradGuard no_grad;
  for (auto& p : model.parameters()) p.zero_();
  model.start_from_data({.mean = torch::tensor({.2f, .5f, 0.f, 1.f}), .deviation = {}});
  const auto wanted = torch::tensor({{.2f, .5f, .001f, .999f}});
  EXPECT_TRUE(torch::allclose(model.decode_mean(torch::ones({1, 3})), wanted, 1e-5));
}

TEST(LadderVaeCodes, VariancesStayInTheirLimits) {
  LadderVae model(kSmall);
  torch::NoGradGuard no_grad;
  auto p = model.named_parameters();
  for (const double bias : {1e6, -1e6}) {
    p["up_head1.bias"].fill_(bias), p["down_head1.bias"].fill_(bias);
    const auto limit = std::copysign(10.f, static_cast<float>(bias));
    EXPECT_EQ(model.evidence(one_image())[0].log_var[0][0].item<float>(), limit);
    EXPECT_EQ(model.prior(1, torch::zeros({1, 1})).log_var[0][1].item<float>(), limit);
  }
}

// ---- Warm-up

TEST(LadderVaeCodes, WarmUpRaisesTheWeightOfTheDivergenceRoundByRound) {
  auto options = kSmall;
  options.kl_warmup = 4;
  LadderVae model(options);
  const Batch batch{one_image(), {}};
  const auto player = model.players().at(0);
  Rng rng(1);
  for (const double weight : {.25, .5, .75, 1., 1.}) {
    model.begin_round(batch, rng);
    EXPECT_EQ(model.kl_weight(), weight);
    Rng a(3), b(3);
    const auto terms = model.bound_terms(one_image(), a);
    const auto objective = player.objective(batch, b);
    const auto wanted = weight * terms.kl.sum() - terms.reconstruction.sum();
    EXPECT_NEAR(objective.loss.item<double>(), wanted.item<double>(), 1e-5);
  }
  EXPECT_EQ(model.named_buffers()["round"].item<std::int64_t>(), 5);
  options.kl_warmup = 0;
  LadderVae without(options);
  EXPECT_EQ(without.kl_weight(), 1);
  EXPECT_EQ(without.named_buffers().size(), 0u);
}

TEST(LadderVaeCodes, RecordsNameEveryGroup) {
  LadderVae model(kSmall);
  Rng rng(1);
  const auto log = model.players()[0].objective({one_image(), {}}, rng).log;
  std::vector<std::string> names;
  for (const auto& [name, value] : log) names.push_back(name);
  EXPECT_EQ(names, (std::vector<std::string>{"elbo", "reconstruction", "kl1", "kl2"}));
}

// ---- What the method promises: two bits, of which one decides about pairs of pixels.

TEST(LadderVaeCodes, LearnsBitsThatDecideManyPixels) {
  torch::manual_seed(3);
  LadderVae model({.data_dim = 8, .latents = "2,1", .hidden = "16", .layers = 1, .kl_warmup = 100});
  torch::optim::Adam optimizer(model.parameters(), torch::optim::AdamOptions(1e-2));
  auto x = torch::zeros({64, 8});
  x.slice(0, 32).slice(1, 0, 4).fill_(1);
  x.slice(0, 16, 48).slice(1, 4).fill_(1);
  const auto player = model.players()[0];
  Rng rng(5);
  for (int step = 0; step < 500; ++step) {
    model.begin_round({x, {}}, rng);
    optimizer.zero_grad();
    player.objective({x, {}}, rng).loss.backward();
    optimizer.step();
  }
  torch::NoGradGuard no_grad;
  const auto bits = -model.log_prob_iwae({x, {}}, 200, rng).mean().item<double>() / std::log(2.0);
  EXPECT_GT(bits, 2 - .05);  // the data's entropy
  EXPECT_LT(bits, 2.6);      // independent pixels would need 8
}

// ---- Refusals

std::string refusal_of(const LadderVaeOptions& options) {
  return message_of([&] { LadderVae model(options); });
}

TEST(LadderVaeCodes, RefuseListsThatMakeNoSense) {
  EXPECT_EQ(refusal_of({.latents = "64,x"}),
            "[ladder_vae.latents] must be whole numbers from 1 to 4096 with commas between them, "
            "such as 64,32, got '64,x'");
  EXPECT_EQ(refusal_of({.latents = "64,0"}),
            "[ladder_vae.latents] must be whole numbers from 1 to 4096 with commas between them, "
            "such as 64,32, got '64,0'");
  EXPECT_EQ(refusal_of({.latents = ""}),
            "[ladder_vae.latents] must name 1 to 5 levels, got 0 in ''");
  EXPECT_EQ(refusal_of({.latents = "6,5,4,3,2,1"}),
            "[ladder_vae.latents] must name 1 to 5 levels, got 6 in '6,5,4,3,2,1'");
  EXPECT_EQ(refusal_of({.latents = "6,5", .hidden = "8192,8193"}),
            "[ladder_vae.hidden] must be whole numbers from 1 to 8192 with commas between them, "
            "such as 64,32, got '8192,8193'");
  EXPECT_EQ(refusal_of({.latents = "6,5,4", .hidden = "9,8"}),
            "[ladder_vae.hidden] must have one number for each of the 3 levels of latents, or one "
            "for all, got 2 in '9,8'");
  EXPECT_EQ(refusal_of({.kl_warmup = -1}),
            "[ladder_vae.kl_warmup] must be between 0 and 1000000000000, got -1");
  EXPECT_EQ(refusal_of({.data_dim = 1 << 24, .hidden = "17"}),
            "[ladder_vae] 16777216 inputs times hidden 17 is more than 268435456 weights; use less "
            "of either");
  EXPECT_EQ(refusal_of({.data_dim = 5, .channels = 1, .height = 2, .width = 2}),
            "[ladder_vae] data_dim must be channels * height * width = 4, got 5");
}

TEST(LadderVaeCodes, RefuseShapesThatAreNotItsOwn) {
  LadderVae model(kSmall);
  Rng rng(1);
  EXPECT_EQ(message_of([&] {
              model.elbo({torch::ones({3, 5}), {}}, rng);
            }),
            "[ladder_vae.bound_terms] x must have shape [*, 4], got [3, 5]");
  EXPECT_EQ(message_of([&] {
              model.log_prob_iwae({one_image(), {}}, 0, rng);
            }),
            "[ladder_vae.log_prob_iwae] draws must be positive, got 0");
  EXPECT_EQ(message_of([&] {
              model.decode_mean(torch::ones({3, 2}));
            }),
            "[ladder_vae.decode_mean] z must have shape [*, 3], got [3, 2]");
  EXPECT_EQ(message_of([&] { model.start_from_data({.mean = torch::ones({5}), .deviation = {}}); }),
            "[ladder_vae.start_from_data] mean must have shape [4], got [5]");
  EXPECT_EQ(message_of([&] { model.sample({.count = 1, .given = Given::of_class(2)}, rng); }),
            "[sample] the model has no classes, got label 2; leave it out");
}

}  // namespace
}  // namespace kiln
