#include "kiln/use/probe.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <algorithm>

#include "kiln/feed/batches.h"
#include "kiln/metrics/fine_tune.h"
#include "kiln/metrics/nearest_neighbours.h"
#include "kiln/models/seen_as.h"
#include "kiln/registry/models.h"
#include "kiln/train/weights.h"
#include "kiln/use/codes.h"

namespace kiln {
namespace {

using Accuracies = decltype(ProbeAnswer::accuracies);

// Another model with the same weights.
std::shared_ptr<Model> copied(const TrainedModel& run, torch::Device device) {
  SafetensorsFile file;
  append_model(file, *run.model);
  auto model = make_model(find_model(run.config.model), run.config.model_options, 0);
  load_weights("copy", file, *model);
  model->to(device);
  model->eval();
  return model;
}

constexpr double kFreshRate = 1e-3;  // Adam's, of an encoder that nobody trained before

struct ProbeData {
  JudgedData train, test;
  std::int64_t classes;
};

ProbeData probe_data(const TrainedModel& run, const ProbeAsk& ask) {
  const auto part = !ask.split.empty()             ? ask.split
                    : has_test_part(run, ask.data) ? "test"
                                                   : "valid";
  ProbeData data{judged_data(run, ask.data, "train"), judged_data(run, ask.data, part), 0};
  data.classes = data.train.data->info().classes;
  if (data.classes == 0)
    throw ConfigError("probe", fmt::format("{} has no labels; give --data a labelled source of the "
                                           "same items",
                                           data.train.name));
  return data;
}

// Labels of all training items; they are read, the items are not encoded.
Tensor labels_of(const Dataset& data) {
  std::vector<float> x(static_cast<std::size_t>(data.info().stored_size()));
  auto y = torch::empty(data.size(), torch::kInt64);
  for (std::int64_t i = 0; i < data.size(); ++i) y.data_ptr<std::int64_t>()[i] = data.read(i, x);
  return y;
}

class Probe {
 public:
  Probe(const TrainedModel& run, const ProbeAsk& ask, const ProbeData& data)
      : ask_(ask),
        codes_{.seed = ask.seed, .device = ask.device},
        run_(run),
        data_(data),
        labels_(labels_of(*data.train.data)) {
    for (const auto count : ask.labels) draw(count);  // refuses more than there are
    test_ = codes_of(run.as<Encoder>("encoder"), data.test, codes_);
  }

  /// Adds the accuracies with `count` labels to the methods'.
  void judge(std::int64_t count, Accuracies& accuracies) {
    const auto split = draw(count);
    const auto probes = probe_of(*run_.model, split);
    const auto& probe = probes.on_all;
    add(accuracies, "linear_probe", accuracy(probe.predict(test_.z), test_.y));
    add(accuracies, "nearest_neighbours", neighbours(probe, split));
    if (ask_.fine_tune) {
      const auto copy = copied(run_, codes_.device);
      add(accuracies, "fine_tuned",
          tuned(*copy, probes.on_fit, split, FineTuneOptions{}.encoder_rate));
    }
    if (const auto fresh = untrained())
      add(accuracies, "from_scratch",
          tuned(*fresh, probe_of(*fresh, split).on_fit, split, kFreshRate));
  }

 private:
  static void add(Accuracies& accuracies, const std::string& method, double value) {
    auto found = std::find_if(accuracies.begin(), accuracies.end(),
                              [&](const auto& entry) { return entry.first == method; });
    if (found == accuracies.end()) found = accuracies.insert(found, {method, {}});
    found->second.push_back(value);
  }

  LabelledCodes encoded(Model& model, const std::vector<std::int64_t>& items) const {
    auto part = data_.train;
    part.data = subset(part.data, items);
    return codes_of(surely_as<Encoder>(model), part, codes_);
  }

  FittedProbes probe_of(Model& model, const LabelledSplit& split) const {
    const auto fit = encoded(model, split.fit), apart = encoded(model, split.held_out);
    return fit_linear_probe(fit.z, fit.y, apart.z, apart.y, data_.classes);
  }

  double neighbours(const LinearProbe& probe, const LabelledSplit& split) const {
    const auto known = encoded(*run_.model, split.all());
    return accuracy(
        nearest_neighbours(probe.scale.standard(known.z), known.y, probe.scale.standard(test_.z),
                           ask_.neighbours, data_.classes),
        test_.y);
  }

  double tuned(Model& model, const LinearProbe& probe, const LabelledSplit& split,
               double encoder_rate) const {
    const TunedClassifier classifier(
        model, probe, data_.train.data, data_.train.transform, split,
        {.encoder_rate = encoder_rate, .seed = codes_.seed, .device = codes_.device});
    Loader loader(data_.test.data, data_.test.transform,
                  LoaderOptions::one_pass(codes_.batch, codes_.seed));
    std::vector<Tensor> predicted;
    for (auto host = loader.next(); host.rows > 0; host = loader.next()) {
      const auto x = to_batch(std::move(host), loader.info(), codes_.device).x;
      predicted.push_back(classifier.predict(x).to(torch::kCPU));
    }
    return accuracy(torch::cat(predicted), test_.y);
  }

  // The same model before its first step; nothing for one that does not learn by gradients.
  std::shared_ptr<Model> untrained() const {
    if (!seen_as<Game>(*run_.model)) return nullptr;
    auto model = make_model(find_model(run_.config.model), run_.config.model_options, codes_.seed);
    model->start_from_data(
        data_moments(data_.train.data, data_.train.transform, 50000, codes_.seed));
    model->to(codes_.device);
    model->eval();
    return model;
  }

  LabelledSplit draw(std::int64_t count) const {
    Rng rng(codes_.seed, "labels");
    return draw_labelled(labels_, data_.classes, count, rng);
  }

  const ProbeAsk& ask_;
  CodeOptions codes_;
  const TrainedModel& run_;
  const ProbeData& data_;
  Tensor labels_;  // [train items]
  LabelledCodes test_;
};

}  // namespace

ProbeAnswer probe(const TrainedModel& run, const ProbeAsk& ask, const Hooks& hooks) {
  auto& encoder = run.as<Encoder>("encoder");
  const auto data = probe_data(run, ask);
  Probe probe(run, ask, data);
  ProbeAnswer answer{
      .data = data.test.name, .items = data.test.data->size(), .features = encoder.code_size()};
  for (const auto count : ask.labels) {
    probe.judge(count, answer.accuracies);
    hooks.say(fmt::format("{} labels: done", count));
  }
  return answer;
}

}  // namespace kiln
