#include "kiln/prob/parameter_count.h"

#include <fmt/format.h>

#include <cmath>

#include "kiln/core/error.h"

namespace kiln {
namespace {

// Their product stays below 2^63.
constexpr std::int64_t kMostVariables = std::int64_t{1} << 38;
constexpr std::int64_t kMostStates = std::int64_t{1} << 24;

void check(std::int64_t n, std::int64_t states, std::int64_t order) {
  const auto refuse = [](const char* what, std::int64_t low, std::int64_t high, std::int64_t got) {
    throw ConfigError("parameters",
                      fmt::format("{} must be between {} and {}, got {}", what, low, high, got));
  };
  if (n < 1 || n > kMostVariables) refuse("the number of variables", 1, kMostVariables, n);
  if (states < 2 || states > kMostStates) refuse("the number of states", 2, kMostStates, states);
  if (order < 0 || order >= n) refuse("the order", 0, n - 1, order);
}

}  // namespace

ParameterCount::ParameterCount(std::int64_t factor, std::int64_t states, std::int64_t power,
                               std::int64_t less)
    : exact_(factor),
      log10_(std::log10(static_cast<double>(factor)) +
             static_cast<double>(power) * std::log10(static_cast<double>(states))) {
  for (std::int64_t i = 0; i < power && exact_; ++i)
    if (std::int64_t product = 0; __builtin_mul_overflow(*exact_, states, &product))
      exact_.reset();
    else
      exact_ = product;
  if (!exact_) return;  // then what is taken away is beyond the digits of log10_
  exact_ = *exact_ - less;
  log10_ = std::log10(static_cast<double>(*exact_));
}

std::string ParameterCount::text() const {
  if (exact_) return fmt::format("{}", *exact_);
  auto exponent = std::floor(log10_);
  auto mantissa = std::pow(10.0, log10_ - exponent);
  if (mantissa >= 9.995) mantissa = 1, ++exponent;
  return fmt::format("{:.2f}e{}", mantissa, static_cast<std::int64_t>(exponent));
}

ParameterCount joint_parameters(std::int64_t n, std::int64_t states) {
  check(n, states, 0);
  return {1, states, n};
}

ParameterCount independent_parameters(std::int64_t n, std::int64_t states) {
  return markov_parameters(n, states, 0);
}

ParameterCount markov_parameters(std::int64_t n, std::int64_t states, std::int64_t order) {
  check(n, states, order);
  return {1 + (n - order) * (states - 1), states, order};
}

ParameterCount homogeneous_parameters(std::int64_t n, std::int64_t states, std::int64_t order) {
  check(n, states, order);
  return {states, states, order};
}

}  // namespace kiln
