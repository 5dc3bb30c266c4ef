#include "apps/kiln/metric_names.h"

#include <fmt/format.h>

#include <algorithm>

#include "kiln/core/text.h"

namespace kiln::program {
namespace {

// Metrics that ask the same of a model; what they are about leads them in the help.
struct Group {
  std::string about;
  std::vector<std::string> needs, metrics;
};

const std::vector<Group>& groups() {
  static const std::vector<Group> all{
      {"", {"likelihood"}, {"nll", "bpd"}},
      {"", {"standardised"}, {"nll_standardised"}},
      {"", {"bound"}, {"elbo", "iwae", "elbo_bpd"}},
      {"", {"latent_joint"}, {"ais", "ais_gap"}},
      {"", {"bound", "encoder"}, {"active_units"}},
      {"", {"encoder", "decoder"}, {"reconstruction"}},
      {"", {"encoder", "decoder", "prior"}, {"code_mmd"}},
      {"", {"classifier"}, {"error"}},
      {"", {"translator"}, {"translation_error"}},
      {"of samples",
       {"sampler"},
       {"modes", "high_quality", "modes_kl", "modes_birthday", "fd", "kid", "precision", "recall",
        "density", "coverage", "inception_score", "agreement", "c2st", "mmd", "energy", "parzen"}},
      {"of codes", {"informative"}, {"information_PART", "code_accuracy"}},
      {"of reconstructions", {"encoder", "decoder"}, {"ssim", "psnr"}}};
  return all;
}

// A part of the codes is named by the model: information_categorical0.
const Group* group_of(const std::string& metric) {
  for (const auto& group : groups())
    for (const auto& name : group.metrics)
      if (metric == name || (name == "information_PART" && metric.starts_with("information_")))
        return &group;
  return nullptr;
}

[[noreturn]] void refuse_metric(const std::string& metric) {
  const auto known = metric_names();
  const auto hint = did_you_mean(metric, known);
  throw ConfigError("eval.metric", fmt::format("no metric '{}'{} Metrics: {}", metric,
                                               hint.empty() ? "." : hint, join(known, ", ")));
}

}  // namespace

std::vector<std::string> metric_names() {
  std::vector<std::string> names;
  for (const auto& group : groups())
    names.insert(names.end(), group.metrics.begin(), group.metrics.end());
  return names;
}

std::string metric_help() {
  std::string text, about;
  for (const auto& group : groups()) {
    if (!text.empty()) text += group.about == about ? ", " : "; ";
    if (group.about != about) text += group.about + ": ";
    about = group.about;
    text += join(group.metrics, ", ");
  }
  return text + "; separated by commas [all that the model has]";
}

void check_metrics(const std::string& metrics, const ModelInfo& model) {
  const auto& has = model.capabilities;
  for (const auto& metric : split(metrics, ',')) {
    const auto* group = group_of(metric);
    if (!group) refuse_metric(metric);
    for (const auto& needed : group->needs)
      if (std::find(has.begin(), has.end(), needed) == has.end())
        throw ConfigError("eval.metric",
                          fmt::format("{} needs a capability that {} lacks, {}; it has: {}", metric,
                                      model.name, needed, join(has, ", ")));
  }
}

}  // namespace kiln::program
