#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <limits>

namespace kiln::program {

/// Refuses what is no whole number from `low` to `high`, in Kiln's own words.
CLI::Validator whole_number(std::int64_t low,
                            std::int64_t high = std::numeric_limits<std::int64_t>::max());

/// Refuses what is no number from `low` to `high`.
CLI::Validator number_between(double low, double high);

}  // namespace kiln::program
