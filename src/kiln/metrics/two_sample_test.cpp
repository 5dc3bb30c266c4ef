#include "kiln/metrics/two_sample_test.h"

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <vector>

#include "kiln/core/check.h"
#include "kiln/prob/finite_rows.h"

namespace kiln {
namespace {

constexpr std::int64_t kMostRows = 5000;           // their pairs take 200 MB
constexpr std::int64_t kPermutationsAtOnce = 256;  // columns of one matrix product
constexpr double kRounding = 1e-12;                // of a sum of kMostRows^2 terms, relative

struct Pool {
  Tensor rows;        // [N + M, D], those of x first
  std::int64_t n, m;  // N, M
};

Pool pooled(const char* where, const Tensor& x, const Tensor& y, std::int64_t permutations) {
  check_shape(where, "x", x, {kAny, kAny});
  check_shape(where, "y", y, {kAny, x.size(1)});
  const auto n = x.size(0), m = y.size(0);
  if (std::min(n, m) < 2)
    throw ConfigError(where, fmt::format("x and y need at least 2 rows each, got {} and {}", n, m));
  if (n + m > kMostRows)
    throw ConfigError(where, fmt::format("x and y may have {} rows together, since all their pairs "
                                         "are held, got {} and {}; take a random part of each",
                                         kMostRows, n, m));
  check_positive(where, "permutations", permutations);
  return {torch::cat({finite_rows(where, "x", x.to(torch::kCPU)),
                      finite_rows(where, "y", y.to(torch::kCPU))}),
          n, m};
}

// T for every column of in_x [N + M, B], which is 1 where a row is called x and 0 where y.  With
// zeros on the diagonal of K, X' K X sums over the pairs within x, X' K 1 over all pairs that start
// in x, and what is left of 1' K 1 lies within y.
Tensor statistics(const Tensor& pairs, const Tensor& in_x, const Pool& pool) {
  const auto n = static_cast<double>(pool.n), m = static_cast<double>(pool.m);
  const auto from_x = torch::matmul(pairs.sum(1), in_x);
  const auto within_x = (in_x * torch::matmul(pairs, in_x)).sum(0), across = from_x - within_x;
  const auto within_y = pairs.sum() - within_x - 2 * across;
  return within_x / (n * (n - 1)) + within_y / (m * (m - 1)) - 2 * across / (n * m);
}

// [N + M, count]: in each column N ones in random places.
Tensor random_labels(const Pool& pool, std::int64_t count, Rng& rng) {
  std::vector<Tensor> chosen;
  for (std::int64_t i = 0; i < count; ++i)
    chosen.push_back(rng.permutation(pool.n + pool.m).narrow(0, 0, pool.n).to(torch::kCPU));
  const auto in_x = torch::zeros({count, pool.n + pool.m}, torch::kFloat64);
  return in_x.scatter_(1, torch::stack(chosen), 1).t();
}

TwoSampleTest permutation_test(const Kernel& kernel, const Pool& pool, std::int64_t permutations,
                               Rng& rng) {
  torch::NoGradGuard no_grad;
  auto pairs = kernel(pool.rows, pool.rows);
  pairs.diagonal().zero_();
  const double rounding = kRounding * pairs.abs().max().item<double>();
  const auto labels = torch::cat(
      {torch::ones({pool.n, 1}, torch::kFloat64), torch::zeros({pool.m, 1}, torch::kFloat64)});
  const double observed = statistics(pairs, labels, pool).item<double>();
  std::int64_t as_large = 0;
  for (std::int64_t done = 0; done < permutations; done += kPermutationsAtOnce) {
    const auto count = std::min(kPermutationsAtOnce, permutations - done);
    const auto permuted = statistics(pairs, random_labels(pool, count, rng), pool);
    as_large += (permuted >= observed - rounding).sum().item<std::int64_t>();
  }
  return {observed, static_cast<double>(1 + as_large) / static_cast<double>(1 + permutations),
          permutations};
}

}  // namespace

TwoSampleTest mmd_test(const Kernel& kernel, const Tensor& x, const Tensor& y,
                       std::int64_t permutations, Rng& rng) {
  return permutation_test(kernel, pooled("mmd_test", x, y, permutations), permutations, rng);
}

TwoSampleTest mmd_test(const Tensor& x, const Tensor& y, std::int64_t permutations, Rng& rng) {
  const auto pool = pooled("mmd_test", x, y, permutations);
  return permutation_test(rbf_kernel(median_distance(pool.rows)), pool, permutations, rng);
}

TwoSampleTest energy_test(const Tensor& x, const Tensor& y, std::int64_t permutations, Rng& rng) {
  return permutation_test(distance_kernel(), pooled("energy_test", x, y, permutations),
                          permutations, rng);
}

}  // namespace kiln
