#pragma once

#include <cstddef>

/// Passes over the rows in [first, last) of contiguous matrices with `columns` columns.  f is the
/// leaky ReLU and F its slope: 1 above 0, `slope` elsewhere.
namespace kiln::simd {

/// to = F(below) * (by_x x + by_y y + bias); x, y and `below` are matrices, by_x and by_y have a
/// number for each row, bias one for each column.  Null: `below` 1 instead of F, by_* 1, y and
/// bias 0.  `to` may be x or y.
struct RowSum {
  std::size_t columns;
  float slope;
  const float *x, *by_x, *y, *by_y, *bias, *below;
  float* to;
};
void row_sum(const RowSum& sum, std::size_t first, std::size_t last);

/// dot[r] = sum over columns of a b + c d; c and d may be null.
struct RowDots {
  std::size_t columns;
  const float *a, *b, *c, *d;
  float* dot;
};
void row_dots(const RowDots& dots, std::size_t first, std::size_t last);

/// a = f(a + bias), in place.
struct LeakyRows {
  std::size_t columns;
  float slope;
  float* a;
  const float* bias;
};
void leaky_rows(const LeakyRows& rows, std::size_t first, std::size_t last);
/// dot[r] = sum over j of f(a + bias) w[j]; then a = F(a + bias), in place.
void leaky_dots(const LeakyRows& rows, const float* w, float* dot, std::size_t first,
                std::size_t last);

}  // namespace kiln::simd
