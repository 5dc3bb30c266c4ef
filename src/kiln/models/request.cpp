#include "kiln/models/request.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <cmath>

#include "kiln/core/check.h"

namespace kiln {

namespace {

void check_numbers(std::string_view where, const SampleRequest& request) {
  check_positive(where, "count", request.count);
  if (!std::isfinite(request.temperature) || request.temperature < 0)
    throw ConfigError(
        where, fmt::format("temperature must be a number from 0 up, got {}", request.temperature));
}

}  // namespace

void check_unconditional(std::string_view where, const SampleRequest& request) {
  check_numbers(where, request);
  if (request.label)
    throw ConfigError(
        where, fmt::format("the model has no classes, got label {}; leave it out", *request.label));
}

void check_tempered(std::string_view where, const SampleRequest& request) {
  check_unconditional(where, request);
  if (!(request.temperature > 0))
    throw ConfigError(where,
                      fmt::format("temperature must be positive, got {}", request.temperature));
}

Tensor requested_labels(std::string_view where, const SampleRequest& request,
                        std::int64_t classes) {
  check_numbers(where, request);
  if (!request.label) return torch::arange(request.count).remainder(classes);
  if (*request.label < 0 || *request.label >= classes)
    throw ConfigError(
        where, fmt::format("label must be between 0 and {}, got {}", classes - 1, *request.label));
  return torch::full({request.count}, *request.label, torch::kInt64);
}

}  // namespace kiln
