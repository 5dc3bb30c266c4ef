#include "kiln/kernels/leaky_rows.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include "kiln/core/rng.h"
#include "tests/support/each_target.h"

namespace kiln {
namespace {

constexpr double kSlope = .2;

// Matrices a ... d of some width, row weights and column weights; float32 numbers in either type.
struct Rows {
  Tensor a, b, c, d, by_x, by_y, bias, w;

  Rows(std::int64_t rows, std::int64_t columns, torch::Dtype type) {
    Rng rng(static_cast<std::uint64_t>(1000 * rows + columns));
    const auto normal = [&](at::IntArrayRef shape) { return rng.normal(shape).to(type); };
    for (auto* matrix : {&a, &b, &c, &d}) *matrix = normal({rows, columns});
    for (auto* row : {&by_x, &by_y}) *row = normal({rows});
    for (auto* column : {&bias, &w}) *column = normal({columns});
    // At 0 the slope is that below: the kink itself is met once in each pass.
    c.select(1, 0).zero_();
    a.index_put_({0, 0}, -bias[0]);
  }
};

// Everything that the passes make.
std::vector<Tensor> made(const Rows& r) {
  const auto leaky = r.a.clone(), slopes = r.a.clone(), in_place = r.a.clone();
  leaky_rows(leaky, r.bias, kSlope);
  const auto dots = leaky_dots(slopes, r.bias, r.w, kSlope);
  row_sum_into(in_place, {.x = in_place, .by_x = r.by_x, .y = r.b, .by_y = r.by_y}, kSlope);
  return {leaky,
          slopes,
          dots,
          in_place,
          row_sum({.x = r.a, .by_x = r.by_x}, kSlope),
          row_sum({.x = r.a, .y = r.b, .below = r.c}, kSlope),
          row_sum({.x = r.a, .bias = r.bias, .below = r.c}, kSlope),
          row_dots(r.a, r.b),
          row_dots(r.a, r.b, r.c, r.d)};
}

// What they are, written out.
std::vector<Tensor> meant(const Rows& r) {
  const auto slope_at = [](const Tensor& t) { return (t > 0).to(t.dtype()) * .8 + .2; };
  const auto sum = r.a + r.bias, weighed = r.by_x.unsqueeze(1) * r.a;
  return {sum * slope_at(sum),
          slope_at(sum),
          (sum * slope_at(sum) * r.w).sum(1),
          weighed + r.by_y.unsqueeze(1) * r.b,
          weighed,
          slope_at(r.c) * (r.a + r.b),
          slope_at(r.c) * (r.a + r.bias),
          (r.a * r.b).sum(1),
          (r.a * r.b + r.c * r.d).sum(1)};
}

double apart(const Tensor& got, const Tensor& truth) {
  return (got.to(torch::kDouble) - truth).abs().max().item<double>();
}

TEST(LeakyRows, LibTorchsOperationsAreWhatIsWrittenOut) {
  const Rows rows(5, 7, torch::kDouble);
  const auto got = made(rows), truth = meant(rows);
  for (std::size_t i = 0; i < truth.size(); ++i) EXPECT_LT(apart(got[i], truth[i]), 1e-14) << i;
}

// Sums of 2 x 300 products of normal numbers, each rounded to 2^-24 of at most some tens.
TEST(LeakyRows, KernelEqualsThemOnEveryTarget) {
  on_each_target([] {
    for (const std::int64_t columns : {1, 2, 3, 4, 7, 8, 15, 16, 17, 128, 300}) {
      const auto got = made(Rows(5, columns, torch::kFloat));
      const auto truth = meant(Rows(5, columns, torch::kDouble));
      for (std::size_t i = 0; i < truth.size(); ++i)
        EXPECT_LT(apart(got[i], truth[i]), 5e-5) << i << ", " << columns << " columns";
    }
  });
}

TEST(LeakyRows, BitsDoNotDependOnTheNumberOfThreads) {
  const int before = at::get_num_threads();
  const Rows rows(1200, 128, torch::kFloat);
  at::set_num_threads(1);
  const auto one = made(rows);
  at::set_num_threads(3);
  const auto three = made(rows);
  at::set_num_threads(before);
  for (std::size_t i = 0; i < one.size(); ++i) EXPECT_TRUE(torch::equal(one[i], three[i])) << i;
}

TEST(LeakyRows, NotANumberStaysOne) {
  for (const auto type : {torch::kFloat, torch::kDouble}) {
    const auto nan = torch::full({1, 9}, NAN, type), ones = torch::ones({9}, type);
    const auto a = nan.clone();
    leaky_rows(a, ones, kSlope);
    EXPECT_TRUE(a.isnan().all().item<bool>());
    EXPECT_TRUE(leaky_dots(nan.clone(), ones, ones, kSlope).isnan().all().item<bool>());
  }
}

}  // namespace
}  // namespace kiln
