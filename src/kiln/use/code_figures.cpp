#include "kiln/use/code_figures.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>

#include "kiln/feed/batches.h"
#include "kiln/metrics/assignment.h"
#include "kiln/models/informative.h"
#include "kiln/models/seen_as.h"

namespace kiln {
namespace {

constexpr const char* kAccuracy = "code_accuracy";
constexpr std::int64_t kRowsAtOnce = 500;

std::string metric_of(const CodePart& part) { return "information_" + part.name; }

bool has_class(const Informative& model) {
  const auto parts = model.code_parts();
  return !parts.empty() && parts.front().kind == CodePart::Kind::categorical;
}

CodeFigure information(Informative& model, std::int64_t part, std::int64_t samples, Rng& rng) {
  const auto values = model.information(samples, rng).select(1, part).to(torch::kFloat64);
  const double entropy = model.code_parts()[static_cast<std::size_t>(part)].entropy();
  return {{.mean = values.mean().item<double>(),
           .standard_error = values.std().item<double>() / std::sqrt(static_cast<double>(samples)),
           .items = samples},
          fmt::format(", H(c) = {:.4f}", entropy)};
}

CodeFigure accuracy(Informative& model, const JudgedData& judged, torch::Device device) {
  Loader loader(judged.data, judged.transform, LoaderOptions::one_pass(kRowsAtOnce, 1));
  std::vector<Tensor> found, labels;
  torch::NoGradGuard no_grad;
  for (auto host = loader.next(); host.rows > 0; host = loader.next()) {
    const auto batch = to_batch(std::move(host), loader.info(), device);
    found.push_back(model.code_logits(batch.x).argmax(1).cpu());
    labels.push_back(batch.y.cpu());
  }
  const double share = matched_accuracy(torch::cat(found), torch::cat(labels));
  return {of_share(share, judged.data->size()), ", best one-to-one naming"};
}

}  // namespace

std::vector<std::string> code_metrics(const TrainedModel& run, const JudgedData& judged) {
  const auto* model = seen_as<Informative>(*run.model);
  if (!model) return {};
  std::vector<std::string> names;
  for (const auto& part : model->code_parts()) names.push_back(metric_of(part));
  if (has_class(*model) && judged.data->info().classes > 0) names.emplace_back(kAccuracy);
  return names;
}

std::optional<CodeFigure> code_figure(const TrainedModel& run, const JudgedData& judged,
                                      const std::string& metric, std::int64_t samples, Rng rng) {
  const auto known = code_metrics(run, judged);
  const auto found = std::find(known.begin(), known.end(), metric);
  if (found == known.end()) return std::nullopt;
  auto& model = surely_as<Informative>(*run.model);
  if (metric == kAccuracy) return accuracy(model, judged, rng.device());
  return information(model, found - known.begin(), samples, rng);
}

}  // namespace kiln
