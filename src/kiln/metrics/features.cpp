#include "kiln/metrics/features.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

namespace kiln {

Tensor checked_features(std::string_view where, std::string_view name, const Tensor& x,
                        std::int64_t width) {
  check_shape(where, name, x, {kAny, width});
  const auto features = x.detach().to(at::kCPU, at::kDouble);
  if (!features.isfinite().all().item<bool>())
    throw ConfigError(where, fmt::format("{} must be finite", name));
  return features;
}

}  // namespace kiln
