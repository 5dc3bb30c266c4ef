// needs: base
#include "kiln/prob/parameter_count.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "kiln/core/error.h"
#include "tests/prob/small_laws.h"
#include "tests/support/temporary_folder.h"

namespace kiln {
namespace {

std::int64_t raised(std::int64_t base, std::int64_t exponent) {
  return std::llround(std::pow(base, exponent));
}

TEST(ParameterCount, EqualsTheSumOverTheConditionals) {
  for (std::int64_t q : {2, 3})
    for (std::int64_t n = 1; n <= 12; ++n) {
      std::int64_t chain_rule = 0;
      for (std::int64_t i = 1; i <= n; ++i) chain_rule += (q - 1) * raised(q, i - 1);
      EXPECT_EQ(joint_parameters(n, q).exact(), chain_rule);
      EXPECT_EQ(independent_parameters(n, q).exact(), n * (q - 1));
      for (std::int64_t k = 0; k < n; ++k) {
        std::int64_t sum = 0, start = 0;
        for (std::int64_t i = 1; i <= n; ++i) sum += (q - 1) * raised(q, std::min(i - 1, k));
        for (std::int64_t i = 1; i <= k; ++i) start += (q - 1) * raised(q, i - 1);
        EXPECT_EQ(markov_parameters(n, q, k).exact(), sum) << n << " " << q << " " << k;
        EXPECT_EQ(homogeneous_parameters(n, q, k).exact(), start + (q - 1) * raised(q, k));
      }
    }
}

TEST(ParameterCount, RowsOfAChainHoldOneMoreNumberEachThanItsParameters) {
  for (const auto& shape : small_shapes()) {
    const auto parameters = shape.homogeneous
                                ? homogeneous_parameters(shape.n, shape.states, shape.order)
                                : markov_parameters(shape.n, shape.states, shape.order);
    const auto numbers = shape.start_size() + shape.step_size();
    EXPECT_EQ(parameters.exact(), numbers / shape.states * (shape.states - 1));
  }
}

// Conditional probabilities of a chain as free parameters, and its law from them.
struct Parametrised {
  ChainShape shape;
  std::vector<std::vector<double>> rows;  // q - 1 numbers each, by position, then context

  explicit Parametrised(const ChainShape& s) : shape(s) {
    Philox rng(1);
    for (std::int64_t i = 0; i < s.order + s.step_count(); ++i)
      for (std::int64_t c = 0; c < s.contexts(i); ++c) {
        rows.emplace_back();
        for (std::int64_t v = 1; v < s.states; ++v)
          rows.back().push_back((0.2 + 0.6 * rng.uniform()) / double(s.states));
      }
  }
  double conditional(std::int64_t i, std::int64_t context, std::int64_t value) const {
    std::int64_t row = context;
    const auto block = shape.homogeneous ? std::min(i, shape.order) : i;
    for (std::int64_t j = 0; j < block; ++j) row += shape.contexts(j);
    const auto& p = rows[static_cast<std::size_t>(row)];
    double rest = 1;
    for (const double one : p) rest -= one;
    return value == 0 ? rest : p[static_cast<std::size_t>(value) - 1];
  }
  std::vector<double> law() const {
    std::vector<double> p;
    every_item(shape.n, shape.states, [&](std::size_t, const std::vector<float>& x) {
      p.push_back(1);
      for (std::int64_t i = 0; i < shape.n; ++i) {
        std::int64_t context = 0;
        for (auto j = std::max<std::int64_t>(0, i - shape.order); j < i; ++j)
          context = context * shape.states + std::lround(x[static_cast<std::size_t>(j)]);
        p.back() *= conditional(i, context, std::lround(x[static_cast<std::size_t>(i)]));
      }
    });
    return p;
  }
};

// By elimination with the largest pivot; below `tolerance` counts as 0.
std::int64_t rank(std::vector<std::vector<double>> rows, double tolerance) {
  std::int64_t found = 0;
  for (std::size_t column = 0; column < rows[0].size(); ++column) {
    const auto first = rows.begin() + found;
    const auto pivot = std::max_element(first, rows.end(), [&](const auto& a, const auto& b) {
      return std::abs(a[column]) < std::abs(b[column]);
    });
    if (pivot == rows.end() || std::abs((*pivot)[column]) < tolerance) continue;
    std::swap(*first, *pivot);
    for (auto row = first + 1; row != rows.end(); ++row) {
      const double factor = (*row)[column] / (*first)[column];
      for (std::size_t c = column; c < row->size(); ++c) (*row)[c] -= factor * (*first)[c];
    }
    ++found;
  }
  return found;
}

TEST(ParameterCount, IsTheRankOfTheJacobian) {
  for (const auto& shape :
       {ChainShape{.n = 4, .states = 2, .order = 0}, ChainShape{.n = 4, .states = 2, .order = 1},
        ChainShape{.n = 4, .states = 2, .order = 2}, ChainShape{.n = 4, .states = 2, .order = 3},
        ChainShape{.n = 3, .states = 3, .order = 1},
        ChainShape{.n = 5, .states = 2, .order = 2, .homogeneous = true}}) {
    Parametrised chain(shape);
    std::vector<std::vector<double>> jacobian;
    const double step = 1e-5;
    for (auto& row : chain.rows)
      for (auto& parameter : row) {
        const double kept = parameter;
        parameter = kept + step;
        auto derivative = chain.law();
        parameter = kept - step;
        const auto below = chain.law();
        for (std::size_t i = 0; i < below.size(); ++i)
          derivative[i] = (derivative[i] - below[i]) / (2 * step);
        parameter = kept;
        jacobian.push_back(std::move(derivative));
      }
    const auto parameters = shape.homogeneous
                                ? homogeneous_parameters(shape.n, shape.states, shape.order)
                                : markov_parameters(shape.n, shape.states, shape.order);
    EXPECT_EQ(std::ssize(jacobian), parameters.exact());
    EXPECT_EQ(rank(jacobian, 1e-7), parameters.exact());
  }
}

TEST(ParameterCount, TheTenNumbersOfTheLecture) {
  const std::vector<std::int64_t> expected{10, 19, 35, 63, 111, 191, 319, 511, 767, 1023};
  for (std::size_t k = 0; k < expected.size(); ++k)
    EXPECT_EQ(markov_parameters(10, 2, static_cast<std::int64_t>(k)).exact(), expected[k]);
  EXPECT_EQ(markov_parameters(784, 2, 1).exact(), 1567);
  EXPECT_EQ(homogeneous_parameters(784, 2, 1).exact(), 3);
  EXPECT_EQ(joint_parameters(3, 256).exact(), 16777215);
}

TEST(ParameterCount, WhatFitsIsExactAndTheRestHasAnExponent) {
  EXPECT_EQ(joint_parameters(62, 2).exact(), (std::int64_t{1} << 62) - 1);
  EXPECT_EQ(joint_parameters(63, 2).exact(), std::nullopt);
  EXPECT_EQ(joint_parameters(63, 2).text(), "9.22e18");
  EXPECT_EQ(joint_parameters(784, 2).text(), "1.02e236");
  EXPECT_NEAR(joint_parameters(784, 2).log10(), 784 * std::log10(2), 1e-9);
  EXPECT_EQ(joint_parameters(1000000, 256).text().substr(5), "2408239");
  EXPECT_EQ(ParameterCount(999999, 10, 100).text(), "1.00e106") << "mantissas stay below 10";
}

TEST(ParameterCount, WrongSizesAreRefused) {
  EXPECT_EQ(message_of<ConfigError>([] { joint_parameters(0, 2); }),
            "[parameters] the number of variables must be between 1 and 274877906944, got 0");
  EXPECT_EQ(message_of<ConfigError>([] { independent_parameters(3, 1); }),
            "[parameters] the number of states must be between 2 and 16777216, got 1");
  EXPECT_EQ(message_of<ConfigError>([] { markov_parameters(3, 2, 3); }),
            "[parameters] the order must be between 0 and 2, got 3");
}

}  // namespace
}  // namespace kiln
