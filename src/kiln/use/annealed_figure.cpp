#include "kiln/use/annealed_figure.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>

#include "kiln/feed/batches.h"
#include "kiln/metrics/annealed_importance.h"
#include "kiln/models/latent_joint.h"
#include "kiln/nn/eval_scope.h"
#include "kiln/prob/diag_normal.h"
#include "kiln/use/picture_rows.h"

namespace kiln {
namespace {

AnnealedTarget target_of(LatentJoint& joint, const Batch& batch) {
  return {.items = batch.x.size(0),
          .sample_prior =
              [&joint, like = batch.x.options()](std::int64_t count, Rng& rng) {
                return rng.normal({count, joint.latent_size()}).to(like);
              },
          .log_prior = [](const Tensor& z) { return standard_normal_log_prob(z); },
          .log_likelihood = [&joint,
                             batch](const Tensor& z) { return joint.log_likelihood(batch, z); }};
}

struct Annealed {
  Tensor nats;  // [B]
  double effective_size;
};

Annealed estimate(LatentJoint& joint, const Batch& batch, const AnnealedOptions& options,
                  Rng& rng) {
  const auto found = annealed_log_prob(target_of(joint, batch), options, rng);
  return {found.log_prob, found.effective_size.mean().item<double>()};
}

// Items of the model's own, with the labels of `batch`, from below and from above.
Annealed gap(LatentJoint& joint, const Batch& batch, const AnnealedOptions& options, Rng& rng) {
  const auto z = rng.normal({batch.x.size(0), joint.latent_size()}).to(batch.x.options());
  const Batch own{joint.draw_given(z, batch.y, rng), batch.y};
  const auto below = estimate(joint, own, options, rng);
  const auto above = reverse_annealed_log_prob(target_of(joint, own), z, options, rng);
  return {above.log_prob - below.nats, below.effective_size};
}

}  // namespace

AnnealedFigure annealed_figure(const TrainedModel& run, const JudgedData& judged,
                               const std::string& metric, const AnnealingChoice& a,
                               std::uint64_t seed, torch::Device device) {
  auto& joint = run.as<LatentJoint>("latent_joint");
  const EvalScope scope(*run.model);
  const auto batch = items_of(judged, spread_items(judged, a.items), seed, device);
  Rng rng(seed, metric, device);
  const AnnealedOptions options{.temperatures = a.temperatures,
                                .chains = a.chains,
                                .pilot = std::min(a.temperatures, AnnealedOptions{}.pilot)};
  const auto found =
      metric == "ais" ? estimate(joint, batch, options, rng) : gap(joint, batch, options, rng);
  const auto items = found.nats.numel();
  return {
      {.mean = found.nats.mean().item<double>(),
       .standard_error = found.nats.std().item<double>() / std::sqrt(static_cast<double>(items)),
       .items = items},
      fmt::format(", {}{} temperatures, {} chains worth {:.1f}",
                  metric == "ais" ? "" : "drawn by the model, ", a.temperatures, a.chains,
                  found.effective_size)};
}

}  // namespace kiln
