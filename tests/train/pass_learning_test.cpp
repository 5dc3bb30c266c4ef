// A model that learns in passes, under the same trainer as games.
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "kiln/train/trainer.h"
#include "tests/support/refusal.h"
#include "tests/train/toy_game.h"

namespace kiln {
namespace {

// Newton's way to a mean: each pass moves half of what is left.
class HalfWay : public Fitted {
 public:
  HalfWay()
      : mean_(register_buffer("mean", torch::zeros({2}, torch::kFloat64))),
        sum_(register_buffer("sum", torch::zeros({2}, torch::kFloat64))),
        count_(register_buffer("count", torch::zeros({}, torch::kInt64))) {}
  Values values() const override { return Values::real; }
  void begin_pass() override { sum_.zero_(), count_.zero_(), ++begun; }
  void observe(const Batch& batch) override {
    sum_ += (batch.x - mean_).sum(0, false, torch::kFloat64);
    count_ += batch.x.size(0);
  }
  bool end_pass() override {
    const auto step = 0.5 * sum_ / count_;
    mean_ += step;
    return step.abs().max().item<double>() < 1e-3;
  }
  double loss() const override { return (sum_ / count_).abs().max().item<double>(); }
  std::int64_t most_passes() const override { return limit; }
  std::vector<std::pair<std::string, double>> figures() const override {
    return {{"begun", static_cast<double>(begun)}};
  }

  Tensor mean() const { return mean_; }
  std::int64_t count() const { return count_.item<std::int64_t>(); }
  int begun = 0;
  std::int64_t limit = 0;

 private:
  Tensor mean_, sum_, count_;
};

struct PassRun {
  explicit PassRun(std::int64_t epochs, std::int64_t limit = 0)
      : options(options_for(epochs, limit)) {}
  TrainOptions options_for(std::int64_t epochs, std::int64_t limit) {
    model.limit = limit;
    TrainOptions o;
    o.epochs = epochs;
    o.batch = 8;
    return resolve_for(model, o, 37);
  }
  HalfWay model;
  TrainOptions options;
  Loader loader{std::make_shared<ToyData>(37), real_values(), loader_options(model, options)};
  Trainer trainer{model, loader, options};
};

TEST(PassLearning, EveryItemIsSeenInEveryPassAndItStopsWhenDone) {
  PassRun run(100);
  EXPECT_EQ(run.options.steps, 500) << "five batches a pass, the last of 5 items";
  std::vector<double> losses;
  EXPECT_EQ(run.trainer.run({.record = [&](const TrainRecord& r) { losses.push_back(r.loss); }}),
            TrainEnd::finished);
  EXPECT_EQ(run.model.count(), 37);
  EXPECT_NEAR(run.model.mean()[0].item<double>(), 18.0 / 37, 2e-3);
  EXPECT_LT(run.trainer.step(), 100);
  EXPECT_EQ(run.trainer.step(), 5 * run.model.begun);
  EXPECT_EQ(losses.size(), static_cast<std::size_t>(run.model.begun)) << "a record for each pass";
  for (std::size_t i = 1; i < losses.size(); ++i) EXPECT_NEAR(losses[i], losses[i - 1] / 2, 1e-6);
  EXPECT_EQ(run.trainer.run({}), TrainEnd::finished) << "done is done";
  EXPECT_EQ(run.trainer.step(), 5 * run.model.begun);
}

TEST(PassLearning, OtherFiguresOfAPassStandBesideItsLoss) {
  PassRun run(3);
  std::vector<double> begun;
  run.trainer.run({.record = [&](const TrainRecord& r) {
    ASSERT_EQ(r.scalars.size(), 2u);
    EXPECT_EQ(r.scalars[1].first, "model/begun");
    begun.push_back(r.scalars[1].second);
  }});
  EXPECT_EQ(begun, (std::vector<double>{1, 2, 3}));
}

TEST(PassLearning, AModelSaysHowManyPassesItTakes) {
  PassRun run(100, 3);
  EXPECT_EQ(run.options.steps, 15);
  run.trainer.run({});
  EXPECT_EQ(run.model.begun, 3);
}

TEST(PassLearning, ItIsJudgedBetweenPassesOnlyAndAtTheEnd) {
  PassRun run(2);
  run.options.validate_every = 2;
  Trainer trainer(run.model, run.loader, run.options);
  std::vector<std::int64_t> steps;
  trainer.run({.validate =
                   [&] {
                     EXPECT_EQ(run.model.count(), 37);
                     return 1.0;
                   },
               .validated = [&](std::int64_t step, double, bool) { steps.push_back(step); }});
  EXPECT_EQ(steps, (std::vector<std::int64_t>{10}));
}

TEST(PassLearning, ProgressHasNoLossBeforeTheFirstPassEnds) {
  PassRun run(1);
  std::vector<double> losses;
  run.trainer.run({.progress = [&](std::int64_t, double loss) { losses.push_back(loss); }});
  ASSERT_EQ(losses.size(), 5u);
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(std::isnan(losses[static_cast<std::size_t>(i)]));
  EXPECT_NEAR(losses[4], 36.0 / 37, 1e-6);
}

TEST(PassLearning, ResumedInTheMiddleOfAPassEqualsUnbroken) {
  PassRun whole(4), first(4), second(4);
  whole.trainer.run({});
  SafetensorsFile saved;
  first.trainer.run({.checkpoint = [&](std::int64_t) { saved = first.trainer.snapshot(); },
                     .interrupted = [&] { return first.trainer.step() == 13; }});
  second.trainer.restore("saved", parse_safetensors("saved", encode_safetensors(saved)));
  second.trainer.run({});
  EXPECT_EQ(second.model.begun, 1) << "the third pass went on, the fourth began";
  EXPECT_EQ(encode_safetensors(second.trainer.snapshot()),
            encode_safetensors(whole.trainer.snapshot()));
}

TEST(PassLearning, OptionsOfGradientsAreRefused) {
  const HalfWay model;
  TrainOptions options;
  options.learning_rate = 0.1;
  options.ema = 0.9;
  EXPECT_EQ(message_of<ConfigError>([&] { resolve_for(model, options, 37); }),
            "[train] this model learns in passes over the data, without gradients; leave out "
            "--learning-rate, --ema");
}

// A pass is a step of its model however few its batches are; rounds of gradients are many.
TEST(PassLearning, OnlyEpochsOfGradientsAreTakenTogether) {
  const auto every = [](const Model& model, std::int64_t batches) {
    TrainOptions o;
    o.batch = 8;
    const auto resolved = resolve_for(model, o, 8 * batches);
    return std::pair(resolved.validate_every, resolved.checkpoint_every);
  };
  const auto both = [](std::int64_t rounds) { return std::pair(rounds, rounds); };
  ToyGame game;
  EXPECT_EQ(every(game, 1), both(10));
  EXPECT_EQ(every(game, 4), both(12));
  EXPECT_EQ(every(game, 9), both(18));
  EXPECT_EQ(every(game, 10), both(10));
  EXPECT_EQ(every(game, 2500), std::pair(std::int64_t{2500}, std::int64_t{1000}));
  HalfWay passes;
  EXPECT_EQ(every(passes, 1), both(1));
  EXPECT_EQ(every(passes, 4), both(4));
}

}  // namespace
}  // namespace kiln
