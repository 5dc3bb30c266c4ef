// What every model of the registry owes, tested before its author writes a line.
#include "kiln/registry/models.h"

#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "kiln/check/check_model.h"
#include "kiln/train/feed.h"
#include "kiln/train/trainer.h"
#include "kiln/train/weights.h"

namespace kiln {
namespace {

// Every row with its tiny options, and once more with each of the others that it names.
const std::vector<ModelEntry>& tiny_models() {
  static const auto all = [] {
    std::vector<ModelEntry> list;
    for (const auto& entry : models()) {
      list.push_back(entry);
      for (const auto& options : entry.more_tiny) {
        list.push_back(entry);
        list.back().tiny = options;
        for (const auto& [name, value] : options) list.back().name += " " + name + "=" + value;
      }
    }
    return list;
  }();
  return all;
}

std::shared_ptr<Model> tiny(const ModelEntry& entry, std::uint64_t seed = 1) {
  return make_model(entry, entry.tiny, seed);
}

constexpr std::int64_t kItems = 48;

// Items of the shape and values that a tiny model takes.
class TinyData : public Dataset {
 public:
  TinyData(const ModelEntry& entry, ValueSet values) : values_(values) {
    const auto number = [&](const std::string& name) {
      const auto found = entry.tiny.find(name);
      return found == entry.tiny.end() ? std::int64_t{0} : std::stoll(found->second);
    };
    info_.values = values.kind;
    info_.levels = values.states;
    if (number("channels") > 0)
      info_.shape = {number("channels"), number("height"), number("width")};
    else
      info_.shape = {number("data_dim")};
    info_.name = "tiny";
    if (number("channels_b") > 0)
      info_.more = {{"b", {number("channels_b"), number("height"), number("width")}}};
    info_.classes = number("classes");
  }
  const DataInfo& info() const override { return info_; }
  std::int64_t size() const override { return kItems; }
  std::int64_t read(std::int64_t index, std::span<float> x) const override {
    Philox rng(derive_key(5, "tiny", static_cast<std::uint64_t>(index)));
    for (auto& v : x) {
      const double u = rng.uniform();
      v = static_cast<float>(values_.kind == Values::binary        ? (u < 0.3)
                             : values_.kind == Values::signed_unit ? 2 * u - 1
                             : values_.kind == Values::states
                                 ? std::floor(u * u * double(values_.states))
                                 : u);
    }
    return info_.classes > 0 ? index % info_.classes : -1;
  }

 private:
  ValueSet values_;
  DataInfo info_;
};

Transform keep(Values values) {
  Transform transform;
  transform.from = transform.to = values;
  return transform;
}

Batch tiny_batch(const ModelEntry& entry, const Model& model, std::int64_t rows) {
  const auto data = std::make_shared<TinyData>(entry, model.value_set());
  Loader loader(data, keep(model.values()), LoaderOptions::one_pass(rows, 1, 0));
  return to_batch(loader.next(), data->info());
}

// Whatever the model can say of x with a fixed seed, as one vector.
Tensor everything(Model& model, const Batch& batch) {
  torch::NoGradGuard no_grad;
  model.eval();
  std::vector<Tensor> parts;
  Rng rng(9, "contract");
  if (auto* m = dynamic_cast<Likelihood*>(&model)) parts.push_back(m->log_prob(batch));
  if (auto* m = dynamic_cast<Bound*>(&model))
    parts.push_back(m->elbo(batch, rng)), parts.push_back(m->log_prob_iwae(batch, 3, rng));
  auto* encoder = dynamic_cast<Encoder*>(&model);
  auto* prior = dynamic_cast<Prior*>(&model);
  if (encoder) parts.push_back(encoder->encode_mean(batch));
  if (prior) parts.push_back(prior->sample_prior(3, rng));
  if (auto* m = dynamic_cast<Decoder*>(&model))
    parts.push_back(m->decode_mean(prior ? parts.back() : encoder->encode_mean(batch)));
  if (auto* m = dynamic_cast<Classifier*>(&model); m && m->classes() > 0)
    parts.push_back(m->class_logits(batch));
  if (auto* m = dynamic_cast<Critic*>(&model)) parts.push_back(m->realness_logits(batch));
  if (auto* m = dynamic_cast<Sampler*>(&model)) parts.push_back(m->sample({.count = 3}, rng));
  if (auto* m = dynamic_cast<Translator*>(&model)) {
    const auto direction = m->directions().front();
    parts.push_back(m->translate(direction == "a2b" ? batch.x : batch.at("b"), direction, rng));
  }
  for (auto& part : parts) part = part.flatten().to(torch::kFloat32);
  return torch::cat(parts);
}

bool is_fitted(const Model& model) { return dynamic_cast<const Fitted*>(&model) != nullptr; }

TrainOptions few_rounds(const Model& model, std::int64_t steps, double ema) {
  TrainOptions options;
  options.ema = is_fitted(model) ? 0 : ema;
  options.steps = steps;
  options.batch = 7;  // a pass ends with a smaller batch
  options.seed = 2;
  options.loader_threads = 0;
  return resolve_for(model, options, kItems);
}

struct TinyRun {
  TinyRun(const ModelEntry& entry, std::int64_t steps, double ema = 0)
      : model(tiny(entry)),
        loader(std::make_shared<TinyData>(entry, model->value_set()), keep(model->values()),
               loader_options(*model, few_rounds(*model, steps, ema))),
        trainer(*model, loader, few_rounds(*model, steps, ema)) {
    if (const auto count = model->labelled_items(); count > 0)
      model->start_from_labelled(labelled_batch(
          std::make_shared<TinyData>(entry, model->value_set()), keep(model->values()), count, 3));
  }
  std::shared_ptr<Model> model;
  Loader loader;
  Trainer trainer;
};

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

TEST(Contract, EveryParameterOfAPlayerGetsAGradient) {
  for (const auto& entry : tiny_models()) {
    const auto game = std::dynamic_pointer_cast<Game>(tiny(entry));
    if (!game) continue;
    if (const auto count = game->labelled_items(); count > 0)
      game->start_from_labelled(tiny_batch(entry, *game, count));
    game->train();
    Rng rng(3);
    const auto batch = tiny_batch(entry, *game, 8);
    game->begin_round(batch, rng);
    for (const auto& player : game->players()) {
      const auto loss = player.objective(batch, rng).loss;
      EXPECT_EQ(loss.dim(), 0);
      for (const auto& [name, parameter] : player.parameters) {
        SCOPED_TRACE(entry.name + "." + name);
        const auto gradient = torch::autograd::grad({loss}, {parameter}, {}, true, false, true)[0];
        ASSERT_TRUE(gradient.defined());
        EXPECT_GT(gradient.abs().sum().item<double>(), 0);
      }
    }
  }
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

TEST(Contract, SamplesHaveTheShapeAndValuesOfTheData) {
  for (const auto& entry : tiny_models()) {
    const auto model = tiny(entry);
    auto* sampler = dynamic_cast<Sampler*>(model.get());
    if (!sampler) continue;
    SCOPED_TRACE(entry.name);
    model->eval();
    Rng rng(4);
    const auto x = sampler->sample({.count = 7}, rng);
    const auto shape = tiny_batch(entry, *model, 7).x.sizes().vec();
    EXPECT_EQ(x.sizes(), at::IntArrayRef(shape));
    EXPECT_FALSE(x.requires_grad());
    EXPECT_TRUE(x.isfinite().all().item<bool>());
    if (model->values() == Values::binary) {
      EXPECT_TRUE(((x == 0) | (x == 1)).all().item<bool>());
    }
    if (model->values() == Values::states) {
      EXPECT_TRUE(((x >= 0) & (x < model->states()) & (x == x.floor())).all().item<bool>());
    }
    if (model->values() == Values::unit) {
      EXPECT_TRUE(((x >= 0) & (x <= 1)).all().item<bool>());
    }
    if (model->values() == Values::signed_unit) {
      EXPECT_TRUE((x.abs() <= 1).all().item<bool>());
    }
  }
}

TEST(Contract, SamplersUseTheLabelOrRefuseIt) {
  for (const auto& entry : tiny_models()) {
    const auto model = tiny(entry);
    auto* sampler = dynamic_cast<Sampler*>(model.get());
    if (!sampler || dynamic_cast<Fitted*>(model.get())) continue;  // those are not fitted yet
    {
      torch::NoGradGuard no_grad;  // at the start most laws hardly look at the class
      Rng weights(8);
      for (auto& p : model->parameters()) p.copy_(weights.normal(p.sizes()));
    }
    Rng rng(1), again(1);
    try {
      const auto of_class = sampler->sample({.count = 16, .given = Given::of_class(0)}, rng);
      EXPECT_FALSE(torch::equal(of_class,
                                sampler->sample({.count = 16, .given = Given::of_class(1)}, again)))
          << entry.name;
    } catch (const ConfigError& error) {
      EXPECT_NE(std::string(error.what()).find("classes"), std::string::npos) << error.what();
    }
  }
}

// Whatever has a likelihood or a bound is looked at, and what is sound passes.  Fitted densities of
// images cut their samples to [0, 1], so nothing weighs them; the command says so.
TEST(Contract, EveryModelThatCanBeCheckedPassesWithAFinding) {
  for (const auto& entry : tiny_models()) {
    TinyRun run(entry, 30);
    if (!can_be_checked(*run.model)) continue;
    run.trainer.run({});
    Rng rng(6);
    const auto report = check_model(*run.model, tiny_batch(entry, *run.model, 32), rng);
    const bool of_images = is_fitted(*run.model) && run.model->values() == Values::unit;
    EXPECT_EQ(report.findings.empty(), of_images) << entry.name;
    for (const auto& finding : report.findings)
      EXPECT_TRUE(finding.passed) << entry.name << " " << finding.name << ": " << finding.detail;
  }
}

}  // namespace
}  // namespace kiln
