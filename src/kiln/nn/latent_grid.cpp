#include "kiln/nn/latent_grid.h"

#include <fmt/format.h>
#include <torch/types.h>

#include "kiln/core/check.h"

namespace kiln {

Tensor grid_quantiles(std::int64_t n) {
  check_positive("latent_grid", "n", n);
  const auto u = (torch::arange(n, torch::kFloat64) + 0.5) / static_cast<double>(n);
  const auto across = u.unsqueeze(0).expand({n, n}), up = u.flip(0).unsqueeze(1).expand({n, n});
  return torch::stack({across, up}, -1).view({n * n, 2});
}

Tensor traversal(const Tensor& base, const std::vector<std::int64_t>& latents,
                 const Tensor& values) {
  check_shape("latent_grid.traversal", "base", base, {kAny});
  check_shape("latent_grid.traversal", "values", values, {kAny, base.size(0)});
  std::vector<Tensor> rows;
  for (const auto latent : latents) {
    if (latent < 0 || latent >= base.size(0))
      throw ConfigError(
          "latent_grid.traversal",
          fmt::format("there is no latent {}: there are {}, counted from 0", latent, base.size(0)));
    auto z = base.unsqueeze(0).repeat({values.size(0), 1});
    z.select(1, latent).copy_(values.select(1, latent));
    rows.push_back(z);
  }
  return torch::cat(rows);
}

}  // namespace kiln
