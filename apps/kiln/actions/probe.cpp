#include <fmt/format.h>
#include <torch/types.h>

#include <algorithm>

#include "kiln/core/text.h"
#include "kiln/core/threads.h"
#include "kiln/feed/batches.h"
#include "kiln/metrics/fine_tune.h"
#include "kiln/metrics/nearest_neighbours.h"
#include "kiln/use/codes.h"

namespace kiln::program {
namespace {

constexpr double kFreshRate = 1e-3;  // Adam's, of an encoder that nobody trained before

struct ProbeData {
  JudgedData train, test;
  std::int64_t classes;
};

// Test accuracies by method, one for each number of labels.
using Accuracies = std::vector<std::pair<std::string, std::vector<double>>>;

ProbeData probe_data(const ProbeArguments& a, const TrainedModel& run) {
  const auto part = !a.split.empty() ? a.split : has_test_part(run, a.data) ? "test" : "valid";
  ProbeData data{judged_data(run, a.data, "train"), judged_data(run, a.data, part), 0};
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
  Probe(const ProbeArguments& a, const TrainedModel& run, const ProbeData& data)
      : a_(a),
        codes_(code_options(a.run)),
        run_(run),
        data_(data),
        labels_(labels_of(*data.train.data)) {
    test_ = codes_of(run.as<Encoder>("encoder"), data.test, codes_);
  }

  /// Adds the accuracies with `count` labels to the methods'.
  void judge(std::int64_t count, Accuracies& accuracies) {
    Rng rng(codes_.seed, "labels");
    const auto split = draw_labelled(labels_, data_.classes, count, rng);
    const auto probes = probe_of(*run_.model, split);
    const auto& probe = probes.on_all;
    add(accuracies, "linear_probe", accuracy(probe.predict(test_.z), test_.y));
    add(accuracies, "nearest_neighbours", neighbours(probe, split));
    if (a_.fine_tune) {
      const auto copy = load_run(a_.run.run, a_.run.checkpoint, codes_.device);
      add(accuracies, "fine_tuned",
          tuned(*copy.model, probes.on_fit, split, FineTuneOptions{}.encoder_rate));
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
    return codes_of(dynamic_cast<Encoder&>(model), part, codes_);
  }

  FittedProbes probe_of(Model& model, const LabelledSplit& split) const {
    const auto fit = encoded(model, split.fit), apart = encoded(model, split.held_out);
    return fit_linear_probe(fit.z, fit.y, apart.z, apart.y, data_.classes);
  }

  double neighbours(const LinearProbe& probe, const LabelledSplit& split) const {
    const auto known = encoded(*run_.model, split.all());
    return accuracy(nearest_neighbours(probe.standardise(known.z), known.y,
                                       probe.standardise(test_.z), a_.neighbours, data_.classes),
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
    if (!dynamic_cast<const Game*>(run_.model.get())) return nullptr;
    auto model = make_model(find_model(run_.config.model), run_.config.model_options, codes_.seed);
    model->start_from_data(
        data_moments(data_.train.data, data_.train.transform, 50000, codes_.seed));
    model->to(codes_.device);
    model->eval();
    return model;
  }

  const ProbeArguments& a_;
  CodeOptions codes_;
  const TrainedModel& run_;
  const ProbeData& data_;
  Tensor labels_;  // [train items]
  LabelledCodes test_;
};

std::string table_of(const std::vector<std::int64_t>& counts, const Accuracies& accuracies) {
  auto text = fmt::format("{:<8}", "labels");
  for (const auto& [method, values] : accuracies) text += fmt::format(" {:>18}", method);
  for (std::size_t i = 0; i < counts.size(); ++i) {
    text += fmt::format("\n{:<8}", counts[i]);
    for (const auto& [method, values] : accuracies) text += fmt::format(" {:>18.4f}", values[i]);
  }
  return text;
}

}  // namespace

int probe(const ProbeArguments& a, const Console& console) {
  start_up();
  const auto run = load(a.run, console);
  auto& encoder = run.as<Encoder>("encoder");
  const auto data = probe_data(a, run);
  Probe probe(a, run, data);
  Accuracies accuracies;
  for (const auto count : a.labels) {
    probe.judge(count, accuracies);
    console.note(fmt::format("{} labels: done", count));
  }
  nlohmann::json by_method;
  for (const auto& [method, values] : accuracies) by_method[method] = values;
  console.result(fmt::format("accuracy on {} items of {}, from {} numbers of each item\n{}",
                             data.test.data->size(), data.test.name, encoder.code_size(),
                             table_of(a.labels, accuracies)),
                 {{"run", a.run.run},
                  {"step", run.step},
                  {"data", data.test.name},
                  {"items", data.test.data->size()},
                  {"features", encoder.code_size()},
                  {"labels", a.labels},
                  {"seed", a.run.seed},
                  {"accuracy", by_method}});
  return 0;
}

}  // namespace kiln::program
