// needs: base
#include "kiln/prob/markov_chain.h"

#include <gtest/gtest.h>

#include <algorithm>

#include <numeric>

#include "kiln/core/error.h"
#include "tests/prob/small_laws.h"
#include "tests/support/temporary_folder.h"

namespace kiln {
namespace {

using Variables = std::vector<std::int64_t>;

Variables range(std::int64_t from, std::int64_t to) {
  Variables list(static_cast<std::size_t>(std::max<std::int64_t>(0, to - from)));
  std::iota(list.begin(), list.end(), from);
  return list;
}

// Items whose frequencies are exactly those of a table of whole numbers.
struct Census {
  std::vector<std::int64_t> counts;
  Table table;  // the frequencies

  Census(std::int64_t n, std::int64_t states, std::uint64_t seed)
      : table(random_table(n, states, seed)) {
    std::int64_t total = 0;
    for (auto& p : table.p) {
      counts.push_back(std::llround(p * 10000));
      total += counts.back();
    }
    for (std::size_t i = 0; i < counts.size(); ++i) table.p[i] = double(counts[i]) / double(total);
  }
  MarkovChain fit(const ChainShape& shape) const {
    Counted counted(shape);
    every_item(shape.n, shape.states, [&](std::size_t at, const std::vector<float>& x) {
      for (std::int64_t times = 0; times < counts[at]; ++times) counted.add(x);
    });
    return counted.fit(0);
  }
};

TEST(MarkovChain, SumsToOneForEveryShape) {
  for (const auto& shape : small_shapes()) {
    const auto chain = random_chain(shape, 5);
    double sum = 0;
    every_item(shape.n, shape.states, [&](std::size_t, const std::vector<float>& x) {
      sum += std::exp(chain.log_prob(x));
    });
    EXPECT_NEAR(sum, 1, 1e-12);
  }
  const auto twelve = random_chain({.n = 12, .states = 2, .order = 4}, 6);
  const auto p = written_out(twelve).p;
  EXPECT_NEAR(std::accumulate(p.begin(), p.end(), 0.0), 1, 1e-12);
}

TEST(MarkovChain, LogProbIsTheProductOfTheConditionals) {
  for (const auto& shape : small_shapes()) {
    const auto chain = random_chain(shape, 7);
    const auto table = written_out(chain);
    every_item(shape.n, shape.states, [&](std::size_t at, const std::vector<float>& x) {
      ASSERT_NEAR(std::exp(chain.log_prob(x)), table.p[at], 1e-12);
    });
  }
}

TEST(MarkovChain, FittedRowsAreSmoothedFrequencies) {
  Counted counted({.n = 3, .states = 2, .order = 1});
  counted.add({0, 1, 1});
  counted.add({0, 1, 0});
  counted.add({1, 1, 0});
  const auto chain = counted.fit(0.5);
  EXPECT_DOUBLE_EQ(chain.row(0, 0)[1], 1.5 / 4);
  EXPECT_DOUBLE_EQ(chain.row(1, 0)[1], 2.5 / 3);
  EXPECT_DOUBLE_EQ(chain.row(2, 1)[1], 1.5 / 4);
  EXPECT_DOUBLE_EQ(chain.row(2, 0)[1], 0.5);
  EXPECT_DOUBLE_EQ(counted.fit(0).row(2, 0)[1], 0.5) << "a past never seen";
  EXPECT_DOUBLE_EQ(counted.fit(0).row(1, 0)[0], 0);
  const auto log_p = 4 * std::log(2.0 / 3) + 2 * std::log(1.0 / 3);
  EXPECT_NEAR(log_likelihood(counted.fit(0), counted.rows()), log_p, 1e-14);
}

TEST(MarkovChain, HomogeneousRowsCountAllPositionsTogether) {
  Counted counted({.n = 4, .states = 2, .order = 1, .homogeneous = true});
  counted.add({0, 1, 1, 0});
  counted.add({1, 1, 0, 1});
  const auto chain = counted.fit(0);
  EXPECT_DOUBLE_EQ(chain.row(0, 0)[1], 0.5);
  for (std::int64_t i = 1; i < 4; ++i) {
    EXPECT_DOUBLE_EQ(chain.row(i, 0)[1], 1);        // 0 -> 1 twice
    EXPECT_DOUBLE_EQ(chain.row(i, 1)[1], 2.0 / 4);  // 1 -> 1, 1 -> 0, 1 -> 1, 1 -> 0
  }
}

TEST(MarkovChain, TheLongestOrderIsTheTable) {
  for (std::int64_t states : {2, 3}) {
    const Census census(4, states, 8);
    const auto chain = census.fit({.n = 4, .states = states, .order = 3});
    every_item(4, states, [&](std::size_t at, const std::vector<float>& x) {
      ASSERT_NEAR(std::exp(chain.log_prob(x)), census.table.p[at], 1e-12);
    });
  }
}

TEST(MarkovChain, WhatALowOrderLosesIsConditionalInformation) {
  // KL(p_hat || AR-k) = sum_i I(x_i; x_{< i - k} | x_{i-k} .. x_{i-1}).
  for (std::int64_t states : {2, 3}) {
    const std::int64_t n = states == 2 ? 6 : 4;
    const Census census(n, states, 9);
    const auto whole = MarkovChain::of_table(census.table);
    double before = 1e9;
    for (std::int64_t k = 0; k < n; ++k) {
      const auto chain = census.fit({.n = n, .states = states, .order = k});
      double information = 0;
      for (std::int64_t i = k + 1; i < n; ++i)
        information +=
            mutual_information(census.table, Variables{i}, range(0, i - k), range(i - k, i));
      const double kl = kl_divergence(whole, chain);
      EXPECT_NEAR(kl, information, 1e-12) << "order " << k;
      EXPECT_NEAR(kl, kl_divergence(census.table.p, written_out(chain).p), 1e-12);
      EXPECT_LE(kl, before + 1e-12) << "nested laws";
      before = kl;
    }
    EXPECT_NEAR(before, 0, 1e-12);
  }
}

TEST(MarkovChain, IndependenceLosesTheTotalCorrelation) {
  const Census census(5, 2, 10);
  const auto chain = census.fit({.n = 5, .states = 2, .order = 0});
  EXPECT_NEAR(kl_divergence(MarkovChain::of_table(census.table), chain),
              total_correlation(census.table), 1e-12);
}

TEST(MarkovChain, EntropyMarginalsAndCorrelationEqualEnumeration) {
  for (const auto& shape : small_shapes()) {
    const auto chain = random_chain(shape, 11);
    const auto table = written_out(chain);
    EXPECT_NEAR(entropy(chain), entropy(table.p), 1e-12);
    EXPECT_NEAR(total_correlation(chain), total_correlation(table), 1e-12);
    const auto p = marginals(chain);
    for (std::int64_t i = 0; i < shape.n; ++i) {
      const auto expected = marginal(table, Variables{i}).p;
      for (std::size_t v = 0; v < expected.size(); ++v)
        EXPECT_NEAR(p[static_cast<std::size_t>(i)][v], expected[v], 1e-12);
    }
  }
}

TEST(MarkovChain, DivergenceOfChainsOfDifferentOrdersEqualsEnumeration) {
  for (const std::int64_t p_order : {0, 1, 3})
    for (const std::int64_t r_order : {0, 2, 4}) {
      const auto p = random_chain({.n = 5, .states = 2, .order = p_order}, 12);
      const auto r = random_chain({.n = 5, .states = 2, .order = r_order}, 13);
      EXPECT_NEAR(kl_divergence(p, r), kl_divergence(written_out(p).p, written_out(r).p), 1e-12);
    }
}

// Calls f for every subset of the variables as evidence, with one value for each.
void every_evidence(
    const ChainShape& shape,
    const std::function<void(const std::vector<float>&, const std::vector<std::uint8_t>&)>& f) {
  for (std::uint64_t subset = 0; subset < (1u << shape.n); ++subset) {
    std::vector<float> x;
    std::vector<std::uint8_t> known;
    for (std::int64_t i = 0; i < shape.n; ++i) {
      known.push_back(subset >> i & 1);
      x.push_back(static_cast<float>((subset + static_cast<std::uint64_t>(i)) %
                                     static_cast<std::uint64_t>(shape.states)));
    }
    f(x, known);
  }
}

bool agrees(const std::vector<float>& item, const std::vector<float>& x,
            const std::vector<std::uint8_t>& known) {
  for (std::size_t i = 0; i < x.size(); ++i)
    if (known[i] && item[i] != x[i]) return false;
  return true;
}

TEST(MarkovChain, MessagesEqualEnumerationForEveryEvidence) {
  for (const auto& shape : small_shapes()) {
    const auto chain = random_chain(shape, 14);
    const auto table = written_out(chain);
    every_evidence(shape, [&](const auto& x, const auto& known) {
      double all = 0;
      std::vector<std::vector<double>> part(
          x.size(), std::vector<double>(static_cast<std::size_t>(shape.states), 0.0));
      every_item(shape.n, shape.states, [&](std::size_t at, const std::vector<float>& item) {
        if (!agrees(item, x, known)) return;
        all += table.p[at];
        for (std::size_t i = 0; i < x.size(); ++i)
          part[i][static_cast<std::size_t>(item[i])] += table.p[at];
      });
      ASSERT_NEAR(std::exp(log_marginal(chain, {x, known})), all, 1e-12);
      for (std::int64_t i = 0; i < shape.n; ++i) {
        const auto p = conditional(chain, i, {x, known});
        for (std::size_t v = 0; v < p.size(); ++v)
          ASSERT_NEAR(p[v], part[static_cast<std::size_t>(i)][v] / all, 1e-12);
      }
    });
  }
}

double chi_square(const std::vector<double>& seen, const std::vector<double>& p, double draws) {
  double sum = 0;
  for (std::size_t i = 0; i < p.size(); ++i)
    if (p[i] > 0) sum += std::pow(seen[i] - draws * p[i], 2) / (draws * p[i]);
  return sum;
}

std::vector<float> uniforms(Philox& rng, std::int64_t n) {
  std::vector<float> u(static_cast<std::size_t>(n));
  for (auto& value : u) value = static_cast<float>(rng.bits() >> 8) * 0x1p-24f;
  return u;
}

TEST(MarkovChain, DrawsFollowTheLaw) {
  for (const auto& shape : {ChainShape{.n = 4, .states = 3, .order = 2},
                            ChainShape{.n = 5, .states = 2, .order = 1, .homogeneous = true}}) {
    const auto chain = random_chain(shape, 15);
    const auto p = written_out(chain).p;
    std::vector<double> seen(p.size(), 0.0);
    Philox rng(16);
    const int draws = 40000;
    std::vector<float> x(static_cast<std::size_t>(shape.n));
    for (int d = 0; d < draws; ++d) {
      chain.draw(uniforms(rng, shape.n), x);
      ++seen[static_cast<std::size_t>(table_index(shape.states, x))];
    }
    const double freedom = double(p.size()) - 1;
    EXPECT_NEAR(chi_square(seen, p, draws), freedom, 5 * std::sqrt(2 * freedom));
  }
}

TEST(MarkovChain, CompletionsFollowTheConditionalLaw) {
  const ChainShape shape{.n = 5, .states = 2, .order = 2};
  const auto chain = random_chain(shape, 17);
  const auto table = written_out(chain);
  const std::vector<float> x{0, 1, 0, 0, 1};
  for (const auto& known :
       {std::vector<std::uint8_t>{0, 1, 0, 0, 1}, std::vector<std::uint8_t>{0, 0, 0, 1, 0}}) {
    std::vector<double> p(table.p.size(), 0.0), seen(table.p.size(), 0.0);
    double all = 0, freedom = -1;
    every_item(5, 2, [&](std::size_t at, const std::vector<float>& item) {
      if (agrees(item, x, known)) p[at] = table.p[at], all += p[at], ++freedom;
    });
    for (auto& value : p) value /= all;
    Philox rng(18);
    const int draws = 20000;
    for (int d = 0; d < draws; ++d) {
      auto drawn = x;
      complete(chain, {drawn, known}, uniforms(rng, 5), drawn);
      ASSERT_TRUE(agrees(drawn, x, known));
      ++seen[static_cast<std::size_t>(table_index(2, drawn))];
    }
    EXPECT_NEAR(chi_square(seen, p, draws), freedom, 5 * std::sqrt(2 * freedom));
  }
}

TEST(MarkovChain, WithNothingKnownACompletionIsADraw) {
  const auto chain = random_chain({.n = 6, .states = 3, .order = 2}, 19);
  const std::vector<std::uint8_t> nothing(6, 0);
  Philox rng(20);
  for (int d = 0; d < 200; ++d) {
    const auto u = uniforms(rng, 6);
    std::vector<float> drawn(6), completed(6, 0.0f), one(6);
    chain.draw(u, drawn);
    complete(chain, {completed, nothing}, u, completed);
    EXPECT_EQ(completed, drawn);
    for (std::int64_t i = 0; i < 6; ++i)
      one[static_cast<std::size_t>(i)] = chain.draw_one(drawn, i, u[static_cast<std::size_t>(i)]);
    EXPECT_EQ(one, drawn);
  }
}

TEST(MarkovChain, LongEvidenceDoesNotUnderflow) {
  const auto chain = random_chain({.n = 6000, .states = 2, .order = 1}, 21);
  const std::vector<float> x(6000, 1.0f);
  const std::vector<std::uint8_t> known(6000, 1);
  EXPECT_NEAR(log_marginal(chain, {x, known}) / chain.log_prob(x), 1, 1e-12);
  EXPECT_LT(chain.log_prob(x), -800) << "exp of it is 0 in float64";
}

TEST(MarkovChain, TheImpossibleIsRefused) {
  Counted counted({.n = 2, .states = 2, .order = 1});
  counted.add({0, 1});
  const auto chain = counted.fit(0);
  std::vector<float> x{1, 1};
  const std::vector<std::uint8_t> known{1, 0};
  EXPECT_TRUE(std::isinf(log_marginal(chain, {x, known})));
  const auto expected =
      "[markov_chain] what is known has probability 0 under this law, so nothing follows from it; "
      "fit with a prior above 0";
  const std::vector<float> u{0.5f, 0.5f};
  EXPECT_EQ(message_of<ConfigError>([&] { complete(chain, {x, known}, u, x); }), expected);
  EXPECT_EQ(message_of<ConfigError>([&] { conditional(chain, 1, {x, known}); }), expected);
}

TEST(MarkovChain, TooManyConditionalsAreRefusedWithTheirCost) {
  EXPECT_NO_THROW(check_chain_size("markov", {.n = 784, .states = 2, .order = 13}));
  EXPECT_EQ(message_of<ConfigError>(
                [] { check_chain_size("markov", {.n = 784, .states = 2, .order = 14}); }),
            "[markov] a chain of order 14 over 784 variables of 2 states has 12632063 parameters "
            "and needs about 202113024 bytes; at most 16777216 conditional probabilities are kept. "
            "Lower --order-k");
  EXPECT_THROW(check_chain_size("markov", {.n = 4, .states = 2, .order = 4}), ConfigError);
  const auto chain =
      random_chain({.n = 3000, .states = 2, .order = 15, .homogeneous = true}, 22, 1);
  const std::vector<float> x(3000, 0.0f);
  const std::vector<std::uint8_t> known(3000, 0);
  EXPECT_EQ(message_of<ConfigError>([&] {
              log_marginal(chain, {x, known});
            }),
            "[markov_chain] messages along 3000 numbers with 32768 pasts each need 786694144 "
            "bytes, at most 536870912 are taken; lower --order-k");
}

TEST(InverseCdf, NeverGivesWhatHasProbabilityZero) {
  const std::vector<double> p{0, 0.5, 0, 0.5 - 1e-9, 0};
  EXPECT_EQ(inverse_cdf(p, 0), 1);
  EXPECT_EQ(inverse_cdf(p, 0.4999), 1);
  EXPECT_EQ(inverse_cdf(p, 0.5), 3);
  EXPECT_EQ(inverse_cdf(p, 0.9999999999), 3) << "rounding left the sum below";
}

}  // namespace
}  // namespace kiln
