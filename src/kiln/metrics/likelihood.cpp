#include "kiln/metrics/likelihood.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "kiln/core/text.h"
#include "kiln/metrics/active_units.h"
#include "kiln/metrics/code_mmd.h"
#include "kiln/train/feed.h"

namespace kiln {

Estimate average(Loader& loader, torch::Device device,
                 const std::function<Tensor(const Batch&)>& figure) {
  torch::NoGradGuard no_grad;
  double sum = 0, squares = 0;
  std::int64_t count = 0;
  for (;;) {
    auto host = loader.next();
    if (host.rows == 0) break;
    const auto values = figure(to_batch(std::move(host), loader.info(), device))
                            .to(torch::kCPU, torch::kFloat64)
                            .contiguous();
    const auto* v = values.data_ptr<double>();
    for (std::int64_t i = 0; i < values.numel(); ++i) sum += v[i], squares += v[i] * v[i];
    count += values.numel();
  }
  if (count == 0) return {};
  const auto n = static_cast<double>(count);
  const double mean = sum / n,
               variance = count > 1 ? std::max(0.0, (squares - n * mean * mean) / (n - 1)) : 0;
  return {mean, std::sqrt(variance / n), count};
}

std::vector<std::string> likelihood_metrics(const Model& model) {
  std::vector<std::string> names;
  if (dynamic_cast<const Likelihood*>(&model)) names.insert(names.end(), {"nll", "bpd"});
  if (dynamic_cast<const Standardised*>(&model)) names.emplace_back("nll_standardised");
  if (dynamic_cast<const Bound*>(&model)) {
    names.insert(names.end(), {"elbo", "iwae"});
    if (dynamic_cast<const Encoder*>(&model)) names.emplace_back("active_units");
  }
  return names;
}

std::vector<std::string> metrics_of(const Model& model) {
  auto names = likelihood_metrics(model);
  const bool lacks_likelihood = names.empty();
  if (dynamic_cast<const Encoder*>(&model) && dynamic_cast<const Decoder*>(&model))
    names.emplace_back("reconstruction");
  if (lacks_likelihood && dynamic_cast<const Encoder*>(&model) &&
      dynamic_cast<const Prior*>(&model))
    names.emplace_back("code_mmd");
  if (const auto* classifier = dynamic_cast<const Classifier*>(&model);
      classifier && classifier->classes() > 0)
    names.emplace_back("error");
  return names;
}

std::string_view metric_unit(std::string_view metric) {
  if (metric == "bpd") return "bits per dimension";
  if (metric == "reconstruction") return "squared error";
  if (metric == "active_units") return "numbers of the code";
  if (metric == "code_mmd") return "squared MMD";
  return metric == "error" ? "of the items" : "nats";
}

Tensor reconstruction_errors(Model& model, const Tensor& x) {
  const auto z = dynamic_cast<Encoder&>(model).encode_mean(x);
  return (x - dynamic_cast<Decoder&>(model).decode_mean(z)).square().flatten(1).sum(1);
}

Tensor class_errors(Classifier& model, const Batch& batch) {
  if (!batch.y.defined()) throw ConfigError("metric", "error needs labels, and the data have none");
  return model.class_logits(batch.x).argmax(1).ne(batch.y);
}

Estimate judge(Model& model, const std::string& metric, const DatasetPtr& data,
               const Transform& transform, torch::Device device, const JudgeOptions& options) {
  const auto known = metrics_of(model);
  if (std::find(known.begin(), known.end(), metric) == known.end())
    throw ConfigError(
        "metric",
        known.empty()
            ? fmt::format(
                  "'{}' needs a likelihood or a bound, and this model is implicit: it has neither",
                  metric)
            : fmt::format("this model has no metric '{}'; it has: {}", metric, join(known, ", ")));
  auto part = data;
  if (options.most_items > 0 && options.most_items < data->size()) {
    std::vector<std::int64_t> first(static_cast<std::size_t>(options.most_items));
    std::iota(first.begin(), first.end(), std::int64_t{0});
    part = subset(data, std::move(first));
  }
  Loader loader(part, transform, LoaderOptions::one_pass(options.batch, options.seed));
  const bool training = model.is_training();
  model.eval();
  if (metric == "active_units") {
    const auto units = active_units(dynamic_cast<Encoder&>(model), loader, device);
    model.train(training);
    return {static_cast<double>(units), 0, part->size()};
  }
  Rng noise(options.seed, "judge", device);
  const double bits = 1 / (std::numbers::ln2 * static_cast<double>(data->info().item_size()));
  auto estimate = average(loader, device, [&](const Batch& batch) -> Tensor {
    if (metric == "nll") return -dynamic_cast<Likelihood&>(model).log_prob(batch.x);
    if (metric == "nll_standardised")
      return -dynamic_cast<Likelihood&>(model).log_prob(batch.x) -
             dynamic_cast<Standardised&>(model).log_volume();
    if (metric == "bpd") return -dynamic_cast<Likelihood&>(model).log_prob(batch.x) * bits;
    if (metric == "reconstruction") return reconstruction_errors(model, batch.x);
    if (metric == "code_mmd")
      return code_mmd2(dynamic_cast<Encoder&>(model), dynamic_cast<Prior&>(model), batch.x, noise);
    if (metric == "error") return class_errors(dynamic_cast<Classifier&>(model), batch);
    if (metric == "elbo") return dynamic_cast<Bound&>(model).elbo(batch, noise);
    return dynamic_cast<Bound&>(model).log_prob_iwae(batch, options.draws, noise);
  });
  model.train(training);
  estimate.items = part->size();
  return estimate;
}

}  // namespace kiln
