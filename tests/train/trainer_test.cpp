#include "kiln/train/trainer.h"

#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <limits>
#include <set>

#include "kiln/train/stages.h"
#include "kiln/train/weights.h"
#include "tests/support/refusal.h"
#include "tests/train/toy_game.h"

namespace kiln {
namespace {

TrainOptions toy_options(std::int64_t steps) {
  TrainOptions options;
  options.steps = steps;
  options.batch = 8;
  options.learning_rate = 0.05;
  options.schedule = Schedule::cosine;
  options.ema = 0.9;
  options.clip = 5;
  options.log_every = 5;
  return resolve(options, 4);
}

struct Toy {
  explicit Toy(const TrainOptions& options)
      : loader(std::make_shared<ToyData>(37), real_values(),
               {.batch = options.batch, .seed = 3, .threads = 1}),
        trainer(game, loader, options) {}
  ToyGame game;
  Loader loader;
  Trainer trainer;
};

TEST(Trainer, ResumedRunEqualsUnbrokenRunBitForBit) {
  const auto options = toy_options(40);
  Toy whole(options);
  whole.trainer.run({});
  SafetensorsFile saved;
  Toy first(options);
  TrainHooks stop;
  stop.checkpoint = [&](std::int64_t) { saved = first.trainer.snapshot(); };
  stop.interrupted = [&] {
    return first.trainer.step() == 17;
  };  // in the middle of an epoch and between two records
  EXPECT_EQ(first.trainer.run(stop), TrainEnd::interrupted);
  Toy second(options);
  second.trainer.restore("toy", parse_safetensors("toy", encode_safetensors(saved)));
  EXPECT_EQ(second.trainer.step(), 17);
  EXPECT_EQ(second.trainer.run({}), TrainEnd::finished);
  EXPECT_EQ(encode_safetensors(second.trainer.snapshot()),
            encode_safetensors(whole.trainer.snapshot()));
}

TEST(Trainer, EachPlayerMovesItsOwnParametersOnly) {
  Toy toy(toy_options(1));
  const auto players = toy.game.players();
  Rng rng(1);
  const Batch batch{torch::ones({4, 2}), {}};
  const auto grads =
      torch::autograd::grad({players[1].objective(batch, rng).loss},
                            {toy.game.right(), toy.game.left()}, {}, true, false, true);
  EXPECT_TRUE(grads[1].defined()) << "the toy's right player can see left";
  const auto left = toy.game.left().detach().clone();
  toy.trainer.run({});
  EXPECT_FALSE(toy.game.left().grad().defined())
      << "no player may leave gradients on another's parameters";
  EXPECT_FALSE(torch::equal(left, toy.game.left()));
}

TEST(Trainer, TurnsDrawNewBatches) {
  auto options = toy_options(3);
  Toy toy(options);
  toy.trainer.run({});
  EXPECT_EQ(toy.loader.state(), (LoaderState{1, 2}));  // 3 rounds of 2 batches in epochs of 4
}

// Whoever is not averaged is judged as it stands.
TEST(Trainer, AveragesThePlayersThatAskForIt) {
  ToyGame game;
  game.right_averaged = false;
  Loader loader(std::make_shared<ToyData>(37), real_values(), {.batch = 8, .seed = 3});
  Trainer trainer(game, loader, toy_options(6));
  Tensor left, right;
  trainer.run({.validate = [&] {
    left = game.left().detach().clone(), right = game.right().detach().clone();
    return 1.;
  }});
  EXPECT_FALSE(torch::equal(left, game.left()));
  EXPECT_TRUE(torch::equal(right, game.right()));
  std::set<std::string> names;
  for (const auto& raw : trainer.snapshot().tensors) names.insert(raw.name);
  EXPECT_TRUE(names.contains("training/left"));
  EXPECT_FALSE(names.contains("training/right"));
}

// In the middle of an epoch of each, whose lengths differ.
TEST(Trainer, ResumesTwoSourcesWhereEachStood) {
  struct TwoSources {
    TwoSources()
        : a(std::make_shared<ToyData>(37), real_values(), {.batch = 8, .seed = 3}),
          b(std::make_shared<ToyData>(23), real_values(), {.batch = 8, .seed = 4}) {
      Feed feed(a);
      feed.add("b", b);
      trainer = std::make_unique<Trainer>(game, std::move(feed), toy_options(40));
    }
    ToyGame game;
    Loader a, b;
    std::unique_ptr<Trainer> trainer;
  };
  TwoSources first, second;
  SafetensorsFile saved;
  first.trainer->run({.checkpoint = [&](std::int64_t) { saved = first.trainer->snapshot(); },
                      .interrupted = [&] { return first.trainer->step() == 17; }});
  EXPECT_EQ(first.b.state(), (LoaderState{17, 0}));  // 17 rounds of 2 batches, of 2 an epoch
  second.trainer->restore("two", saved);
  EXPECT_EQ(second.a.state(), first.a.state());
  EXPECT_EQ(second.b.state(), first.b.state());
}

// ---- Stages and parts of a batch

// A toy whose training has stages; the game must know them before the trainer asks.
struct StagedToy {
  explicit StagedToy(const TrainOptions& options, std::vector<Stage> stages)
      : loader(std::make_shared<ToyData>(37), real_values(),
               {.batch = options.batch, .seed = 3, .threads = 1}) {
    game.stage_list = std::move(stages);
    trainer = std::make_unique<Trainer>(game, loader, options);
  }
  ToyGame game;
  Loader loader;
  std::unique_ptr<Trainer> trainer;
};

const std::vector<Stage> kStages{{.rounds = 4},
                                 {.rounds = 5, .batches = 3, .fresh_moments = {"left", "right"}},
                                 {.rounds = 2, .batches = 2}};

// The last stage has no end.
TEST(Trainer, AStageJoinsBatchesOfTheSource) {
  StagedToy toy(toy_options(14), kStages);
  toy.trainer->run({});
  EXPECT_EQ(toy.game.seen,
            (std::vector<std::int64_t>{8, 8, 8, 8, 24, 24, 24, 24, 24, 16, 16, 16, 16, 16}));
}

TEST(Trainer, RoundsOfAStageCountAllTheirBatches) {
  EXPECT_EQ(batches_of_rounds(kStages, 0, 4), 4);
  EXPECT_EQ(batches_of_rounds(kStages, 3, 6), 1 + 2 * 3);
  EXPECT_EQ(batches_of_rounds(kStages, 8, 14), 3 + 5 * 2);
  EXPECT_EQ(batches_of_rounds({}, 8, 14), 6);
  EXPECT_EQ(last_stage_begins(kStages), 9);
  EXPECT_EQ(last_stage_begins({}), 0);
}

// One round of a stage with fresh moments is one of a trainer that has none yet.
TEST(Trainer, AStageForgetsTheMomentsThatItNames) {
  const auto after_five = [](const std::vector<std::string>& fresh, bool emptied) {
    auto options = toy_options(5);
    options.schedule = Schedule::constant;
    StagedToy first(options, {});
    SafetensorsFile saved;
    first.trainer->run({.checkpoint = [&](std::int64_t) { saved = first.trainer->snapshot(); },
                        .interrupted = [&] { return first.trainer->step() == 4; }});
    if (emptied) {
      for (auto& array : saved.tensors)
        if (array.name.starts_with("optimizer/left"))
          std::fill(array.bytes.begin(), array.bytes.end(), 0);
      auto& state = saved.metadata.at("kiln.state");
      const std::string count = "\"optimizer_steps/left\":4";
      state.replace(state.find(count), count.size(), "\"optimizer_steps/left\":0");
    }
    StagedToy second(options, {{.rounds = 4}, {.rounds = 1, .fresh_moments = fresh}});
    second.trainer->restore("toy", saved);
    second.trainer->run({});
    return std::pair{second.game.left().detach().clone(), second.game.right().detach().clone()};
  };
  const auto kept = after_five({}, false), fresh = after_five({"left"}, false),
             emptied = after_five({}, true);
  EXPECT_TRUE(torch::equal(fresh.first, emptied.first));
  EXPECT_FALSE(torch::equal(fresh.first, kept.first));
  EXPECT_FALSE(torch::equal(after_five({"right"}, false).second, kept.second));
}

// In the middle of a stage, at its end, and in one without end.
TEST(Trainer, ResumesInEveryStageBitForBit) {
  const auto options = toy_options(14);
  StagedToy whole(options, kStages);
  whole.trainer->run({});
  for (const std::int64_t at : {2, 4, 7, 9, 13}) {
    StagedToy first(options, kStages), second(options, kStages);
    SafetensorsFile saved;
    first.trainer->run({.checkpoint = [&](std::int64_t) { saved = first.trainer->snapshot(); },
                        .interrupted = [&] { return first.trainer->step() == at; }});
    second.trainer->restore("toy", saved);
    second.trainer->run({});
    EXPECT_EQ(encode_safetensors(second.trainer->snapshot()),
              encode_safetensors(whole.trainer->snapshot()))
        << at;
  }
}

TEST(Trainer, PartsOfABatchAreRefusedWhereTheyDoNotAddUpToIt) {
  ToyGame game;
  auto options = toy_options(2);
  options.accumulate = 2;
  EXPECT_EQ(message_of<ConfigError>([&] { resolve_for(game, options, 37); }),
            "[train.accumulate] this model's loss is no mean over single items, so the parts of a "
            "batch have other gradients than the whole; leave out --accumulate and make --batch "
            "smaller");
  game.right_turns = 0;
  options.accumulate = 3;
  EXPECT_EQ(message_of<ConfigError>([&] { resolve_for(game, options, 37); }),
            "[train.accumulate] a batch of 8 items has no 3 equal parts; set --batch to a multiple "
            "of --accumulate");
  options.accumulate = 4;
  EXPECT_EQ(resolve_for(game, options, 37).accumulate, 4);
}

TEST(Trainer, PartsOfABatchAreSeenOneByOne) {
  auto options = toy_options(2);
  options.accumulate = 4;
  Toy toy(options);
  toy.game.right_turns = 0;
  toy.trainer.run({});
  EXPECT_EQ(toy.game.seen, std::vector<std::int64_t>(8, 2));
}

TEST(Trainer, PartsOfABatchStepAsTheWhole) {
  const auto after = [](std::int64_t parts) {
    auto options = toy_options(3);
    options.accumulate = parts;
    Toy toy(options);
    toy.game.right_turns = 0;
    toy.game.noise = 0;
    toy.trainer.run({});
    return toy.game.left().detach().clone();
  };
  EXPECT_TRUE(torch::allclose(after(4), after(1), 1e-5, 1e-7));
  // Adam does not see how long a gradient is; a clipped one does.
  const auto norm = [](std::int64_t parts) {
    auto options = toy_options(1);
    options.accumulate = parts;
    Toy toy(options);
    toy.game.right_turns = 0;
    toy.game.noise = 0;
    double found = 0;
    toy.trainer.run({.record = [&](const TrainRecord& record) {
      for (const auto& [name, value] : record.scalars)
        if (name == "left/gradient_norm") found = value;
    }});
    return found;
  };
  EXPECT_NEAR(norm(4), norm(1), 1e-5);
  EXPECT_GT(norm(1), .1);
}

TEST(Trainer, ConvergesToTheDatasMean) {
  auto options = toy_options(400);
  options.schedule = Schedule::linear;
  Toy toy(options);
  toy.trainer.run({});
  EXPECT_NEAR(toy.game.left()[0].item<double>(), 18.0 / 37, 0.02);
  EXPECT_NEAR(toy.game.right()[1].item<double>(), 36.0 / 37, 0.05);
}

TEST(Trainer, NamesThePlayerOfALossThatIsNotFinite) {
  Toy toy(toy_options(10));
  toy.game.scale = std::numeric_limits<double>::infinity();
  EXPECT_EQ(message_of([&] { toy.trainer.run({}); }),
            "[train] the loss of player 'left' is inf at step 1, though its parameters are finite; "
            "lower --learning-rate or set --clip");
}

TEST(Trainer, NamesTheFirstParameterThatIsNotFiniteAndSavesNothing) {
  Toy toy(toy_options(10));
  bool saved = false;
  TrainHooks hooks;
  hooks.checkpoint = [&](std::int64_t) { saved = true; };
  hooks.progress = [&](std::int64_t step, double) {
    torch::NoGradGuard no_grad;
    if (step == 2) toy.game.right().fill_(std::nan(""));
  };
  EXPECT_EQ(message_of([&] { toy.trainer.run(hooks); }),
            "[train] parameter 'right' of player 'right' is not finite at step 2; lower "
            "--learning-rate or set --clip");
  EXPECT_FALSE(saved);
}

TEST(Trainer, StopsEarlyWhenValidationNoLongerImproves) {
  auto options = toy_options(100);
  options.validate_every = 5;
  options.patience = 3;
  Toy toy(options);
  const std::vector<double> figures{5, 4, 3, 3.5, 3, 7};
  std::size_t next = 0;
  TrainHooks hooks;
  hooks.validate = [&] { return figures.at(next++); };
  EXPECT_EQ(toy.trainer.run(hooks), TrainEnd::stopped_early);
  EXPECT_EQ(toy.trainer.step(), 30);
  EXPECT_EQ(toy.trainer.best_step(), 15);
  EXPECT_EQ(toy.trainer.best(), 3.0);
}

TEST(Trainer, AFigureThatDoesNotSelectLeavesNoneTheBest) {
  auto options = toy_options(40);
  options.validate_every = 5;
  options.patience = 2;
  Toy toy(options);
  int seen = 0;
  TrainHooks hooks;
  hooks.selects = false;
  hooks.validate = [] { return 3.0; };
  hooks.validated = [&](std::int64_t, double value, bool best) {
    ++seen;
    EXPECT_EQ(value, 3.0);
    EXPECT_FALSE(best);
  };
  EXPECT_EQ(toy.trainer.run(hooks), TrainEnd::finished);
  EXPECT_EQ(seen, 8);
  EXPECT_FALSE(toy.trainer.best());
}

TEST(Trainer, RecordsAreMeansSinceTheLast) {
  Toy toy(toy_options(10));
  std::vector<TrainRecord> records;
  TrainHooks hooks;
  hooks.record = [&](const TrainRecord& record) { records.push_back(record); };
  toy.trainer.run(hooks);
  ASSERT_EQ(records.size(), 4u);  // steps 4 and 8 (checkpoints), 5, 10
  EXPECT_EQ(records[0].step, 4);
  EXPECT_EQ(records[1].step, 5);
  EXPECT_EQ(records[0].scalars[0].first, "left/loss");
  EXPECT_EQ(records[0].loss, records[0].scalars[0].second);
}

TEST(Trainer, ClippingScalesTheJointNorm) {
  auto options = toy_options(1);
  options.clip = 1e-3;
  options.optimizer = OptimizerKind::sgd;
  options.learning_rate = 1;
  options.schedule = Schedule::constant;
  Toy toy(options);
  toy.game.right_turns = 1;
  toy.trainer.run({});
  EXPECT_NEAR(toy.game.left().detach().norm().item<double>(), 1e-3, 1e-7);
}

TEST(Trainer, RefusesAParameterOfTwoPlayers) {
  struct Quarrel : ToyGame {
    std::vector<Player> players() override {
      auto list = ToyGame::players();
      list[1].parameters.push_back(list[0].parameters[0]);
      return list;
    }
  } game;
  Loader loader(std::make_shared<ToyData>(10), real_values(), {.batch = 5});
  EXPECT_EQ(message_of([&] { Trainer(game, loader, toy_options(1)); }),
            "[trainer] parameter 'left' belongs to players 'left' and 'right'; both must declare "
            "it shared");
}

TEST(Trainer, RefusesASnapshotOfAnotherModel) {
  Toy toy(toy_options(2));
  auto file = toy.trainer.snapshot();
  file.tensors[0].shape = {1, 2};
  EXPECT_EQ(
      message_of([&] { toy.trainer.restore("a.safetensors", file); }),
      "[a.safetensors] tensor 'training/left' is F32 [1, 2], the model needs F32 [2]; the file "
      "belongs to another model");
  file = toy.trainer.snapshot();
  file.metadata.clear();
  EXPECT_EQ(message_of([&] { toy.trainer.restore("a.safetensors", file); }),
            "[a.safetensors] holds weights but no training state; it can be sampled and judged, "
            "not resumed");
}

}  // namespace
}  // namespace kiln
