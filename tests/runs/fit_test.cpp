#include "kiln/runs/fit.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kiln/data/source.h"
#include "kiln/feed/tensor_data.h"
#include "kiln/io/atomic_file.h"
#include "kiln/io/safetensors.h"
#include "kiln/runs/session.h"
#include "kiln/use/judged_data.h"
#include "tests/support/refusal.h"
#include "tests/support/temporary_folder.h"

namespace kiln {
namespace {

Tensor coins(std::int64_t items, std::int64_t size, std::uint64_t seed = 1) {
  Rng rng(seed);
  return rng.bernoulli(torch::full({items, size}, .3));
}

const OptionMap kSmall{{"hidden", "8"}, {"latent", "2"}, {"epochs", "2"}, {"batch", "20"}};

void expect_equal_weights(const Model& a, const Model& b) {
  const auto of_a = a.named_parameters(), of_b = b.named_parameters();
  ASSERT_EQ(of_a.size(), of_b.size());
  for (const auto& entry : of_a)
    EXPECT_TRUE(torch::equal(entry.value(), of_b[entry.key()])) << entry.key();
}

// A run and a training in memory of the same items, with the same options.
void expect_equal_trainings(OptionMap model_options, const OptionMap& train_options,
                            std::int64_t last_step, const std::string& keys = "",
                            const DataAugmentation& augmentation = {}) {
  const TemporaryFolder folder;
  const auto spec = "digits:n=100,valid=40,test=0" + keys;
  Session::start({.model = "vae",
                  .model_options = model_options,
                  .data = spec,
                  .valid = "",
                  .train_options = train_options,
                  .out = folder / "run"},
                 {})
      .run();
  const auto of_run = load_run(folder / "run");
  const auto splits = open_source(parse_source(spec)).splits;
  TrainingSet set(splits.train);
  set.valid = splits.valid;
  set.augmentation = augmentation;
  model_options.insert(train_options.begin(), train_options.end());
  const auto trained = train("vae", set, model_options);
  expect_equal_weights(*trained.model, *of_run.model);
  EXPECT_EQ(trained.step, of_run.step);
  EXPECT_EQ(trained.step, last_step);
  EXPECT_EQ(trained.config.model_options, of_run.config.model_options);
}

TEST(Fit, GivesTheBitsOfARunOnTheSameItems) {
  expect_equal_trainings({{"hidden", "8"}, {"latent", "2"}}, {{"epochs", "2"}, {"batch", "20"}},
                         10);
}

// Steps so long that the state gets worse: the best one is given, not the last.
TEST(Fit, MovesPicturesAsASpecDoesAndJudgesThemAsTheyAre) {
  expect_equal_trainings({{"hidden", "8"}, {"latent", "2"}}, {{"epochs", "2"}, {"batch", "20"}}, 10,
                         ",shift=2,flip=true", {.flip = true, .shift = 2});
  TrainingSet set(open_source(parse_source("digits:n=60,test=0")).splits.train);
  const auto plain = train("vae", set, kSmall);
  set.augmentation.shift = 2;
  const auto moved = train("vae", set, kSmall);
  EXPECT_FALSE(torch::equal(plain.model->parameters()[0], moved.model->parameters()[0]));
  EXPECT_EQ(
      message_of([&] {
        train("gaussian_mixture", set, {{"components", "2"}});
      }),
      "[data] digits:n=60,seed=1,test=0 changes its pictures every epoch, and the model is fitted "
      "in passes over the same ones; leave flip=, shift= and jitter= out");

  const TemporaryFolder folder;
  Session::start({.model = "vae",
                  .model_options = {{"hidden", "8"}, {"latent", "2"}},
                  .data = "digits:n=60,test=20,shift=3",
                  .valid = "",
                  .train_options = {{"steps", "2"}},
                  .out = folder / "run"},
                 {})
      .run();
  const auto judged = judged_data(load_run(folder / "run"), "", "test");
  const auto straight = open_source(parse_source("digits:n=60,test=20")).splits.test;
  EXPECT_EQ(judged.name, "digits:n=60,test=20 (test)");
  std::vector<float> a(784), b(784);
  judged.data->read(3, a), straight->read(3, b);
  EXPECT_EQ(a, b);
}

TEST(Fit, GivesTheStateThatIsBestByValidation) {
  expect_equal_trainings(
      {{"hidden", "8"}, {"latent", "2"}},
      {{"steps", "12"}, {"validate_every", "4"}, {"learning_rate", "3"}, {"batch", "20"}}, 8);
}

TEST(Fit, TellsEveryStepAndStopsWhenItIsTold) {
  std::vector<TrainingProgress> seen;
  const auto trained = train("nade", in_memory(coins(100, 6)), {{"hidden", "4"}, {"steps", "50"}},
                             [&](const TrainingProgress& at) {
                               seen.push_back(at);
                               return at.step < 7;
                             });
  ASSERT_EQ(seen.size(), 7U);
  EXPECT_EQ(seen.front().step, 1);
  EXPECT_EQ(seen.back().steps, 50);
  EXPECT_GT(seen.front().loss, 0);
  EXPECT_EQ(trained.step, 7) << "the model as it stands";
  EXPECT_FALSE(trained.model->is_training());
}

TEST(Fit, AModelIsKeptInOneFile) {
  const TemporaryFolder folder;
  const auto x = coins(100, 6);
  const auto trained = train("vae", in_memory(x), kSmall);
  save_model(folder / "model.safetensors", trained);
  const auto read = load_model(folder / "model.safetensors");
  EXPECT_EQ(read.step, trained.step);
  EXPECT_EQ(read.config.model_options, trained.config.model_options);
  EXPECT_FALSE(read.model->is_training());
  Rng one(3), same(3);
  EXPECT_TRUE(
      torch::equal(read.as<Bound>("bound").elbo(x, one), trained.as<Bound>("bound").elbo(x, same)));
  EXPECT_NE(message_of<ConfigError>([&] { read.as<Critic>("critic"); }).find("vae"),
            std::string::npos);
}

TEST(Fit, ReadsNothingElseAsAModel) {
  const TemporaryFolder folder;
  const auto path = folder / "model.safetensors";
  EXPECT_THROW(load_model(path), IoError);
  write_safetensors(path, {});
  EXPECT_NE(message_of<IoError>([&] { load_model(path); }).find("holds no model"),
            std::string::npos);
  save_model(path, train("nade", in_memory(coins(40, 4)), {{"hidden", "3"}, {"steps", "2"}}));
  auto file = read_safetensors(path);
  file.metadata["kiln.config"] = "[run]\nmodel = 3";
  write_safetensors(path, file);
  EXPECT_THROW(load_model(path), IoError);
  save_model(path, train("nade", in_memory(coins(40, 4)), {{"hidden", "3"}, {"steps", "2"}}));
  file = read_safetensors(path);
  file.tensors.pop_back();
  write_safetensors(path, file);
  EXPECT_NE(message_of<IoError>([&] { load_model(path); }).find("has no tensor"),
            std::string::npos);
}

TEST(Fit, LearnsFromLabelsAndFromTwoKindsOfPictures) {
  const auto y = torch::arange(60).remainder(2);
  const auto x = coins(60, 5) * y.unsqueeze(1);
  const auto nade =
      train("nade", in_memory(x, y), {{"hidden", "4"}, {"condition", "label"}, {"steps", "60"}});
  EXPECT_EQ(nade.as<Classifier>("classifier").classes(), 2);
  Rng rng(2);
  TrainingSet pictures(in_memory(rng.uniform({12, 1, 16, 16})));
  pictures.b = in_memory(rng.uniform({9, 1, 16, 16}));
  const auto cyclegan =
      train("cyclegan", pictures, {{"filters", "2"}, {"critic_filters", "2"}, {"steps", "2"}});
  EXPECT_EQ(cyclegan.as<Translator>("translator").directions().size(), 2U);
}

TEST(Fit, RefusesWhatItCannotTrain) {
  {
    TrainingSet twice(open_source(parse_source("digits:n=60,test=0")).splits.train);
    twice.valid = twice.items;
    EXPECT_EQ(message_of([&] { train("vae", twice, kSmall); }),
              "[train] the validation items are those that are learned from; leave them out, and a "
              "part is held out");
  }
  const auto data = in_memory(coins(40, 4));
  EXPECT_NE(message_of<ConfigError>([&] {
              train("nade", data, {{"hiden", "3"}});
            }).find("nade has no option 'hiden'; did you mean 'hidden'?"),
            std::string::npos);
  EXPECT_THROW(train("nadee", data), ConfigError);
  EXPECT_THROW(train("nade", data, {{"hidden", "many"}}), ConfigError);
  EXPECT_EQ(message_of<ConfigError>([&] { train("nade", DatasetPtr()); }),
            "[train] there are no items to learn from");
  EXPECT_NE(message_of<ConfigError>([&] { train("cyclegan", data); }).find("two kinds"),
            std::string::npos);
  TrainingSet two(data);
  two.b = data;
  EXPECT_NE(message_of<ConfigError>([&] { train("nade", two); }).find("one source"),
            std::string::npos);
  EXPECT_NE(message_of<ConfigError>([&] {
              train("nade", in_memory(torch::full({40, 4}, .5)));
            }).find("binar"),
            std::string::npos);
}

}  // namespace
}  // namespace kiln
