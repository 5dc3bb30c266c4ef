// What training makes of the adversarial autoencoder: with the trainer, or round by round.
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kiln/models/latent/autoencoder.h"
#include "kiln/prob/mmd.h"
#include "kiln/train/trainer.h"
#include "tests/models/latent/small_aae.h"

namespace kiln {
namespace {

// Rows of uniform numbers, of the classes in turn.
class Rows : public Dataset {
 public:
  explicit Rows(std::int64_t classes = 0) {
    info_.shape = {4};
    info_.classes = classes;
  }
  const DataInfo& info() const override { return info_; }
  std::int64_t size() const override { return 40; }
  std::int64_t read(std::int64_t index, std::span<float> x) const override {
    Philox rng(derive_key(5, "rows", static_cast<std::uint64_t>(index)));
    for (auto& v : x) v = static_cast<float>(rng.uniform());
    return info_.classes > 0 ? index % info_.classes : -1;
  }

 private:
  DataInfo info_;
};

struct TrainedRun {
  TrainedRun(std::shared_ptr<Game> game, std::int64_t steps, std::int64_t classes = 0)
      : model(std::move(game)),
        loader(std::make_shared<Rows>(classes), {}, loader_options(*model, options(steps))),
        trainer(*model, loader, options(steps)) {}
  TrainOptions options(std::int64_t steps) const {
    TrainOptions o;
    o.steps = steps, o.batch = 8, o.loader_threads = 0;
    return resolve_for(*model, o, 40);
  }
  std::shared_ptr<Game> model;
  Loader loader;
  Trainer trainer;
};

TEST(AaeTraining, WithoutAdversarialStepsItIsAnAutoencoder) {
  const auto aae = seeded_aae(
      {.data_dim = 4, .latent = 2, .hidden = 5, .critic_hidden = 6, .adversarial_rate = 0});
  Rng init(3);
  std::shared_ptr<Autoencoder> plain;
  {
    Rng::Scope scope(init);
    plain =
        std::make_shared<Autoencoder>(AutoencoderOptions{.data_dim = 4, .latent = 2, .hidden = 5});
  }
  TrainedRun(aae, 12).trainer.run({});
  TrainedRun(plain, 12).trainer.run({});
  const auto weights = aae->named_parameters();
  for (const auto& entry : plain->named_parameters())
    EXPECT_TRUE(torch::equal(entry.value(), weights[entry.key()])) << entry.key();
}

TEST(AaeTraining, AResumedRunKeepsItsLabelledItems) {
  const AaeOptions options{.data_dim = 4,
                           .classes = 2,
                           .latent = 2,
                           .hidden = 5,
                           .posterior = AaePosterior::gaussian,
                           .supervision = Supervision::semi,
                           .labels = 6,
                           .critic_hidden = 6,
                           .noise = .1};
  const auto with_labels = [&] {
    const auto aae = seeded_aae(options);
    aae->start_from_labelled({torch::rand({6, 4}), torch::arange(6).remainder(2)});
    return aae;
  };
  torch::manual_seed(1);
  TrainedRun whole(with_labels(), 14, 2);
  torch::manual_seed(1);
  TrainedRun first(with_labels(), 14, 2), second(seeded_aae(options, 99), 14, 2);
  whole.trainer.run({});
  SafetensorsFile saved;
  first.trainer.run({.checkpoint = [&](std::int64_t) { saved = first.trainer.snapshot(); },
                     .interrupted = [&] { return first.trainer.step() == 7; }});
  second.trainer.restore("saved", saved);
  second.trainer.run({});
  EXPECT_EQ(encode_safetensors(second.trainer.snapshot()),
            encode_safetensors(whole.trainer.snapshot()));
}

// A leaning Gaussian on the plane.
Tensor leaning(Rng& rng, std::int64_t count) {
  return 1 + rng.normal({count, 2}).mm(torch::tensor({{1.f, .5f}, {0.f, .4f}}));
}

TEST(AaeTraining, CodesTakeThePriorsLaw) {
  const auto mmd_after = [](int rounds) {
    const auto aae = seeded_aae({.data_dim = 2,
                                 .latent = 2,
                                 .hidden = 32,
                                 .prior = PriorKind::uniform,
                                 .critic_hidden = 32});
    if (rounds > 0)
      play(
          *aae, [](Rng& rng) { return leaning(rng, 128); }, 3e-3, rounds);
    torch::NoGradGuard no_grad;
    Rng rng(8);
    const auto codes = aae->encode_mean(leaning(rng, 1000));
    return mmd2_unbiased(rbf_kernel(1), codes, aae->sample_prior(1000, rng)).item<double>();
  };
  const double before = mmd_after(0), after = mmd_after(600);
  EXPECT_GT(before, .1);
  EXPECT_LT(after, .02);
}

// Three far clusters, one labelled item of each.
TEST(AaeTraining, OneLabelPerClusterNamesThemAll) {
  const auto centres = torch::tensor({{1.f, 0.f}, {-1.f, 1.f}, {-1.f, -1.f}});
  const auto points = [&](const Tensor& y, Rng& rng) {
    return centres.index_select(0, y) + .25 * rng.normal({y.size(0), 2});
  };
  const auto aae = seeded_aae({.data_dim = 2,
                               .classes = 3,
                               .latent = 2,
                               .hidden = 32,
                               .supervision = Supervision::semi,
                               .labels = 3,
                               .critic_hidden = 32});
  Rng rng(1);
  const auto named = torch::arange(3);
  aae->start_from_labelled({points(named, rng), named});
  play(
      *aae, [&](Rng& r) { return points(r.integers(3, {96}), r); }, 3e-3, 400);
  torch::NoGradGuard no_grad;
  const auto y = rng.integers(3, {2000});
  const auto wrong = aae->class_logits(points(y, rng)).argmax(1).ne(y).to(torch::kDouble).mean();
  EXPECT_LT(wrong.item<double>(), .01);
  // y is a class, not a shade of all three, and all come equally often.
  const auto soft = aae->encode_mean(points(y, rng)).narrow(1, 0, 3);
  EXPECT_GT(std::get<0>(soft.max(1)).mean().item<double>(), .9);
}

}  // namespace
}  // namespace kiln
