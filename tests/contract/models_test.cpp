// What every model of the registry owes to who trains it, tested before its author writes a line.
#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <limits>
#include <numeric>
#include <set>

#include "kiln/train/weights.h"
#include "tests/contract/tiny_models.h"

namespace kiln {
namespace {

TEST(Contract, SameSeedGivesEqualBitsAndAnotherSeedDoesNot) {
  for (const auto& entry : tiny_models()) {
    SCOPED_TRACE(entry.name);
    const auto a = tiny(entry, 1), b = tiny(entry, 1), c = tiny(entry, 2);
    const auto x = tiny_batch(entry, *a, 5);
    EXPECT_TRUE(torch::equal(everything(*a, x), everything(*b, x)));
    if (is_fitted(*a)) continue;  // counts begin at 0, whatever the seed
    EXPECT_FALSE(torch::equal(everything(*a, x), everything(*c, x)));
  }
}

TEST(Contract, NobodyMovesTheDefaultGenerator) {
  for (const auto& entry : tiny_models()) {
    SCOPED_TRACE(entry.name);
    torch::manual_seed(77);
    const auto expected = torch::rand({4});
    torch::manual_seed(77);
    TinyRun run(entry, 6);
    run.trainer.run({});
    everything(*run.model, tiny_batch(entry, *run.model, 5));
    EXPECT_TRUE(torch::equal(torch::rand({4}), expected));
  }
}

TEST(Contract, WeightsLoadedIntoADifferentlySeededTwinGiveEqualOutputs) {
  for (const auto& entry : tiny_models()) {
    SCOPED_TRACE(entry.name);
    TinyRun run(entry, 6);
    run.trainer.run({});
    const auto bytes = encode_safetensors(run.trainer.snapshot());
    const auto twin = tiny(entry, 12345);
    load_weights("twin", parse_safetensors("twin", bytes), *twin);
    const auto x = tiny_batch(entry, *twin, 5);
    EXPECT_TRUE(torch::equal(everything(*run.model, x), everything(*twin, x)));
  }
}

// With averaged weights, too: they stand under the plain names, running statistics with them.
TEST(Contract, ACheckpointsPlainNamesHoldTheJudgedWeights) {
  for (const auto& entry : tiny_models()) {
    SCOPED_TRACE(entry.name);
    TinyRun run(entry, 9, .7);
    if (is_fitted(*run.model)) continue;
    const auto x = tiny_batch(entry, *run.model, 5);
    Tensor judged;
    run.trainer.run({.validate = [&] { return judged = everything(*run.model, x), 1.; }});
    const auto snapshot = run.trainer.snapshot();
    const auto twin = tiny(entry, 12345);
    load_tensors("twin", snapshot, "", weights_of(*twin));
    EXPECT_TRUE(torch::equal(judged, everything(*twin, x)));
    std::set<std::string> names;
    for (const auto& raw : snapshot.tensors) names.insert(raw.name);
    for (const auto& name : names) {
      EXPECT_FALSE(name.starts_with("ema/"));
      if (name.ends_with("running_mean") && !name.starts_with("training/")) {
        EXPECT_TRUE(names.contains("training/" + name))
            << "a live statistic beside averaged weights";
      }
    }
  }
}

// What is kept for use has the weights and nothing that only training needs.
TEST(Contract, TrainingStateStandsApartFromTheWeights) {
  for (const auto& entry : tiny_models()) {
    SCOPED_TRACE(entry.name);
    TinyRun run(entry, 3);
    run.trainer.run({});
    const auto& model = *run.model;
    const auto state = training_state_of(model);
    EXPECT_EQ(weights_of(model).size() + state.size(),
              model.named_parameters().size() + model.named_buffers().size());
    std::set<std::string> names;
    for (const auto& raw : run.trainer.snapshot().tensors) names.insert(raw.name);
    for (const auto& [name, tensor] : state) {
      EXPECT_TRUE(names.contains("training/state/" + name)) << name;
      EXPECT_FALSE(names.contains(name)) << name;
      EXPECT_FALSE(tensor.requires_grad()) << name;
    }
  }
}

TEST(Contract, StoppedAndResumedEqualsUnbroken) {
  for (const auto& entry : tiny_models()) {
    SCOPED_TRACE(entry.name);
    TinyRun whole(entry, 14, .7), first(entry, 14, .7), second(entry, 14, .7);
    const std::int64_t stop = is_fitted(*first.model) ? 4 : 8;  // in a pass; in the second epoch
    whole.trainer.run({});
    SafetensorsFile saved;
    first.trainer.run({.checkpoint = [&](std::int64_t) { saved = first.trainer.snapshot(); },
                       .interrupted = [&] { return first.trainer.step() == stop; }});
    EXPECT_EQ(first.trainer.step(), stop);
    second.trainer.restore("saved", saved);
    second.trainer.run({});
    EXPECT_EQ(encode_safetensors(second.trainer.snapshot()),
              encode_safetensors(whole.trainer.snapshot()));
  }
}

// Of a model with stages some of them in later rounds only.
TEST(Contract, EveryParameterOfAPlayerGetsAGradient) {
  for (const auto& entry : tiny_models()) {
    const auto game = std::dynamic_pointer_cast<Game>(tiny(entry));
    if (!game) continue;
    if (const auto count = game->labelled_items(); count > 0)
      game->start_from_labelled(tiny_batch(entry, *game, count));
    game->train();
    Rng rng(3);
    const auto batch = tiny_batch(entry, *game, 8);
    std::int64_t rounds = 1;
    for (const auto& stage : game->stages()) rounds += stage.rounds;
    std::set<std::string> without;
    for (std::int64_t round = 0; round < rounds; ++round) {
      game->begin_round(batch, rng);
      for (const auto& player : game->players()) {
        const auto loss = player.objective(batch, rng).loss;
        EXPECT_EQ(loss.dim(), 0);
        for (const auto& [name, parameter] : player.parameters) {
          const auto gradient =
              torch::autograd::grad({loss}, {parameter}, {}, true, false, true)[0];
          const auto of = player.name + "/" + name;
          if (gradient.defined() && gradient.abs().sum().item<double>() > 0)
            without.erase(of);
          else if (round == 0)
            without.insert(of);
        }
      }
    }
    EXPECT_TRUE(without.empty()) << entry.name << " " << *without.begin();
  }
}

// Of models whose loss draws nothing: with other draws the parts have other gradients.
TEST(Contract, GradientsOfPartsOfABatchAddUpToItsOwn) {
  std::int64_t compared = 0;
  for (const auto& entry : tiny_models()) {
    const auto model = tiny(entry);
    auto* game = dynamic_cast<Game*>(model.get());
    if (!game) continue;
    SCOPED_TRACE(entry.name);
    const auto players = game->players();
    if (players.size() > 1) {
      EXPECT_FALSE(game->adds_over_items());
    }
    if (!game->adds_over_items()) continue;
    const auto batch = tiny_batch(entry, *model, 12);
    Rng rng(1), other(2);
    game->begin_round(batch, rng);
    const auto loss_of = [&](const Batch& of, Rng& draws) {
      return players[0].objective(of, draws).loss;
    };
    if (loss_of(batch, rng).item<double>() != loss_of(batch, other).item<double>()) continue;
    std::vector<Tensor> weights;
    for (const auto& p : players[0].parameters) weights.push_back(p.tensor);
    const auto gradients = [&](const Batch& of) {
      return torch::autograd::grad({loss_of(of, rng)}, weights, {}, false, false, true);
    };
    const auto whole = gradients(batch);
    std::vector<Tensor> parts(weights.size());
    for (std::int64_t i = 0; i < 3; ++i) {
      const auto part = gradients(batch.chosen(torch::arange(4 * i, 4 * i + 4)));
      for (std::size_t p = 0; p < weights.size(); ++p)
        if (part[p].defined()) parts[p] = parts[p].defined() ? parts[p] + part[p] / 3 : part[p] / 3;
    }
    for (std::size_t p = 0; p < weights.size(); ++p)
      if (whole[p].defined()) {
        const auto largest = whole[p].abs().max().item<double>();  // rounding goes with it
        EXPECT_LT((whole[p] - parts[p]).abs().max().item<double>(), 1e-5 * largest + 1e-6)
            << players[0].parameters[p].name;
      }
    ++compared;
  }
  EXPECT_GT(compared, 10);
}

TEST(Contract, EveryParameterHasAPlayer) {
  for (const auto& entry : tiny_models()) {
    SCOPED_TRACE(entry.name);
    const auto game = std::dynamic_pointer_cast<Game>(tiny(entry));
    if (!game) continue;
    std::set<void*> owned;  // players may share
    for (const auto& player : game->players())
      for (const auto& parameter : player.parameters)
        owned.insert(parameter.tensor.unsafeGetTensorImpl());
    EXPECT_EQ(owned.size(), game->parameters().size());
  }
}

TEST(Contract, StaysFiniteForTwoHundredRoundsAndALikelihoodImproves) {
  for (const auto& entry : tiny_models()) {
    SCOPED_TRACE(entry.name);
    TinyRun run(entry, 200);
    std::vector<double> losses;
    run.trainer.run({.progress = [&](std::int64_t, double loss) { losses.push_back(loss); }});
    for (const auto& [name, tensor] : weights_of(*run.model))
      EXPECT_TRUE(tensor.isfinite().all().item<bool>()) << name;
    auto* game = dynamic_cast<Game*>(run.model.get());
    if (game && game->players().size() == 1) {
      // One batch is noisy: the last quarter of the rounds against the first.
      const auto quarter = static_cast<std::ptrdiff_t>(losses.size() / 4);
      const double first = std::accumulate(losses.begin(), losses.begin() + quarter, 0.0);
      const double last = std::accumulate(losses.end() - quarter, losses.end(), 0.0);
      EXPECT_LT(last, first);
    }
  }
}

TEST(Contract, AFittedModelSeesEveryItemAndEachPassLowersItsLoss) {
  for (const auto& entry : tiny_models()) {
    const auto model = tiny(entry);
    auto* fitted = dynamic_cast<Fitted*>(model.get());
    if (!fitted) continue;
    SCOPED_TRACE(entry.name);
    const auto x = tiny_batch(entry, *model, kItems);
    double before = std::numeric_limits<double>::infinity();
    bool done = false;
    for (int pass = 0; pass < 20 && !done; ++pass) {
      fitted->begin_pass();
      fitted->observe(x);
      done = fitted->end_pass();
      EXPECT_LE(fitted->loss(), before + 1e-9);
      before = fitted->loss();
    }
    TinyRun run(entry, 200);
    std::vector<TrainRecord> records;
    run.trainer.run({.record = [&](const TrainRecord& record) { records.push_back(record); }});
    ASSERT_FALSE(records.empty());
    EXPECT_NEAR(records.back().loss, before, 1e-9) << "one batch or many, in any order";
    if (auto* likelihood = dynamic_cast<Likelihood*>(run.model.get())) {
      EXPECT_NEAR(-likelihood->log_prob(x).mean().item<double>(), before, 1e-5);
    }
  }
}

}  // namespace
}  // namespace kiln
