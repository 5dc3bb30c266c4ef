#include "kiln/metrics/feature_moments.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "kiln/core/check.h"
#include "kiln/metrics/features.h"

namespace kiln {
namespace {

std::int64_t checked_width(std::int64_t features) {
  check_positive("feature_moments", "features", features);
  return features;
}

}  // namespace

FeatureMoments::FeatureMoments(std::int64_t features)
    : moments_(checked_width(features), features) {}

void FeatureMoments::add(const Tensor& batch) {
  const auto x = checked_features("feature_moments", "features", batch, features());
  if (x.size(0) > 0) moments_.add(x);
}

Tensor FeatureMoments::covariance() const {
  const auto n = static_cast<double>(count());
  if (n < 2)
    throw ConfigError("feature_moments",
                      fmt::format("a covariance needs at least 2 items, got {}", count()));
  return moments_.covariance() * (n / (n - 1));
}

}  // namespace kiln
