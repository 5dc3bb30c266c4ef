#include "kiln/models/latent/aae.h"

#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <set>

#include "tests/models/latent/small_aae.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

// ---- Values known by hand

TEST(Aae, ACriticThatKnowsNothingPaysTwoLogTwo) {
  const auto aae = seeded_aae({.data_dim = 4,
                               .classes = 3,
                               .latent = 2,
                               .hidden = 5,
                               .supervision = Supervision::semi,
                               .labels = 3,
                               .critic_hidden = 4});
  set_zero(*aae);
  EXPECT_NEAR(turn_loss(*aae, "critic"), 4 * std::log(2), 1e-6);   // two critics
  EXPECT_NEAR(turn_loss(*aae, "encoder"), 2 * std::log(2), 1e-6);  // -log 1/2 of each
  EXPECT_NEAR(turn_loss(*aae, "classifier"), std::log(3.), 1e-6);  // all classes alike
}

TEST(Aae, ACodeIsTheClassThenTheStyle) {
  const auto aae = seeded_aae(
      {.data_dim = 4, .classes = 3, .hidden = 5, .supervision = Supervision::semi, .labels = 6});
  const auto x = torch::rand({7, 4});
  EXPECT_EQ(aae->code_size(), 13);
  const auto code = aae->encode_mean(x);
  ASSERT_EQ(code.sizes(), (at::IntArrayRef{7, 13}));
  EXPECT_TRUE(torch::allclose(code.narrow(1, 0, 3), aae->class_logits(x).softmax(1)));
  Rng rng(1);
  EXPECT_TRUE(torch::equal(aae->encode(x, rng).joined(), code));
  EXPECT_TRUE(torch::allclose(code.narrow(1, 0, 3).sum(1), torch::ones({7})));
}

// ---- Laws

// Section 2 of arXiv:1406.2661: the best critic is p / (p + q).  Codes 1.5 x + 1 of x ~ N(0, 1)
// against the prior N(0, 1): its log-odds are log N(z; 0, 1) - log N(z; 1, 1.5^2).
TEST(Aae, TheCriticLearnsTheLogRatioOfPriorAndCodes) {
  const auto aae = seeded_aae({.data_dim = 1, .latent = 1, .layers = 0, .critic_hidden = 32});
  {
    torch::NoGradGuard no_grad;
    aae->named_parameters()["network.code.weight"].fill_(1.5);
    aae->named_parameters()["network.code.bias"].fill_(1);
  }
  const auto critic = player_of(*aae, "critic");
  Descent descent(critic, 5e-3, 1500);
  Rng rng(3);
  while (descent.more()) {
    aae->begin_round({rng.normal({512, 1}), {}}, rng);
    descent.step(critic.objective({}, rng).loss);
  }
  torch::NoGradGuard no_grad;
  const auto z = torch::linspace(-2, 3, 51).unsqueeze(1);
  const auto wanted = -.5 * z.square() + .5 * ((z - 1) / 1.5).square() + std::log(1.5);
  const auto off = aae->critic_logits(z, torch::zeros({51}, torch::kInt64)) - wanted;
  EXPECT_LT(off.square().mean().sqrt().item<double>(), .15);  // the log-odds span -1.3 to 1.2
}

TEST(Aae, GaussianPosteriorDrawsItsMeanAndVariance) {
  const auto aae =
      seeded_aae({.data_dim = 1, .latent = 1, .layers = 0, .posterior = AaePosterior::gaussian});
  torch::NoGradGuard no_grad;
  set_zero(*aae);
  auto bias = aae->named_parameters()["network.code.bias"];
  bias[0] = 3, bias[1] = 2 * std::log(.5);
  Rng rng(4);
  const auto z = aae->encode(torch::zeros({20000, 1}), rng).z;
  EXPECT_NEAR(z.mean().item<double>(), 3, 5 * .5 / std::sqrt(20000.));
  EXPECT_NEAR(z.var().item<double>(), .25, 5 * .25 * std::sqrt(2 / 20000.));
  EXPECT_EQ(aae->encode_mean(torch::zeros({1, 1})).item<double>(), 3);
  const auto drawn = aae->encode_draw(torch::zeros({20000, 1}), rng);
  EXPECT_NEAR(drawn.var().item<double>(), .25, 5 * .25 * std::sqrt(2 / 20000.));
  bias[1] = 1e6;  // the log variance stays at 10
  const auto wide = aae->encode(torch::zeros({20000, 1}), rng).z;
  EXPECT_NEAR(wide.var().item<double>() / std::exp(10), 1, 5 * std::sqrt(2 / 20000.));
}

TEST(Aae, NoiseMeetsTheEncoderInTrainingOnly) {
  const auto aae = seeded_aae({.data_dim = 1, .latent = 1, .layers = 0, .noise = .3});
  torch::NoGradGuard no_grad;
  aae->named_parameters()["network.code.weight"].fill_(2);
  aae->named_parameters()["network.code.bias"].fill_(0);
  Rng rng(4);
  const auto z = aae->encode(torch::zeros({20000, 1}), rng).z;
  EXPECT_NEAR(z.var().item<double>(), .36, 5 * .36 * std::sqrt(2 / 20000.));
  EXPECT_EQ(aae->encode_mean(torch::zeros({1, 1})).item<double>(), 0);
  EXPECT_EQ(aae->encode_draw(torch::zeros({1, 1}), rng).item<double>(), 0);
}

// The critic sees [z, one-hot]: an item of unknown class with the column for unknown beside a draw
// of the whole prior, a labelled one with its column beside a draw of its part.
TEST(Aae, LabelsChooseThePartAndTheColumn) {
  const auto aae = seeded_aae({.data_dim = 3,
                               .classes = 3,
                               .hidden = 5,
                               .prior = PriorKind::ring,
                               .supervision = Supervision::label,
                               .labels = 6,
                               .critic_hidden = 6});
  const auto labelled = labelled_set(*aae, 6, 3);
  const auto x = torch::rand({8, 3});
  Rng rng(9), again(9);
  const auto code = aae->encode(x, again);
  aae->begin_round({x, {}}, rng);
  const auto loss = player_of(*aae, "critic").objective({x, {}}, rng).loss.item<double>();

  const LatentPrior prior("test", PriorKind::ring, 2, 1, 3);
  const auto whole = prior.sample(8, again);
  const auto rows = again.integers(6, {8});
  const auto y = labelled.y.index_select(0, rows);
  const auto labelled_z = aae->encode(labelled.x.index_select(0, rows), again).z;
  const auto part = prior.sample_parts(y, again);
  const auto unknown = torch::full({8}, 3, torch::kInt64);
  const auto label = torch::cat({unknown, y});
  const auto real = aae->critic_logits(torch::cat({whole, part}), label),
             fake = aae->critic_logits(torch::cat({code.z, labelled_z}), label);
  const auto wanted = torch::softplus(-real).mean() + torch::softplus(fake).mean();
  EXPECT_NEAR(loss, wanted.item<double>(), 1e-6);
  // The label matters, and an unknown one is a column of its own.
  EXPECT_FALSE(torch::allclose(aae->critic_logits(whole, unknown),
                               aae->critic_logits(whole, torch::zeros({8}, torch::kInt64))));
}

TEST(Aae, ClassifierTurnIsTheCrossEntropyOfLabelledDraws) {
  const auto aae = seeded_aae(
      {.data_dim = 3, .classes = 2, .hidden = 5, .supervision = Supervision::semi, .labels = 5});
  const auto labelled = labelled_set(*aae, 5, 2);
  Rng rng(9), again(9);
  const auto x = torch::rand({20, 3});
  const auto loss = player_of(*aae, "classifier").objective({x, {}}, rng).loss.item<double>();
  const auto rows = again.integers(5, {20});
  const auto log_q =
      aae->class_logits(labelled.x).log_softmax(1).gather(1, labelled.y.unsqueeze(1));
  EXPECT_NEAR(loss, -log_q.squeeze(1).index_select(0, rows).mean().item<double>(), 1e-6);
}

TEST(Aae, EncodersTurnWeighsTheClass) {
  const auto loss = [](double weight) {
    const auto aae = seeded_aae({.data_dim = 4,
                                 .classes = 3,
                                 .hidden = 5,
                                 .supervision = Supervision::semi,
                                 .labels = 6,
                                 .critic_hidden = 6,
                                 .class_adversary = weight});
    return turn_loss(*aae, "encoder");
  };
  const auto aae = seeded_aae({.data_dim = 4,
                               .classes = 3,
                               .hidden = 5,
                               .supervision = Supervision::semi,
                               .labels = 6,
                               .critic_hidden = 6});
  Rng rng(5);
  const auto y = aae->encode_mean(rng.uniform({10, 4})).narrow(1, 0, 3);
  const double on_classes = -at::log_sigmoid(aae->class_critic_logits(y)).mean().item<double>();
  EXPECT_NEAR(loss(1) - loss(0), on_classes, 1e-6);
  EXPECT_NEAR(loss(3) - loss(0), 3 * on_classes, 1e-6);
}

TEST(Aae, EveryPlayerMovesItsOwnParametersOnly) {
  for (const auto supervision : {Supervision::none, Supervision::label, Supervision::semi}) {
    const bool none = supervision == Supervision::none, semi = supervision == Supervision::semi;
    const auto aae = seeded_aae({.data_dim = 3,
                                 .classes = 2,
                                 .hidden = 5,
                                 .prior = PriorKind::swiss_roll,
                                 .posterior = AaePosterior::gaussian,
                                 .supervision = supervision,
                                 .labels = none ? std::nullopt : std::optional<std::int64_t>(4),
                                 .critic_hidden = 6});
    if (!none) labelled_set(*aae, 4, 2);
    Rng rng(1);
    const Batch batch{torch::rand({6, 3}), {}};
    std::vector<std::string> names;
    std::set<std::string> moved;
    for (const auto& player : aae->players()) {
      names.push_back(player.name);
      aae->begin_round(batch, rng);
      const auto loss = player.objective(batch, rng).loss;
      for (const auto& p : player.parameters) {
        SCOPED_TRACE(player.name + ": " + p.name);
        moved.insert(p.name);
        const bool critic = p.name.find("critic") != std::string::npos;
        const bool decoder = p.name.find("decoder") != std::string::npos;
        EXPECT_EQ(critic, player.name == "critic");
        EXPECT_TRUE(!decoder || player.name == "autoencoder");
        const auto slope = torch::autograd::grad({loss}, {p.tensor}, {}, true, false, true)[0];
        ASSERT_TRUE(slope.defined());
        EXPECT_GT(slope.abs().sum().item<double>(), 0);
      }
      if (player.name == "critic") {  // what it is shown is detached from the encoder
        const auto weight = aae->named_parameters()["network.code.weight"];
        EXPECT_FALSE(torch::autograd::grad({loss}, {weight}, {}, true, false, true)[0].defined());
      }
    }
    std::vector<std::string> wanted{"autoencoder", "critic", "encoder"};
    if (semi) wanted.emplace_back("classifier");
    EXPECT_EQ(names, wanted);
    EXPECT_EQ(moved.size(), aae->parameters().size());
  }
}

// ---- Samples

TEST(Aae, SamplesOfAClassComeFromItsPartOfThePrior) {
  const auto aae = seeded_aae({.data_dim = 2,
                               .classes = 4,
                               .layers = 0,
                               .prior = PriorKind::ring,
                               .prior_scale = 3,
                               .supervision = Supervision::label,
                               .labels = 4});
  Rng rng(2), again(2);
  const auto x = aae->sample({.count = 9, .given = Given::of_class(2)}, rng);
  const auto z = LatentPrior("test", PriorKind::ring, 2, 3, 4)
                     .sample_parts(torch::full({9}, 2, torch::kInt64), again);
  EXPECT_TRUE(torch::allclose(x, aae->decode_mean(z)));
  EXPECT_EQ(message_of([&] { aae->sample({.given = Given::of_class(4)}, rng); }),
            "[sample] label must be between 0 and 3, got 4");
  EXPECT_EQ(message_of([&] { aae->sample({.temperature = .5}, rng); }),
            "[sample] the law of this model's codes is not Gaussian, so it has no temperature; "
            "leave it out");
}

TEST(Aae, SamplesOfAClassHaveItAsTheirY) {
  const auto aae = seeded_aae({.data_dim = 2,
                               .classes = 3,
                               .latent = 2,
                               .layers = 0,
                               .supervision = Supervision::semi,
                               .labels = 3});
  Rng rng(2), again(2);
  const auto x = aae->sample({.count = 9, .temperature = .5, .given = Given::of_class(1)}, rng);
  const auto y = torch::tensor({0.f, 1.f, 0.f}).expand({9, 3});
  EXPECT_TRUE(torch::allclose(
      x, aae->decode_mean(torch::cat({y, std::sqrt(.5) * again.normal({9, 2})}, 1))));
  const auto free = aae->sample_prior(3000, rng).narrow(1, 0, 3);
  EXPECT_TRUE(torch::equal(free.sum(1), torch::ones({3000})));
  const auto share = free.mean(0) - 1. / 3;
  EXPECT_LT(share.abs().max().item<double>(), 5 * std::sqrt(2. / 9 / 3000));
}

// ---- Refusals

TEST(Aae, RefusesOptionsThatDoNotFit) {
  const auto refusal = [](AaeOptions o) {
    o.data_dim = 4;
    return message_of([&] { Aae aae(o); });
  };
  EXPECT_EQ(refusal({.labels = 10}),
            "[aae.labels] nobody uses them; use supervision label or semi");
  EXPECT_EQ(refusal({.supervision = Supervision::semi}),
            "[aae.supervision] needs data of at least 2 classes, got 0; use supervision none");
  EXPECT_EQ(refusal({.classes = 10, .supervision = Supervision::semi, .labels = 9}),
            "[aae.labels] 9 labels cannot name 10 classes; give each at least one");
  EXPECT_EQ(refusal({.classes = 10, .supervision = Supervision::label}),
            "[aae.prior] supervision label needs a prior of parts: ring or swiss_roll");
  EXPECT_EQ(refusal({.modes = 5}), "[aae.modes] only the ring has modes; use prior ring");
  EXPECT_EQ(
      refusal(
          {.classes = 3, .prior = PriorKind::ring, .modes = 5, .supervision = Supervision::label}),
      "[aae.modes] with supervision label the ring has one Gaussian for each class");
  EXPECT_EQ(refusal({.latent = 3, .prior = PriorKind::ring}),
            "[aae] the ring lies in a plane: it needs latent 2, got 3");
  EXPECT_THROW(Aae({.class_adversary = 2}), ConfigError);
}

TEST(Aae, RefusesToLearnWithoutItsLabelledItems) {
  const auto aae = seeded_aae(
      {.data_dim = 3, .classes = 2, .hidden = 5, .supervision = Supervision::semi, .labels = 4});
  const Batch batch{torch::rand({6, 3}), {}};
  Rng rng(1);
  EXPECT_EQ(message_of([&] { player_of(*aae, "classifier").objective(batch, rng); }),
            "[aae] has no labelled items yet; call start_from_labelled first");
  const auto y = torch::tensor({0, 1, 0, 1}, torch::kInt64);
  EXPECT_EQ(message_of([&] {
              aae->start_from_labelled({torch::rand({4, 2}), y});
            }),
            "[aae.start_from_labelled] needs 4 labelled items of the data's shape");
  EXPECT_EQ(message_of([&] {
              aae->start_from_labelled({torch::rand({4, 3}), y + 1});
            }),
            "[aae.start_from_labelled] labels must be 0 to 1");
}

TEST(Aae, CodesWithAClassHaveNoQuantilesAndTooManyLabelledItemsNoRoom) {
  const AaeOptions semi{.data_dim = 3, .classes = 2, .hidden = 5, .supervision = Supervision::semi};
  EXPECT_EQ(message_of([&] {
              seeded_aae(semi)->prior_quantile(torch::rand({1, 12}));
            }),
            "[aae.prior_quantile] codes begin with a class, which has no quantiles");
  auto large = semi;
  large.data_dim = 1 << 16, large.labels = 2000;
  EXPECT_EQ(
      message_of([&] { seeded_aae(large); }),
      "[aae.labels] 2000 items of 65536 numbers are kept with the model; at most 1024 of them "
      "fit");
  const auto plain = seeded_aae({.data_dim = 3, .hidden = 5, .prior_scale = 2});
  const auto u = torch::full({1, 8}, 0.8413447460685429, torch::kFloat64);
  EXPECT_LT((plain->prior_quantile(u) - 2).abs().max().item<double>(), 1e-9);
}

TEST(Aae, HasNoClassesWithoutAClassOutput) {
  const auto aae = seeded_aae({.data_dim = 3, .classes = 2});
  EXPECT_EQ(aae->classes(), 0);
  EXPECT_EQ(aae->labelled_items(), 0);
  EXPECT_EQ(message_of([&] {
              aae->class_logits(torch::zeros({1, 3}));
            }),
            "[aae.class_logits] was trained without a class output; use supervision semi");
  Rng rng(1);
  EXPECT_EQ(message_of([&] { aae->sample({.given = Given::of_class(1)}, rng); }),
            "[sample] the model has no classes, got label 1; leave it out");
}

}  // namespace
}  // namespace kiln
