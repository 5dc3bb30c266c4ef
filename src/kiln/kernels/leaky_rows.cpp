#include "kiln/kernels/leaky_rows.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "kiln/core/check.h"
#include "kiln/kernels/leaky_rows_simd.h"

namespace kiln {
namespace {

constexpr std::int64_t kFewest = 32768;  // numbers that pay for waking another thread

bool kernel_serves(const Tensor& t) {
  return t.device().is_cpu() && t.scalar_type() == at::kFloat && t.numel() > 0;
}

// Memory of a tensor, or null for none.
const float* data(const Tensor& t) {
  if (!t.defined()) return nullptr;
  KILN_ASSERT(t.is_contiguous());
  return t.data_ptr<float>();
}

std::size_t columns(const Tensor& matrix) { return static_cast<std::size_t>(matrix.size(1)); }

template <class Work>
void for_rows(const Tensor& matrix, const Work& work) {
  const auto fewest = std::max<std::int64_t>(1, kFewest / matrix.size(1));
  at::parallel_for(0, matrix.size(0), fewest, [&](std::int64_t first, std::int64_t last) {
    work(static_cast<std::size_t>(first), static_cast<std::size_t>(last));
  });
}

simd::LeakyRows leaky(const Tensor& a, const Tensor& bias, double slope) {
  KILN_ASSERT(a.is_contiguous());
  return {.columns = columns(a),
          .slope = static_cast<float>(slope),
          .a = a.data_ptr<float>(),
          .bias = data(bias)};
}

Tensor weighed(const Tensor& matrix, const Tensor& by) {
  return by.defined() ? matrix * by.unsqueeze(1) : matrix;
}

void plain_row_sum(const Tensor& to, const RowSum& s, double slope) {
  auto sum = weighed(s.x, s.by_x);
  if (s.y.defined()) sum = sum + weighed(s.y, s.by_y);
  if (s.bias.defined()) sum = sum + s.bias;
  if (s.below.defined()) sum = at::where(s.below > 0, sum, slope * sum);
  to.copy_(sum);
}

}  // namespace

void leaky_rows(const Tensor& a, const Tensor& bias, double slope) {
  if (!kernel_serves(a)) {
    at::leaky_relu_(a.add_(bias), slope);
    return;
  }
  const auto rows = leaky(a, bias, slope);
  for_rows(a, [&](std::size_t first, std::size_t last) { simd::leaky_rows(rows, first, last); });
}

Tensor leaky_dots(const Tensor& a, const Tensor& bias, const Tensor& w, double slope) {
  if (!kernel_serves(a)) {
    a.add_(bias);
    const auto dots = at::mv(at::leaky_relu(a, slope), w);
    a.copy_(at::where(a > 0, at::ones_like(a), at::full_like(a, slope)));
    return dots;
  }
  const auto rows = leaky(a, bias, slope);
  const auto dots = at::empty({a.size(0)}, a.options());
  for_rows(a, [&](std::size_t first, std::size_t last) {
    simd::leaky_dots(rows, data(w), dots.data_ptr<float>(), first, last);
  });
  return dots;
}

Tensor row_sum(const RowSum& sum, double slope) {
  const auto to = at::empty_like(sum.x);
  row_sum_into(to, sum, slope);
  return to;
}

void row_sum_into(const Tensor& to, const RowSum& s, double slope) {
  if (!kernel_serves(to)) return plain_row_sum(to, s, slope);
  KILN_ASSERT(to.is_contiguous());
  const simd::RowSum rows{.columns = columns(to),
                          .slope = static_cast<float>(slope),
                          .x = data(s.x),
                          .by_x = data(s.by_x),
                          .y = data(s.y),
                          .by_y = data(s.by_y),
                          .bias = data(s.bias),
                          .below = data(s.below),
                          .to = to.data_ptr<float>()};
  for_rows(to, [&](std::size_t first, std::size_t last) { simd::row_sum(rows, first, last); });
}

Tensor row_dots(const Tensor& a, const Tensor& b, const Tensor& c, const Tensor& d) {
  if (!kernel_serves(a)) {
    const auto dots = (a * b).sum(1);
    return c.defined() ? dots + (c * d).sum(1) : dots;
  }
  const auto dots = at::empty({a.size(0)}, a.options());
  const simd::RowDots rows{.columns = columns(a),
                           .a = data(a),
                           .b = data(b),
                           .c = data(c),
                           .d = data(d),
                           .dot = dots.data_ptr<float>()};
  for_rows(a, [&](std::size_t first, std::size_t last) { simd::row_dots(rows, first, last); });
  return dots;
}

}  // namespace kiln
