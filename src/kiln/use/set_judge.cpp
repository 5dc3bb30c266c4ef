#include "kiln/use/set_judge.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>

#include "kiln/feed/batches.h"
#include "kiln/metrics/classifier_two_sample.h"
#include "kiln/metrics/estimate.h"
#include "kiln/metrics/frechet_distance.h"
#include "kiln/metrics/inception_score.h"
#include "kiln/metrics/kernel_distance.h"
#include "kiln/metrics/manifold_coverage.h"
#include "kiln/metrics/parzen.h"
#include "kiln/metrics/two_sample_test.h"
#include "kiln/use/picture_rows.h"

namespace kiln {
namespace {

constexpr std::int64_t kRowsAtOnce = 500;
constexpr std::int64_t kTestRows = 2000, kPermutations = 1000;

// Items of the data, as the model's values, in an order of their own: sources may be sorted by
// class, and some figures look at a part of the rows.
Tensor drawn_rows(const JudgedData& judged, std::int64_t count, std::uint64_t seed) {
  auto options = LoaderOptions::one_pass(kRowsAtOnce, seed);
  options.shuffle = true;
  Loader loader(judged.data, judged.transform, options);
  std::vector<Tensor> parts;
  for (std::int64_t rows = 0; rows < count; rows += parts.back().size(0))
    parts.push_back(to_batch(loader.next(), loader.info()).x);
  return torch::cat(parts).narrow(0, 0, count);
}

Tensor in_parts(const Tensor& x, const std::function<Tensor(const Tensor&)>& function) {
  std::vector<Tensor> parts;
  for (const auto& rows : x.split(kRowsAtOnce)) parts.push_back(function(rows));
  return torch::cat(parts);
}

FeatureMoments moments_of(const Tensor& features) {
  FeatureMoments moments(features.size(1));
  for (const auto& rows : features.split(kRowsAtOnce)) moments.add(rows);
  return moments;
}

}  // namespace

struct SetJudge::Sets {
  Tensor data, samples;                    // as the model's values
  Tensor data_features, sample_features;   // [N, F]
  std::optional<ManifoldCoverage> region;  // measured once for four figures
};

SetJudge::SetJudge(const TrainedModel& run, const JudgedData& judged, SetJudgeOptions arguments,
                   const Hooks& hooks)
    : run_(run), judged_(judged), arguments_(std::move(arguments)), hooks_(hooks) {}

SetJudge::~SetJudge() = default;

// Tables are judged as they are.
FeatureNetwork* SetJudge::network() {
  if (!judged_.data->info().is_image()) return nullptr;
  if (!network_) network_ = judge_network(arguments_.network, run_, arguments_.source, hooks_);
  return network_.get();
}

const SetJudge::Sets& SetJudge::sets() {
  if (sets_) return *sets_;
  auto sets = std::make_unique<Sets>();
  Rng rng(arguments_.seed, "sample", arguments_.device);
  const auto count = std::min(arguments_.samples, judged_.data->size());
  sets->data = drawn_rows(judged_, count, arguments_.seed);
  sets->samples = run_.as<Sampler>("sampler").sample({.count = arguments_.samples}, rng).cpu();
  const auto features = [&](const Tensor& x) {
    if (!network()) return x.flatten(1);
    return in_parts(in_unit_range(x, run_.model->value_set()),
                    [&](const Tensor& rows) { return network()->features(rows); });
  };
  sets->data_features = features(sets->data), sets->sample_features = features(sets->samples);
  sets_ = std::move(sets);
  return *sets_;
}

std::string SetJudge::protocol() {
  return fmt::format("{} samples, {} items{}", sets().samples.size(0), sets().data.size(0),
                     network() ? "; through " + network()->name() : std::string());
}

std::vector<SetFigure> SetJudge::region_figure(const std::string& metric) {
  sets();
  if (!sets_->region)
    sets_->region = manifold_coverage(sets_->data_features, sets_->sample_features);
  const auto& region = *sets_->region;
  const double value = metric == "precision" ? region.precision
                       : metric == "recall"  ? region.recall
                       : metric == "density" ? region.density
                                             : region.coverage;
  const bool pr = metric == "precision" || metric == "recall";
  return {{metric, value, std::nullopt, fmt::format("k = {}; {}", pr ? 3 : 5, protocol())}};
}

std::vector<SetFigure> SetJudge::test_figures(const std::string& metric) {
  const auto rows = [](const Tensor& x) { return x.narrow(0, 0, std::min(kTestRows, x.size(0))); };
  const auto x = rows(sets().sample_features), y = rows(sets().data_features);
  Rng rng(arguments_.seed, "test");
  const auto p = metric + "_p";
  if (metric == "c2st") {
    const auto test = classifier_two_sample(x, y, {}, rng);
    return {{metric, test.accuracy, of_share(test.accuracy, test.held_out).standard_error,
             fmt::format("{} held-out rows; {}", test.held_out, protocol())},
            {p, test.p_value, std::nullopt, "p-value of equal laws"}};
  }
  const auto test =
      metric == "mmd" ? mmd_test(x, y, kPermutations, rng) : energy_test(x, y, kPermutations, rng);
  return {{metric, test.statistic, std::nullopt,
           fmt::format("{} and {} rows; {}", x.size(0), y.size(0), protocol())},
          {p, test.p_value, std::nullopt, fmt::format("by {} permutations", test.permutations)}};
}

// The classes come in turn: each is asked for as often as any other.
SetFigure SetJudge::agreement() {
  if (run_.as<Sampler>("sampler").conditions().classes == 0)
    throw ConfigError("eval.metric",
                      "agreement needs a model that is told the class of what it "
                      "draws, one trained with --condition label");
  if (!network())
    throw ConfigError("eval.metric", "agreement needs a judge of images that knows classes");
  Rng one(arguments_.seed, "one", arguments_.device);
  const auto classes = network()->class_log_probs(samples_in_unit_range(run_, 1, one)).size(1);
  const auto each = std::max<std::int64_t>(1, arguments_.samples / classes);
  Rng rng(arguments_.seed, "agreement", arguments_.device);
  std::int64_t right = 0;
  for (std::int64_t y = 0; y < classes; ++y) {
    const auto x =
        run_.as<Sampler>("sampler").sample({.count = each, .given = Given::of_class(y)}, rng).cpu();
    const auto found = in_parts(in_unit_range(x, run_.model->value_set()), [&](const Tensor& rows) {
      return network()->class_log_probs(rows).argmax(1);
    });
    right += found.eq(y).sum().item<std::int64_t>();
  }
  const double share = static_cast<double>(right) / static_cast<double>(each * classes);
  return {"agreement", share, of_share(share, each * classes).standard_error,
          fmt::format("of {} samples of each of {} classes; {}", each, classes, network()->name())};
}

SetFigure SetJudge::parzen() {
  const auto unit = [&](const Tensor& x) {
    return judged_.data->info().is_image() ? in_unit_range(x, run_.model->value_set()).flatten(1)
                                           : x.flatten(1);
  };
  const auto samples = unit(sets().samples), x = unit(sets().data);
  const auto half = x.size(0) / 2;
  const double sigma = parzen_bandwidth(samples, x.narrow(0, 0, std::min(half, kTestRows)),
                                        torch::logspace(-2, 0.5, 21, 10, torch::kFloat64));
  const auto density = parzen_log_density(samples, x.narrow(0, half, x.size(0) - half), sigma);
  const auto items = density.size(0);
  return {"parzen", density.mean().item<double>(),
          density.std().item<double>() / std::sqrt(static_cast<double>(items)),
          fmt::format("nats; {} samples, sigma {:.3f} by {} items, judged on {} others",
                      samples.size(0), sigma, std::min(half, kTestRows), items)};
}

std::vector<SetFigure> SetJudge::figures(const std::string& metric) {
  if (metric == "agreement") return {agreement()};
  if (metric == "parzen") return {parzen()};
  if (metric == "fd")
    return {{metric,
             frechet_distance(moments_of(sets().data_features), moments_of(sets().sample_features)),
             std::nullopt, protocol()}};
  if (metric == "kid") {
    Rng rng(arguments_.seed, "kid");
    const auto e = kernel_distance(sets().data_features, sets().sample_features, {}, rng);
    return {{metric, e.mean, e.standard_error, protocol()}};
  }
  if (metric == "inception_score") {
    if (!network())
      throw ConfigError("eval.metric", "inception_score needs a judge of images with classes");
    const auto probs =
        in_parts(in_unit_range(sets().samples, run_.model->value_set()),
                 [&](const Tensor& rows) { return network()->class_log_probs(rows).exp(); });
    const auto score = inception_score(probs);
    return {{metric, score.mean, score.deviation, "over 10 splits; " + protocol()}};
  }
  if (metric == "c2st" || metric == "mmd" || metric == "energy") return test_figures(metric);
  return region_figure(metric);
}

}  // namespace kiln
