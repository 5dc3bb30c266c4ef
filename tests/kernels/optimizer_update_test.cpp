#include "kiln/kernels/optimizer_update.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "tests/support/each_target.h"

namespace kiln {
namespace {

using Numbers = std::vector<float>;

struct State {
  Numbers p, m, v;
};

Numbers numbers(std::size_t n, unsigned seed, float low) {
  std::mt19937 engine(seed);
  std::uniform_real_distribution<float> uniform(low, 1);
  Numbers list(n);
  for (auto& x : list) x = uniform(engine);
  return list;
}

// The equations as they stand in the papers, one number after the other.
void plain_adam(const simd::UpdateRule& r, State& s, const Numbers& gradient) {
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    const float g = gradient[i] + r.decay * s.p[i];
    s.m[i] = r.beta1 * s.m[i] + (1 - r.beta1) * g;
    s.v[i] = r.beta2 * s.v[i] + (1 - r.beta2) * g * g;
    s.p[i] -= r.rate * s.m[i] / (std::sqrt(s.v[i] * r.correction) + r.epsilon);
  }
}

void plain_sgd(const simd::UpdateRule& r, State& s, const Numbers& gradient) {
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    s.m[i] = r.momentum * s.m[i] + (gradient[i] + r.decay * s.p[i]);
    s.p[i] -= r.rate * s.m[i];
  }
}

void plain_rmsprop(const simd::UpdateRule& r, State& s, const Numbers& gradient) {
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    const float g = gradient[i] + r.decay * s.p[i];
    s.v[i] = r.beta2 * s.v[i] + (1 - r.beta2) * g * g;
    s.p[i] -= r.rate * g / (std::sqrt(s.v[i]) + r.epsilon);
  }
}

const simd::UpdateRule kRule{.beta1 = 0.9f,
                             .beta2 = 0.97f,
                             .epsilon = 1e-6f,
                             .momentum = 0.8f,
                             .decay = 0.1f,
                             .rate = 0.02f,
                             .correction = 1.7f};

// Three updates of n numbers that start `offset` numbers after an aligned place; what lies around
// them must stay as it was.
template <class Kernel, class Plain>
void expect_same_bits(const Kernel& kernel, const Plain& plain) {
  on_each_target([&] {
    for (const std::size_t n : {1u, 3u, 16u, 37u, 260u})
      for (const std::size_t offset : {0u, 3u})
        for (const bool shared : {false, true}) {
          const State start{numbers(n, 1, -1), numbers(n, 2, -1), numbers(n, 3, 0)};
          State expected = start, given = start;
          alignas(64) float place[320];
          std::fill(std::begin(place), std::end(place), 7.0f);
          std::copy(start.p.begin(), start.p.end(), place + offset);
          for (unsigned step = 0; step < 3; ++step) {
            const auto gradient = numbers(n, 10 + step, -1);
            plain(kRule, expected, gradient);
            kernel(simd::Parameters{place + offset, shared}, gradient, given, n);
          }
          EXPECT_EQ(Numbers(place + offset, place + offset + n), expected.p) << n << ' ' << offset;
          EXPECT_EQ(given.m, expected.m);
          EXPECT_EQ(given.v, expected.v);
          EXPECT_EQ(place[offset + n], 7.0f);
        }
  });
}

TEST(OptimizerUpdate, AdamHasTheBitsOfThePlainLoop) {
  expect_same_bits(
      [](simd::Parameters p, const Numbers& g, State& s, std::size_t n) {
        simd::adam_update(kRule, p, g.data(), s.m.data(), s.v.data(), n);
      },
      plain_adam);
}

TEST(OptimizerUpdate, SgdHasTheBitsOfThePlainLoop) {
  expect_same_bits([](simd::Parameters p, const Numbers& g, State& s,
                      std::size_t n) { simd::sgd_update(kRule, p, g.data(), s.m.data(), n); },
                   plain_sgd);
}

TEST(OptimizerUpdate, RmspropHasTheBitsOfThePlainLoop) {
  expect_same_bits([](simd::Parameters p, const Numbers& g, State& s,
                      std::size_t n) { simd::rmsprop_update(kRule, p, g.data(), s.v.data(), n); },
                   plain_rmsprop);
}

}  // namespace
}  // namespace kiln
