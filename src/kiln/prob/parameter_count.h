#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace kiln {

/// A number m q^k - 1, as all laws of q-ary tables have free parameters:
///
///   joint table of n variables          q^n - 1                                m = 1,            k
///   = n independent                         n (q - 1)                              m = 1 + n(q -
///   1), k = 0 Markov of order k, by position      q^k - 1 + (n - k)(q - 1) q^k           m = 1 +
///   (n - k)(q - 1) Markov of order k, homogeneous      q^k - 1 + (q - 1) q^k = q^(k+1) - 1    m =
///   q
///
/// The numbers that do not fit in 63 bits are known by their logarithm.
class ParameterCount {
 public:
  /// factor * states^power - less; all of it at least 1.
  ParameterCount(std::int64_t factor, std::int64_t states, std::int64_t power,
                 std::int64_t less = 1);

  std::optional<std::int64_t> exact() const { return exact_; }  ///< Nothing when it does not fit.
  double log10() const { return log10_; }
  std::string text() const;  ///< "1567", or mantissa and exponent: "1.02e236".

 private:
  std::optional<std::int64_t> exact_;
  double log10_;
};

/// Of n = 1 .. 2^38 variables of q = 2 .. 2^24 states each, orders from 0 to n - 1.  Throw
/// ConfigError for anything else.
ParameterCount joint_parameters(std::int64_t n, std::int64_t states);
ParameterCount independent_parameters(std::int64_t n, std::int64_t states);
ParameterCount markov_parameters(std::int64_t n, std::int64_t states, std::int64_t order);
ParameterCount homogeneous_parameters(std::int64_t n, std::int64_t states, std::int64_t order);

}  // namespace kiln
