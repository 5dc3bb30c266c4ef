#include "kiln/runs/coded_data.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kiln/core/error.h"
#include "kiln/data/fingerprint.h"
#include "kiln/data/source.h"
#include "kiln/feed/batches.h"
#include "kiln/runs/fit.h"
#include "kiln/runs/session.h"
#include "tests/support/refusal.h"
#include "tests/support/temporary_folder.h"

namespace kiln {
namespace {

const OptionMap kTiny{{"steps", "20"}, {"batch", "20"}, {"threads", "1"}};

std::filesystem::path encoder_run(const TemporaryFolder& folder, const std::string& spec) {
  const auto path = folder / "encoder";
  Session::start({.model = "vae",
                  .model_options = {{"hidden", "8"}, {"latent", "3"}},
                  .data = spec,
                  .valid = "",
                  .train_options = kTiny,
                  .out = path},
                 {})
      .run();
  return path;
}

Session coded_session(const std::filesystem::path& out, const std::filesystem::path& encoder,
                      const std::string& spec) {
  return Session::start(
      {.model = "pixel_cnn",
       .model_options = {{"hidden", "3"}, {"layers", "1"}, {"head", "4"}, {"condition", "code"}},
       .data = spec,
       .encoder = encoder.string(),
       .valid = "",
       .train_options = kTiny,
       .out = out},
      {});
}

Batch all_of(const DatasetPtr& data, const Transform& transform) {
  Loader loader(data, transform, LoaderOptions::one_pass(data->size(), 1));
  return to_batch(loader.next(), data->info());
}

TEST(CodedData, GivesEveryItemTheCodeThatTheEncoderMakesOfIt) {
  const TemporaryFolder folder;
  const std::string spec = "digits:n=1200,test=40";  // more than are encoded at once
  const auto encoder = load_run(encoder_run(folder, spec));
  torch::NoGradGuard no_grad;
  const auto source = open_source(parse_source(spec));
  const auto items = source.splits.train;
  const auto coded = with_codes(items, source, encoder);
  ASSERT_EQ(coded->info().field("code")->shape, std::vector<std::int64_t>{3});
  // Grey levels become 0 and 1 by chance for the model, by a threshold for the encoder.
  auto transform = transform_for(source, coded->info(), *encoder.model);
  EXPECT_EQ(transform.binarize, Binarize::stochastic);
  const auto batch = all_of(coded, transform);
  auto threshold = transform;
  threshold.binarize = Binarize::threshold;
  const auto plain = all_of(items, threshold);
  EXPECT_TRUE(torch::equal(batch.y, plain.y));
  EXPECT_FALSE(torch::equal(batch.x, plain.x));
  EXPECT_TRUE(torch::allclose(batch.at("code"), encoder.as<Encoder>("encoder").encode_mean(plain),
                              1e-5, 1e-6));
  EXPECT_EQ(fingerprint(*coded), fingerprint(*items));  // codes are no data
  const auto shuffled = subset(coded, {7, 3});
  EXPECT_TRUE(torch::equal(all_of(shuffled, transform).at("code"),
                           batch.at("code").index_select(0, torch::tensor({7, 3}))));
}

TEST(CodedData, StatesAreGreyLevelsToAnEncoderOfThose) {
  const TemporaryFolder folder;
  const auto path = folder / "grey";
  Session::start({.model = "autoencoder",
                  .model_options = {{"hidden", "8"}, {"latent", "3"}},
                  .data = "digits:n=100,test=40",
                  .valid = "",
                  .train_options = kTiny,
                  .out = path},
                 {})
      .run();
  const auto encoder = load_run(path);
  const auto source = open_source(parse_source("digits:n=100,test=40,levels=5"));
  torch::NoGradGuard no_grad;
  const auto coded = with_codes(source.splits.train, source, encoder);
  const auto states = all_of(coded, Transform{.from = Values::states, .to = Values::states});
  EXPECT_EQ(states.x.max().item<float>(), 4);
  EXPECT_TRUE(torch::allclose(
      states.at("code"), encoder.as<Encoder>("encoder").encode_mean(states.x / 4), 1e-5, 1e-6));
}

TEST(CodedData, RefusesItemsThatTheEncoderDidNotLearn) {
  const TemporaryFolder folder;
  const auto encoder = load_run(encoder_run(folder, "digits:n=100,test=40"));
  const auto source = open_source(parse_source("shapes:size=16,n=20"));
  EXPECT_NE(message_of([&] {
              with_codes(source.splits.train, source, encoder);
            }).find("the encoder was trained with"),
            std::string::npos);
  TrainedModel none;
  none.config.model = "nade";
  none.model = make_model(find_model("nade"), find_model("nade").tiny, 1);
  EXPECT_NE(message_of([&] { with_codes(source.splits.train, source, none); }).find("encoder"),
            std::string::npos);
}

// The run keeps the encoder: what became of its own run does not matter.
TEST(CodedData, ARunKeepsItsEncoderAndGoesOnWithTheSameBits) {
  const TemporaryFolder folder;
  const std::string spec = "digits:n=100,test=40";
  const auto encoder = encoder_run(folder, spec);
  coded_session(folder / "whole", encoder, spec).run();
  {
    auto half = coded_session(folder / "half", encoder, spec);
    std::filesystem::remove_all(encoder);
  }
  Session::resume(folder / "half", std::nullopt, torch::kCPU, {}).run();
  const auto whole = load_run(folder / "whole"), half = load_run(folder / "half");
  ASSERT_TRUE(half.encoder);
  for (const auto& entry : whole.model->named_parameters())
    EXPECT_TRUE(torch::equal(entry.value(), half.model->named_parameters()[entry.key()]))
        << entry.key();
  EXPECT_TRUE(torch::equal(whole.model->named_buffers()["code_input.kept"],
                           half.model->named_buffers()["code_input.kept"]));
  // Another run's encoder, and none.
  const auto file = folder / "half" / "encoder.safetensors";
  const auto trained = train("vae", TrainingSet(open_source(parse_source(spec)).splits.train),
                             {{"hidden", "4"}, {"latent", "2"}, {"steps", "2"}, {"batch", "9"}});
  save_model(file, trained);
  EXPECT_EQ(message_of([&] { load_run(folder / "half"); }),
            "[" + file.string() +
                "] makes codes of 2 numbers, the run was trained with codes of 3: it is another "
                "run's encoder");
  EXPECT_NE(message_of([&] {
              Session::resume(folder / "half", {}, torch::kCPU, {});
            }).find("it is another run's encoder"),
            std::string::npos);
  std::filesystem::remove(file);
  EXPECT_EQ(message_of([&] { load_run(folder / "half"); }),
            "[" + file.string() + "] is missing: it holds the encoder of " + encoder.string() +
                ", which makes the codes of this run; put it back");
}

// Killed after config.toml and before the encoder stood: the run that it names is read again.
TEST(CodedData, ARunWithoutItsEncoderYetTakesItFromTheRunThatItNames) {
  const TemporaryFolder folder;
  const std::string spec = "digits:n=100,test=40";
  const auto encoder = encoder_run(folder, spec);
  coded_session(folder / "whole", encoder, spec).run();
  { coded_session(folder / "killed", encoder, spec); }
  std::filesystem::remove_all(folder / "killed" / "checkpoints");
  std::filesystem::remove(folder / "killed" / "encoder.safetensors");
  Session::resume(folder / "killed", std::nullopt, torch::kCPU, {}).run();
  const auto whole = load_run(folder / "whole"), killed = load_run(folder / "killed");
  for (const auto& entry : whole.model->named_parameters())
    EXPECT_TRUE(torch::equal(entry.value(), killed.model->named_parameters()[entry.key()]))
        << entry.key();
}

TEST(CodedData, TrainingInMemoryTakesAnEncoder) {
  const TemporaryFolder folder;
  const std::string spec = "digits:n=100,valid=40,test=0";
  const auto path = encoder_run(folder, spec);
  coded_session(folder / "run", path, spec).run();
  const auto splits = open_source(parse_source(spec)).splits;
  TrainingSet set(splits.train);
  set.valid = splits.valid;
  set.encoder = std::make_shared<TrainedModel>(load_run(path));
  OptionMap options{{"hidden", "3"}, {"layers", "1"}, {"head", "4"}, {"condition", "code"}};
  options.insert(kTiny.begin(), kTiny.end());
  const auto trained = train("pixel_cnn", set, options);
  const auto run = load_run(folder / "run");
  for (const auto& entry : run.model->named_parameters())
    EXPECT_TRUE(torch::equal(entry.value(), trained.model->named_parameters()[entry.key()]))
        << entry.key();
}

}  // namespace
}  // namespace kiln
