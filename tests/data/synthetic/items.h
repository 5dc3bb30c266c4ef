#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "kiln/data/synthetic/synthetic.h"

namespace kiln {

struct Item {
  std::vector<float> x;
  std::int64_t label = -1;
  bool operator==(const Item&) const = default;
};

inline Item read_item(const Dataset& data, std::int64_t index) {
  Item item{std::vector<float>(static_cast<std::size_t>(data.info().stored_size())), -1};
  item.label = data.read(index, item.x);
  return item;
}

inline std::vector<Item> read_items(const Dataset& data, std::int64_t count) {
  std::vector<Item> items;
  for (std::int64_t i = 0; i < count; ++i) items.push_back(read_item(data, i));
  return items;
}

inline Splits open_keys(const std::string& name, std::map<std::string, std::string> keys = {},
                        std::uint64_t seed = 1) {
  auto splits = open_synthetic({.name = name, .path = {}, .keys = std::move(keys)}, {.seed = seed});
  EXPECT_TRUE(splits) << name;
  return splits.value();
}

/// Sum of (count - expected)^2 / expected over cells of equal expectation.
template <class Counts>
double chi_square(const Counts& counts, double expected) {
  double sum = 0;
  for (const auto count : counts) {
    const double off = static_cast<double>(count) - expected;
    sum += off * off / expected;
  }
  return sum;
}

/// Five standard deviations above the mean of a chi-square law.
inline double chi_square_limit(double freedom) { return freedom + 5 * std::sqrt(2 * freedom); }

}  // namespace kiln
