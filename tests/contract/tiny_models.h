#pragma once

#include <cmath>
#include <memory>
#include <vector>

#include "kiln/core/philox.h"
#include "kiln/feed/batches.h"
#include "kiln/registry/models.h"
#include "kiln/train/trainer.h"

namespace kiln {

// Every row with its tiny options, and once more with each of the others that it names.
inline const std::vector<ModelEntry>& tiny_models() {
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

inline std::shared_ptr<Model> tiny(const ModelEntry& entry, std::uint64_t seed = 1) {
  return make_model(entry, entry.tiny, seed);
}

constexpr std::int64_t kItems = 48;

// Items of the shape and values that a tiny model takes, or those of its second source.
class TinyData : public Dataset {
 public:
  TinyData(const ModelEntry& entry, ValueSet values, bool second = false)
      : values_(values), size_(second ? 31 : kItems) {
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
    const std::vector<std::int64_t> b{number("channels_b"), number("height"), number("width")};
    if (second)
      info_.shape = b;
    else if (number("channels_b") > 0 && entry.sources.empty())
      info_.more = {{"b", b}};
    info_.classes = number("classes");
  }
  const DataInfo& info() const override { return info_; }
  std::int64_t size() const override { return size_; }
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
  std::int64_t size_;
  DataInfo info_;
};

inline Transform keep(Values values) {
  Transform transform;
  transform.from = transform.to = values;
  return transform;
}

// Of one source, or of two of unequal lengths.
struct TinyFeed {
  TinyFeed(const ModelEntry& entry, const Model& model, const LoaderOptions& options)
      : first(std::make_shared<TinyData>(entry, model.value_set()), keep(model.values()), options),
        feed(first) {
    for (const auto& name : entry.sources) {
      second = std::make_unique<Loader>(std::make_shared<TinyData>(entry, model.value_set(), true),
                                        keep(model.values()), options);
      feed.add(name, *second);
    }
  }
  Loader first;
  std::unique_ptr<Loader> second;
  Feed feed;
};

inline Batch tiny_batch(const ModelEntry& entry, const Model& model, std::int64_t rows) {
  return TinyFeed(entry, model, LoaderOptions::one_pass(rows, 1, 0)).feed.next();
}

// Whatever the model can say of x with a fixed seed, as one vector.
inline Tensor everything(Model& model, const Batch& batch) {
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
    for (const auto& direction : m->directions())
      parts.push_back(m->translate(direction == "a2b" ? batch.x : batch.at("b"), direction, rng));
  }
  for (auto& part : parts) part = part.flatten().to(torch::kFloat32);
  return torch::cat(parts);
}

inline bool is_fitted(const Model& model) { return dynamic_cast<const Fitted*>(&model) != nullptr; }

inline TrainOptions few_rounds(const Model& model, std::int64_t steps, double ema) {
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
        data(entry, *model, loader_options(*model, few_rounds(*model, steps, ema))),
        trainer(*model, data.feed, few_rounds(*model, steps, ema)) {
    if (const auto count = model->labelled_items(); count > 0)
      model->start_from_labelled(labelled_batch(
          std::make_shared<TinyData>(entry, model->value_set()), keep(model->values()), count, 3));
  }
  std::shared_ptr<Model> model;
  TinyFeed data;
  Trainer trainer;
};

}  // namespace kiln
