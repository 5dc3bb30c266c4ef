#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace kiln {

/// A law of n discrete variables of q states each, written out: p(x) of all q^n values of x.  The
/// first variable is the slowest: p stands at x_1 q^(n-1) + ... + x_n.  All sums are in float64,
/// all logarithms natural.
struct Table {
  std::int64_t n = 0;
  std::int64_t states = 2;  ///< q.
  std::vector<double> p;    ///< q^n numbers, at least 0; their sum is 1.
};

inline constexpr std::int64_t kMostEntries = std::int64_t{1} << 24;  ///< Of any table of a law.

/// Throws ConfigError naming the number of parameters and the bytes that it would need, unless
/// n log2(q) is at most 24 bits.
void check_table_size(std::string_view where, std::int64_t n, std::int64_t states);

/// (N(x) + a) / (N + a q^n).  Without data and prior: uniform.
Table fit_table(std::int64_t n, std::int64_t states, std::span<const std::int64_t> counts,
                double prior);

/// Where p(x) stands; x holds 0 .. q - 1.
std::int64_t table_index(std::int64_t states, std::span<const float> x);

/// p^(1/T), normalised; T = 0: the likeliest values alone.
Table tempered(const Table& table, double temperature);
/// The same for any numbers.
void temper(std::span<double> p, double temperature);

/// The law of some variables (numbered from 0), in the order given.
Table marginal(const Table& table, std::span<const std::int64_t> variables);

double entropy(std::span<const double> p);  ///< -sum p ln p, with 0 ln 0 = 0.
/// sum p ln(p / r); infinite where r is 0 and p is not.  Throws ShapeError for unequal sizes.
double kl_divergence(std::span<const double> p, std::span<const double> r);
/// sum_i H(x_i) - H(x) = KL(p || product of its marginals).
double total_correlation(const Table& table);
/// I(a; b | given) = H(a, given) + H(b, given) - H(a, b, given) - H(given).
double mutual_information(const Table& table, std::span<const std::int64_t> a,
                          std::span<const std::int64_t> b, std::span<const std::int64_t> given);

}  // namespace kiln
