#include "kiln/prob/mmd.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "kiln/core/check.h"
#include "kiln/prob/squared_distances.h"

namespace kiln {
namespace {

constexpr std::int64_t kPairsAtOnce = 1 << 22;

// sum_ij k(a_i, b_j), of one sample without the pairs i = j.
Tensor kernel_sum(const Kernel& kernel, const Tensor& a, const Tensor& b, bool without_equal) {
  const auto rows = std::max<std::int64_t>(1, kPairsAtOnce / b.size(0));
  auto sum = at::zeros({}, a.options());
  for (std::int64_t first = 0; first < a.size(0); first += rows) {
    const auto block = kernel(a.narrow(0, first, std::min(rows, a.size(0) - first)), b);
    sum = sum + block.sum();
    if (without_equal) sum = sum - block.diagonal(first).sum();
  }
  return sum;
}

void check_samples(const char* where, const Tensor& a, const Tensor& b, std::int64_t fewest) {
  check_shape(where, "a", a, {kAny, kAny});
  check_shape(where, "b", b, {kAny, a.size(1)});
  if (std::min(a.size(0), b.size(0)) < fewest)
    throw ConfigError(where, fmt::format("needs at least {} rows of each sample, got {} and {}",
                                         fewest, a.size(0), b.size(0)));
}

}  // namespace

Kernel rbf_kernel(double width) {
  return [width](const Tensor& a, const Tensor& b) {
    return (squared_distances(a, b) * (-.5 / (width * width))).exp();
  };
}

Kernel imq_kernel(double c, std::vector<double> scales) {
  return [c, scales = std::move(scales)](const Tensor& a, const Tensor& b) {
    const auto squares = squared_distances(a, b);
    auto sum = at::zeros_like(squares);
    for (const double s : scales) sum = sum + s * c / (s * c + squares);
    return sum;
  };
}

Kernel linear_kernel() {
  return [](const Tensor& a, const Tensor& b) { return a.mm(b.t()); };
}

// Mode 2 measures each pair by itself; the default expands the square, |a|^2 - 2 <a, b> + |b|^2.
Kernel distance_kernel() {
  return [](const Tensor& a, const Tensor& b) { return -at::cdist(a, b, 2, 2); };
}

double median_distance(const Tensor& x) {
  check_shape("median_distance", "x", x, {kAny, kAny});
  const auto distances = at::pdist(x);
  const auto apart = distances.masked_select(distances > 0);
  return apart.numel() > 0 ? apart.median().item<double>() : 1;
}

Tensor mmd2_unbiased(const Kernel& kernel, const Tensor& a, const Tensor& b) {
  check_samples("mmd2_unbiased", a, b, 2);
  const auto n = static_cast<double>(a.size(0)), m = static_cast<double>(b.size(0));
  return kernel_sum(kernel, a, a, true) / (n * (n - 1)) +
         kernel_sum(kernel, b, b, true) / (m * (m - 1)) -
         kernel_sum(kernel, a, b, false) * (2 / (n * m));
}

Tensor mmd2_biased(const Kernel& kernel, const Tensor& a, const Tensor& b) {
  check_samples("mmd2_biased", a, b, 1);
  const auto n = static_cast<double>(a.size(0)), m = static_cast<double>(b.size(0));
  return kernel_sum(kernel, a, a, false) / (n * n) + kernel_sum(kernel, b, b, false) / (m * m) -
         kernel_sum(kernel, a, b, false) * (2 / (n * m));
}

}  // namespace kiln
