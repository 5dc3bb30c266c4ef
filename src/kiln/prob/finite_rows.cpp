#include "kiln/prob/finite_rows.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

#include "kiln/core/check.h"

namespace kiln {

Tensor finite_rows(std::string_view where, std::string_view name, const Tensor& x) {
  check_shape(where, name, x, {kAny, kAny});
  const auto rows = x.detach().to(torch::kFloat64);
  if (std::isfinite(rows.sum().item<double>())) return rows;
  const auto wrong = rows.isfinite().logical_not();
  if (!wrong.any().item<bool>()) return rows;
  const auto place = wrong.nonzero()[0];
  const auto item = place[0].item<std::int64_t>(), number = place[1].item<std::int64_t>();
  throw ConfigError(where, fmt::format("{} must be finite, got {} at sample {}, number {}; leave "
                                       "such items out of the data",
                                       name, rows[item][number].item<double>(), item, number));
}

}  // namespace kiln
