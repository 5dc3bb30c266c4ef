#include "kiln/metrics/fine_tune.h"

#include <gtest/gtest.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/linear.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>

#include "tests/support/refusal.h"

namespace kiln {
namespace {

// Points of two classes, inside and outside a circle: no line tells them apart.
class Circle : public Dataset {
 public:
  Circle() {
    info_.name = "circle";
    info_.shape = {2};
    info_.classes = 2;
  }
  const DataInfo& info() const override { return info_; }
  std::int64_t size() const override { return 400; }
  std::int64_t read(std::int64_t index, std::span<float> x) const override {
    Philox rng(derive_key(3, "circle", static_cast<std::uint64_t>(index)));
    const double angle = rng.uniform(0, 6.283185307179586), radius = index % 2 ? 2 : 0.5;
    x[0] = static_cast<float>(radius * std::cos(angle));
    x[1] = static_cast<float>(radius * std::sin(angle));
    return index % 2;
  }

 private:
  DataInfo info_;
};

// Code of two numbers behind a hidden layer, and a decoder that has no part in it.
class TinyEncoder : public Model, public Encoder {
 public:
  TinyEncoder()
      : hidden_(register_module("hidden", torch::nn::Linear(2, 16))),
        code_(register_module("code", torch::nn::Linear(16, 2))),
        decoder_(register_module("decoder", torch::nn::Linear(2, 2))) {}
  Values values() const override { return Values::real; }
  std::int64_t code_size() const override { return 2; }
  Tensor encode_mean(const Batch& batch) override { return code_(torch::tanh(hidden_(batch.x))); }

 private:
  torch::nn::Linear hidden_, code_, decoder_;
};

class FixedCode : public Model, public Encoder {
 public:
  Values values() const override { return Values::real; }
  std::int64_t code_size() const override { return 2; }
  Tensor encode_mean(const Batch& batch) override { return batch.x; }
};

std::shared_ptr<TinyEncoder> tiny() {
  Rng rng(5, "init");
  const Rng::Scope scope(rng);
  return std::make_shared<TinyEncoder>();
}

struct Setting {
  DatasetPtr data = std::make_shared<Circle>();
  LabelledSplit split;
  Tensor x = torch::empty({400, 2}), y = torch::empty(400, torch::kInt64);

  Setting() {
    for (std::int64_t i = 0; i < 400; ++i) y[i] = data->read(i, {x.data_ptr<float>() + 2 * i, 2});
    Rng rng(1, "labels");
    split = draw_labelled(y, 2, 200, rng);
  }
  Tensor rows(const Tensor& of, const std::vector<std::int64_t>& items) const {
    return of.index_select(0, torch::tensor(items));
  }
  LinearProbe probe(Encoder& encoder) const {
    torch::NoGradGuard no_grad;
    const auto z = encoder.encode_mean(x);
    return fit_linear_probe(rows(z, split.fit), rows(y, split.fit), rows(z, split.held_out),
                            rows(y, split.held_out), 2)
        .on_fit;
  }
  TunedClassifier tuned(Model& model, const FineTuneOptions& options) const {
    return {model, probe(dynamic_cast<Encoder&>(model)), data, Transform{}, split, options};
  }
};

std::vector<Tensor> copies(const Model& model) {
  std::vector<Tensor> list;
  for (const auto& parameter : model.parameters()) list.push_back(parameter.detach().clone());
  return list;
}

TEST(FineTune, LearnsWhatNoLineThroughTheFrozenCodesTells) {
  const Setting setting;
  const auto model = tiny();
  const double frozen =
      accuracy(setting.probe(*model).predict(model->encode_mean(setting.x)), setting.y);
  const auto classifier = setting.tuned(*model, {.encoder_rate = 1e-2, .head_rate = 1e-2});
  const double tuned = accuracy(classifier.predict(setting.x), setting.y);
  EXPECT_LT(frozen, 0.9);
  EXPECT_GT(tuned, 0.97);
  EXPECT_GT(classifier.epochs(), 0);
  EXPECT_FALSE(model->is_training());
}

TEST(FineTune, MovesTheEncoderAndNothingElse) {
  const Setting setting;
  const auto model = tiny();
  const auto before = copies(*model);
  setting.tuned(*model, {.encoder_rate = 1e-2, .head_rate = 0, .most_epochs = 3});
  const auto after = copies(*model);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_FALSE(torch::equal(before[i], after[i])) << i;
  for (std::size_t i = 4; i < 6; ++i) EXPECT_TRUE(torch::equal(before[i], after[i])) << i;
}

TEST(FineTune, WithoutAStepItIsTheProbeAndARateOfZeroFreezesTheEncoder) {
  const Setting setting;
  const auto model = tiny();
  const auto before = copies(*model);
  const auto probe = setting.probe(*model);
  const auto expected = probe.predict(model->encode_mean(setting.x).detach());
  const auto start = setting.tuned(*model, {.most_epochs = 0});
  EXPECT_TRUE(torch::equal(start.predict(setting.x), expected));
  EXPECT_EQ(start.epochs(), 0);
  setting.tuned(*model, {.encoder_rate = 0, .head_rate = 0.1, .most_epochs = 3});
  const auto after = copies(*model);
  for (std::size_t i = 0; i < 6; ++i) EXPECT_TRUE(torch::equal(before[i], after[i])) << i;
}

// A rate that throws the weights far off makes every epoch worse than the start, which is kept.
TEST(FineTune, KeepsTheWeightsOfTheLeastHeldOutLoss) {
  const Setting setting;
  const auto model = tiny();
  const auto before = copies(*model);
  const auto classifier =
      setting.tuned(*model, {.encoder_rate = 50, .head_rate = 50, .most_epochs = 4});
  EXPECT_EQ(classifier.epochs(), 0);
  const auto after = copies(*model);
  for (std::size_t i = 0; i < 6; ++i) EXPECT_TRUE(torch::equal(before[i], after[i])) << i;
}

// What a batch normalisation has seen belongs to the weights that are kept.
TEST(FineTune, KeepsTheStatisticsOfTheLeastHeldOutLossToo) {
  class Normalised : public TinyEncoder {
   public:
    Normalised() : norm_(register_module("norm", torch::nn::BatchNorm1d(2))) {}
    Tensor encode_mean(const Batch& batch) override {
      return TinyEncoder::encode_mean(norm_(batch.x));
    }

   private:
    torch::nn::BatchNorm1d norm_;
  };
  const Setting setting;
  Rng rng(5, "init");
  const Rng::Scope scope(rng);
  Normalised model;
  model.eval();
  std::vector<Tensor> before;
  for (const auto& buffer : model.buffers()) before.push_back(buffer.clone());
  const auto classifier =
      setting.tuned(model, {.encoder_rate = 50, .head_rate = 50, .most_epochs = 4});
  EXPECT_EQ(classifier.epochs(), 0);
  const auto after = model.buffers();
  ASSERT_EQ(after.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(torch::equal(before[i], after[i])) << i;
}

TEST(FineTune, TheSameSeedGivesTheSameBits) {
  const Setting setting;
  const auto one = tiny(), two = tiny(), other = tiny();
  setting.tuned(*one, {.most_epochs = 2, .seed = 4});
  setting.tuned(*two, {.most_epochs = 2, .seed = 4});
  setting.tuned(*other, {.most_epochs = 2, .seed = 5});
  EXPECT_TRUE(torch::equal(one->parameters()[0], two->parameters()[0]));
  EXPECT_FALSE(torch::equal(one->parameters()[0], other->parameters()[0]));
}

TEST(FineTune, ACodeWithoutParametersIsRefused) {
  const Setting setting;
  FixedCode fixed;
  EXPECT_EQ(message_of<ConfigError>([&] { setting.tuned(fixed, {}); }),
            "[fine_tune] the codes of this model depend on no parameter that learns by gradients; "
            "judge its frozen features");
}

}  // namespace
}  // namespace kiln
