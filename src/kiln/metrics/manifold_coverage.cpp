#include "kiln/metrics/manifold_coverage.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <vector>

#include "kiln/core/check.h"
#include "kiln/metrics/features.h"
#include "kiln/prob/squared_distances.h"

namespace kiln {
namespace {

constexpr std::int64_t kPairsAtOnce = 1 << 22;
constexpr std::int64_t kFewestRows = 256;  // fewer would not pay for going through all of b again

// Squared distances of some rows of a to all of b, from row `first` on: [n, M].
using Block = std::function<void(std::int64_t first, const Tensor& squares)>;

void for_each_block(const Tensor& a, const Tensor& b, const Block& visit) {
  const auto rows = std::max(kFewestRows, kPairsAtOnce / b.size(0));
  for (std::int64_t first = 0; first < a.size(0); first += rows)
    visit(first, squared_distances(a.narrow(0, first, std::min(rows, a.size(0) - first)), b));
}

// Squared distances of each row to its nearest other rows, rising: [N, most].
Tensor nearest_squares(const Tensor& x, std::int64_t most) {
  std::vector<Tensor> nearest;
  for_each_block(x, x, [&](std::int64_t first, const Tensor& squares) {
    squares.diagonal(first).fill_(std::numeric_limits<double>::infinity());
    nearest.push_back(std::get<0>(squares.topk(most, 1, /*largest=*/false)));
  });
  return at::cat(nearest);
}

// A set and its items' balls.
struct Balls {
  Tensor centres;   // [N, F], about the middle of the real set
  Tensor nearest;   // [N, most]
  Tensor rounding;  // [N], the item's part in how far a pair's squares may be off
};

// |a|^2 - 2<a, b> + |b|^2 of F terms is off by 2 (F + 3) eps (|a|^2 + |b|^2) at most, taken about
// the mean of a's or b's set: by 4 (F + 3) eps (|a|^2 + |b|^2 + 2 apart) with lengths about the
// middle of the real set, the fake one's mean lying sqrt(apart) away.  A radius r has such an error
// too, with |b|^2 <= 2 |a|^2 + 2 r^2.
Balls balls_of(const Tensor& x, std::int64_t most, const Tensor& apart) {
  const auto nearest = nearest_squares(x, most);
  const double share =
      16 * static_cast<double>(x.size(1) + 3) * std::numeric_limits<double>::epsilon();
  return {x, nearest, share * (x.square().sum(1) + nearest.select(1, most - 1) + apart)};
}

void check_neighbours(const ManifoldCoverageOptions& o, std::int64_t n, std::int64_t m) {
  check_positive("manifold_coverage", "precision_k", o.precision_k);
  check_positive("manifold_coverage", "coverage_k", o.coverage_k);
  const auto most = std::max(o.precision_k, o.coverage_k);
  if (std::min(n, m) <= most)
    throw ConfigError("manifold_coverage", fmt::format("needs more than k = {} items of each set, "
                                                       "got {} real and {} fake",
                                                       most, n, m));
}

double mean_of(const Tensor& yes) { return yes.to(at::kDouble).mean().item<double>(); }

// The sums over all pairs of a fake (rows) and a real item (columns).
ManifoldCoverage compare(const Balls& real, const Balls& fake, const ManifoldCoverageOptions& o) {
  const auto radii = [](const Balls& balls, std::int64_t k) {
    return balls.nearest.select(1, k - 1);
  };
  const auto real_radii = radii(real, o.precision_k), covering = radii(real, o.coverage_k);
  const auto fake_radii = radii(fake, o.precision_k).unsqueeze(1);
  const auto n = real.centres.size(0), m = fake.centres.size(0);
  auto recalled = at::zeros({n}, at::kBool), covered = at::zeros({n}, at::kBool);
  std::int64_t precise = 0, inside = 0;
  for_each_block(fake.centres, real.centres, [&](std::int64_t first, const Tensor& squares) {
    const auto rows = [&](const Tensor& x) { return x.narrow(0, first, squares.size(0)); };
    const auto least = squares.sub(real.rounding).sub_(rows(fake.rounding).unsqueeze(1));
    const auto holds = least.le(covering);
    precise += least.le(real_radii).any(1).sum().item<std::int64_t>();
    inside += holds.sum().item<std::int64_t>();
    covered.logical_or_(holds.any(0));
    recalled.logical_or_(least.le(rows(fake_radii)).any(0));
  });
  const auto pairs = static_cast<double>(o.coverage_k * m);
  return {.precision = static_cast<double>(precise) / static_cast<double>(m),
          .recall = mean_of(recalled),
          .density = static_cast<double>(inside) / pairs,
          .coverage = mean_of(covered)};
}

}  // namespace

ManifoldCoverage manifold_coverage(const Tensor& real, const Tensor& fake,
                                   const ManifoldCoverageOptions& options) {
  const auto x = checked_features("manifold_coverage", "real", real);
  const auto y = checked_features("manifold_coverage", "fake", fake, x.size(1));
  check_neighbours(options, x.size(0), y.size(0));
  const auto most = std::max(options.precision_k, options.coverage_k);
  const auto middle = x.mean(0), apart = (y.mean(0) - middle).square().sum();
  return compare(balls_of(x - middle, most, apart), balls_of(y - middle, most, apart), options);
}

}  // namespace kiln
