#include "kiln/metrics/frechet_distance.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "kiln/core/check.h"

namespace kiln {
namespace {

// What rounding leaves of an eigenvalue or a pivot that is 0, as a share of the numbers it came
// from.
double rounding(const Tensor& covariance) {
  return static_cast<double>(covariance.size(0)) * std::numeric_limits<double>::epsilon();
}

// The lower triangle of C = L L^T, unless C is singular to rounding.
std::optional<Tensor> triangle(const Tensor& covariance) {
  const auto [lower, info] = at::linalg_cholesky_ex(covariance);
  if (info.item<int>() != 0) return {};
  const auto left = lower.diagonal().square() / covariance.diagonal();
  if (left.min().item<double>() < rounding(covariance)) return {};
  return lower;
}

// A of C = A A^T, [F, rank]: eigenvectors, each as long as the root of its eigenvalue.
Tensor factor_of_any_rank(const Tensor& covariance) {
  const auto [values, vectors] = at::linalg_eigh(covariance);  // rising
  const double least = std::max(0., values[-1].item<double>()) * rounding(covariance);
  const auto rank = values.gt(least).sum().item<std::int64_t>(), first = values.size(0) - rank;
  return vectors.narrow(1, first, rank) * values.narrow(0, first, rank).sqrt();
}

// Features in the order of falling variance, without those that are constant in a set: such a row
// and column of 0 takes the other set's out of the product C_a C_b.
Tensor varying_features(const Tensor& a, const Tensor& b) {
  const auto [variance, order] = (a.diagonal() * b.diagonal()).sort(0, /*descending=*/true);
  return order.narrow(0, 0, variance.gt(0).sum().item<std::int64_t>());
}

Tensor part(const Tensor& covariance, const Tensor& features) {
  return covariance.index_select(0, features).index_select(1, features);
}

// tr (C_a C_b)^1/2, the sum of the roots of the eigenvalues of C_a C_b.  With C_a = A A^T and
// C_b = B B^T these are the eigenvalues of the symmetric (B^T A)^T (B^T A) and the squares of the
// singular values of B^T A.  The first costs a third of the second, but halves the digits of what
// is small beside the largest, unless rows and columns fall from the first to the last, as those of
// triangles do when the features' variances fall: there each eigenvalue keeps its own digits.
double overlap(const Tensor& all_a, const Tensor& all_b) {
  const auto features = varying_features(all_a, all_b);
  if (features.size(0) == 0) return 0;
  const auto a = part(all_a, features), b = part(all_b, features);
  if (const auto lower_a = triangle(a), lower_b = lower_a ? triangle(b) : std::nullopt; lower_b) {
    const auto product = lower_b->t().mm(*lower_a);
    const auto squares = at::linalg_eigvalsh(product.t().mm(product));
    return squares.clamp_min(0).sqrt().sum().item<double>();
  }
  const auto product = factor_of_any_rank(b).t().mm(factor_of_any_rank(a));
  return at::linalg_svdvals(product).sum().item<double>();
}

}  // namespace

double frechet_distance(const FeatureMoments& a, const FeatureMoments& b) {
  check_shape("frechet_distance", "the mean of b", b.mean(), {a.features()});
  const auto cov_a = a.covariance(), cov_b = b.covariance();
  const auto apart = (a.mean() - b.mean()).square().sum() + cov_a.trace() + cov_b.trace();
  return apart.item<double>() - 2 * overlap(cov_a, cov_b);
}

}  // namespace kiln
