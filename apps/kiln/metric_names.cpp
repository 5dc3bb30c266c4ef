#include "apps/kiln/metric_names.h"

#include <fmt/format.h>

#include <algorithm>

#include "kiln/core/text.h"
#include "kiln/metrics/metric_table.h"

namespace kiln::program {
namespace {

// What leads a group of metrics in the help.
std::string about(MetricOf of) {
  switch (of) {
    case MetricOf::modes:
    case MetricOf::samples:
      return "of samples";
    case MetricOf::codes:
      return "of codes";
    case MetricOf::reconstructions:
      return "of reconstructions";
    default:
      return "";
  }
}

// Metrics of the same kind that a model with these capabilities has.
std::vector<std::string> others_of(MetricOf of, const std::vector<std::string>& has) {
  std::vector<std::string> names;
  for (const auto& metric : metrics())
    if (metric.of == of &&
        std::all_of(metric.needs.begin(), metric.needs.end(), [&](const auto& n) {
          return std::find(has.begin(), has.end(), n) != has.end();
        }))
      names.push_back(metric.name);
  return names;
}

[[noreturn]] void refuse_metric(const std::string& metric) {
  const auto known = metric_names();
  const auto hint = did_you_mean(metric, known);
  throw ConfigError("eval.metric", fmt::format("no metric '{}'{} Metrics: {}", metric,
                                               hint.empty() ? "." : hint, join(known, ", ")));
}

[[noreturn]] void refuse_for(const std::string& metric, const ModelInfo& model,
                             const std::string& needed, const std::vector<std::string>& others) {
  throw ConfigError("eval.metric",
                    fmt::format("{} needs a capability that {} lacks, {}; it has: {}{}", metric,
                                model.name, needed, join(model.capabilities, ", "),
                                others.empty() ? "" : ". Metrics for it: " + join(others, ", ")));
}

}  // namespace

std::vector<std::string> metric_names() {
  std::vector<std::string> names;
  for (const auto& metric : metrics())
    if (metric.of != MetricOf::training) names.push_back(metric.name);
  return names;
}

std::string metric_help() {
  std::string text, before;
  for (const auto& metric : metrics()) {
    if (metric.of == MetricOf::training) continue;
    const auto group = about(metric.of);
    if (!text.empty()) text += group == before ? ", " : "; " + group + ": ";
    before = group;
    text += metric.name;
  }
  return text + "; separated by commas [all that the model has]";
}

void check_metrics(const std::string& wanted, const ModelInfo& model) {
  const auto& has = model.capabilities;
  for (const auto& name : split(wanted, ',')) {
    const auto* metric = find_metric(name);
    if (!metric || metric->of == MetricOf::training) refuse_metric(name);
    for (const auto& needed : metric->needs)
      if (std::find(has.begin(), has.end(), needed) == has.end())
        refuse_for(name, model, needed, others_of(metric->of, has));
  }
}

}  // namespace kiln::program
