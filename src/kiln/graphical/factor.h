#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace kiln {

/// A table of non-negative numbers over discrete variables, in float64.
///
/// Variables are numbers that the caller gives out; values[...] has the last of them changing
/// fastest.  Without variables a factor is one number.
struct Factor {
  std::vector<std::size_t> variables = {};  ///< Distinct.
  std::vector<std::size_t> sizes = {};      ///< States of each, at least 1.
  std::vector<double> values = {1.0};       ///< As many as the product of the sizes.
};

/// Numbers that a table may hold: 128 MiB of them.
inline constexpr std::uint64_t kLargestFactor = std::uint64_t{1} << 24;

/// The product of the sizes, or nothing when it exceeds `limit`.
std::optional<std::uint64_t> table_size(std::span<const std::size_t> sizes, std::uint64_t limit);

/// (f g)(x) = f(x) g(x); f's variables come first, then those that only g has.
/// Throws ConfigError when it would hold more than kLargestFactor numbers.
Factor product(const Factor& f, const Factor& g);

/// sum over the variable's states.  The factor must have it.
Factor sum_out(const Factor& f, std::size_t variable);

/// The part where the variable has this state; the result has it no more.
Factor reduce(const Factor& f, std::size_t variable, std::size_t state);

/// The same function with its variables in another order.
Factor reordered(const Factor& f, const std::vector<std::size_t>& variables);

}  // namespace kiln
