#include "kiln/metrics/metric_table.h"

namespace kiln {
namespace {

constexpr std::string_view kOfACode = "information_";  // a part of the codes is named by the model

}  // namespace

const std::vector<Metric>& metrics() {
  using enum Better;
  const std::string density = "bits per dimension", share = "of the items", none;
  static const std::vector<Metric> all{
      {"nll", "nats", less, MetricOf::items, {"likelihood"}},
      {"bpd", density, less, MetricOf::items, {"likelihood"}},
      {"nll_standardised", "nats", less, MetricOf::items, {"standardised"}},
      {"elbo", "nats", more, MetricOf::items, {"bound"}},
      {"iwae", "nats", more, MetricOf::items, {"bound"}},
      {"elbo_bpd", density, less, MetricOf::items, {"bound"}},
      {"ais", "nats", more, MetricOf::annealing, {"latent_joint"}},
      {"ais_gap", "nats", less, MetricOf::annealing, {"latent_joint"}},
      {"active_units", "numbers of the code", neither, MetricOf::items, {"bound", "encoder"}},
      {"reconstruction", "squared error", less, MetricOf::items, {"encoder", "decoder"}},
      {"code_mmd", "squared MMD", less, MetricOf::items, {"encoder", "decoder", "prior"}, 4},
      {"error", share, less, MetricOf::items, {"classifier"}, 4},
      {"translation_error", "of the value range", less, MetricOf::items, {"translator"}, 4},
      {"copy_error", "of the value range", neither, MetricOf::items, {"translator"}, 4},
      {"cycle_error", "of the value range", less, MetricOf::items, {"translator"}, 4},
      {"modes", none, more, MetricOf::modes, {"sampler"}},
      {"high_quality", none, more, MetricOf::modes, {"sampler"}},
      {"modes_kl", "nats", less, MetricOf::modes, {"sampler"}},
      {"modes_birthday", none, more, MetricOf::modes, {"sampler"}},
      {"fd", none, less, MetricOf::samples, {"sampler"}},
      {"kid", none, less, MetricOf::samples, {"sampler"}},
      {"precision", none, more, MetricOf::samples, {"sampler"}},
      {"recall", none, more, MetricOf::samples, {"sampler"}},
      {"density", none, more, MetricOf::samples, {"sampler"}},
      {"coverage", none, more, MetricOf::samples, {"sampler"}},
      {"inception_score", none, more, MetricOf::samples, {"sampler"}},
      {"agreement", none, more, MetricOf::samples, {"sampler"}},
      {"c2st", none, less, MetricOf::samples, {"sampler"}},
      {"mmd", none, less, MetricOf::samples, {"sampler"}},
      {"energy", none, less, MetricOf::samples, {"sampler"}},
      {"parzen", "nats", more, MetricOf::samples, {"sampler"}},
      {"information_PART", "nats", more, MetricOf::codes, {"informative"}},
      {"code_accuracy", share, more, MetricOf::codes, {"informative"}},
      {"ssim", "structural similarity", more, MetricOf::reconstructions, {"encoder", "decoder"}},
      {"psnr", "decibels", more, MetricOf::reconstructions, {"encoder", "decoder"}},
      {"data_coverage", "of the data's items", more, MetricOf::training, {"sampler", "critic"}},
  };
  return all;
}

const Metric* find_metric(std::string_view name) {
  for (const auto* way : {"_a2b", "_b2a"})  // of a translator: the same figure in a direction
    if (name.ends_with(way)) name.remove_suffix(std::string_view(way).size());
  for (const auto& metric : metrics())
    if (metric.name == name || (metric.name.starts_with(kOfACode) && name.starts_with(kOfACode)))
      return &metric;
  return nullptr;
}

std::string_view metric_unit(std::string_view metric) {
  const auto* row = find_metric(metric);
  return row ? std::string_view(row->unit) : "nats";
}

bool rises(std::string_view metric) {
  const auto* row = find_metric(metric);
  return row && row->better == Better::more;
}

int metric_digits(std::string_view metric) {
  const auto* row = find_metric(metric);
  return row ? row->digits : 3;
}

}  // namespace kiln
