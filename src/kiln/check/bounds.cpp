#include "kiln/check/bounds.h"
#include "kiln/models/seen_as.h"

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>

namespace kiln {

Finding check_bounds(Model& model, Bound& bound, const Batch& items, Rng& rng) {
  torch::NoGradGuard no_grad;
  std::vector<std::string> names{"elbo", "iwae-4", "iwae-32"};
  std::vector<Tensor> rungs{bound.elbo(items, rng), bound.log_prob_iwae(items, 4, rng),
                            bound.log_prob_iwae(items, 32, rng)};
  if (auto* exact = seen_as<Likelihood>(model))
    names.emplace_back("log p"), rungs.push_back(exact->log_prob(items.x));
  double worst = -1e30;  // steps down, in standard errors
  std::string ladder;
  for (std::size_t i = 0; i < rungs.size(); ++i) {
    ladder += fmt::format("{}{} {:.3f}", i ? " <= " : "", names[i], rungs[i].mean().item<double>());
    if (i == 0) continue;
    const auto down = (rungs[i - 1] - rungs[i]).to(torch::kDouble);
    const double error =
        down.std().item<double>() / std::sqrt(static_cast<double>(down.size(0))) + 1e-6;
    const double steps = down.mean().item<double>() / error;
    worst = std::isnan(steps) ? steps : std::max(worst, steps);
  }
  return {"bounds", within(worst, 4), worst,
          fmt::format("{} nats; the worst step is {:.1f} standard errors {}", ladder,
                      std::abs(worst), worst > 0 ? "down" : "up")};
}

}  // namespace kiln
