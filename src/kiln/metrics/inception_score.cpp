#include "kiln/metrics/inception_score.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "kiln/metrics/features.h"

namespace kiln {
namespace {

constexpr double kSumsToOne = 1e-3;  // a softmax in half precision

void check_distributions(const Tensor& p) {
  const auto off = (p.sum(1) - 1).abs();
  if (p.min().item<double>() >= 0 && off.max().item<double>() <= kSumsToOne) return;
  throw ConfigError(
      "inception_score",
      "every row of probs must be probabilities that sum to 1; logits need a softmax");
}

// exp of the mean over x of sum_y p(y|x) (log p(y|x) - log p(y)).
double score(const Tensor& p) {
  const auto nats = at::xlogy(p, p) - at::xlogy(p, p.mean(0));
  return nats.sum(1).mean().exp().item<double>();
}

}  // namespace

InceptionScore inception_score(const Tensor& probs, std::int64_t splits) {
  const auto p = checked_features("inception_score", "probs", probs);
  const auto items = p.size(0);
  check_positive("inception_score", "splits", splits);
  if (splits > items)
    throw ConfigError("inception_score",
                      fmt::format("cannot make {} splits of {} items", splits, items));
  check_distributions(p);
  const auto scores = at::empty({splits}, at::kDouble);
  for (std::int64_t i = 0; i < splits; ++i)
    scores[i] = score(p.slice(0, i * items / splits, (i + 1) * items / splits));
  return {scores.mean().item<double>(), scores.std(/*unbiased=*/false).item<double>()};
}

}  // namespace kiln
