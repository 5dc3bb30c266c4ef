#include "kiln/models/given.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <cmath>

#include "kiln/core/check.h"
#include "kiln/core/error.h"

namespace kiln {
namespace {

constexpr const char* kWhere = "sample";

void check_temperature(double t, Conditions::Temperature rule) {
  if (!std::isfinite(t) || t < 0)
    throw ConfigError(kWhere, fmt::format("temperature must be a number from 0 up, got {}", t));
  if (rule == Conditions::Temperature::positive && t == 0)
    throw ConfigError(kWhere, "temperature must be positive, got 0");
  if (rule == Conditions::Temperature::one && t != 1)
    throw ConfigError(kWhere,
                      "the law of this model's codes is not Gaussian, so it has no "
                      "temperature; leave it out");
}

void check_labels(const SampleRequest& request, std::int64_t classes) {
  const auto& labels = request.given.labels;
  if (!labels.defined()) return;
  if (labels.dim() > 0) check_shape(kWhere, "labels", labels, {request.count});
  const auto least = labels.min().item<std::int64_t>(), most = labels.max().item<std::int64_t>();
  if (classes == 0)
    throw ConfigError(kWhere,
                      fmt::format("the model has no classes, got label {}; leave it out", least));
  if (least < 0 || most >= classes)
    throw ConfigError(kWhere, fmt::format("label must be between 0 and {}, got {}", classes - 1,
                                          least < 0 ? least : most));
}

void check_part(const SampleRequest& request, const std::string& name, const Tensor& part,
                const Conditions& conditions) {
  const auto known = conditions.more.find(name);
  if (known == conditions.more.end())
    throw ConfigError(kWhere, fmt::format("the model is given no {}; leave it out", name));
  if (part.dim() == 1)
    check_shape(kWhere, name, part, {known->second});
  else
    check_shape(kWhere, name, part, {request.count, known->second});
  if (!part.isfinite().all().item<bool>())
    throw ConfigError(kWhere, fmt::format("{} must hold finite numbers", name));
}

}  // namespace

Given Given::of_class(std::int64_t label) {
  return {.labels = torch::tensor(label, torch::kInt64)};
}

void check_request(const SampleRequest& request, const Conditions& conditions) {
  check_positive(kWhere, "count", request.count);
  check_temperature(request.temperature, conditions.temperature);
  check_labels(request, conditions.classes);
  for (const auto& [name, part] : request.given.more) check_part(request, name, part, conditions);
}

Tensor labels_of(const SampleRequest& request, std::int64_t classes) {
  const auto& labels = request.given.labels;
  return labels.defined() ? labels.expand({request.count})
                          : torch::arange(request.count).remainder(classes);
}

Tensor given_part(const SampleRequest& request, const std::string& name) {
  const auto found = request.given.more.find(name);
  if (found == request.given.more.end()) return {};
  return found->second.expand({request.count, found->second.size(-1)});
}

}  // namespace kiln
