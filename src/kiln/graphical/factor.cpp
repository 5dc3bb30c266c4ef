#include "kiln/graphical/factor.h"

#include <fmt/format.h>

#include <algorithm>

#include "kiln/core/error.h"

namespace kiln {
namespace {

// A walk over a table in the order of its values, that keeps the matching place in another table.
class Place {
 public:
  Place(const std::vector<std::size_t>& sizes, std::vector<std::size_t> strides)
      : sizes_(sizes), strides_(std::move(strides)), digits_(sizes.size(), 0) {}

  std::size_t at() const { return at_; }
  void advance() {
    for (std::size_t i = sizes_.size(); i-- > 0;) {
      at_ += strides_[i];
      if (++digits_[i] < sizes_[i]) return;
      at_ -= strides_[i] * sizes_[i];
      digits_[i] = 0;
    }
  }

 private:
  const std::vector<std::size_t>& sizes_;
  std::vector<std::size_t> strides_, digits_;
  std::size_t at_ = 0;
};

std::size_t position(const Factor& f, std::size_t variable) {
  return static_cast<std::size_t>(std::ranges::find(f.variables, variable) - f.variables.begin());
}

// How far apart in f the neighbouring states of each variable stand; 0 where f does not have it.
std::vector<std::size_t> strides_in(const Factor& f, const std::vector<std::size_t>& variables) {
  std::vector<std::size_t> own(f.variables.size());
  std::size_t stride = 1;
  for (std::size_t i = own.size(); i-- > 0; stride *= f.sizes[i]) own[i] = stride;
  std::vector<std::size_t> strides;
  for (const auto variable : variables) {
    const auto i = position(f, variable);
    strides.push_back(i < own.size() ? own[i] : 0);
  }
  return strides;
}

Factor without(const Factor& f, std::size_t variable) {
  const auto i = position(f, variable);
  KILN_ASSERT(i < f.variables.size());
  Factor rest{f.variables, f.sizes, {}};
  rest.variables.erase(rest.variables.begin() + static_cast<std::ptrdiff_t>(i));
  rest.sizes.erase(rest.sizes.begin() + static_cast<std::ptrdiff_t>(i));
  rest.values.assign(f.values.size() / f.sizes[i], 0.0);
  return rest;
}

}  // namespace

std::optional<std::uint64_t> table_size(std::span<const std::size_t> sizes, std::uint64_t limit) {
  std::uint64_t numbers = 1;
  for (const std::uint64_t size : sizes) {
    if (size > limit / numbers) return std::nullopt;
    numbers *= size;
  }
  return numbers;
}

Factor product(const Factor& f, const Factor& g) {
  Factor both{f.variables, f.sizes, {}};
  for (std::size_t i = 0; i < g.variables.size(); ++i)
    if (position(f, g.variables[i]) == f.variables.size()) {
      both.variables.push_back(g.variables[i]);
      both.sizes.push_back(g.sizes[i]);
    }
  const auto numbers = table_size(both.sizes, kLargestFactor);
  if (!numbers)
    throw ConfigError("factor", fmt::format("a product over {} variables has more than {} numbers",
                                            both.variables.size(), kLargestFactor));
  both.values.resize(*numbers);
  Place in_f(both.sizes, strides_in(f, both.variables));
  Place in_g(both.sizes, strides_in(g, both.variables));
  for (auto& value : both.values) {
    value = f.values[in_f.at()] * g.values[in_g.at()];
    in_f.advance();
    in_g.advance();
  }
  return both;
}

Factor sum_out(const Factor& f, std::size_t variable) {
  auto rest = without(f, variable);
  Place in_rest(f.sizes, strides_in(rest, f.variables));
  for (const double value : f.values) {
    rest.values[in_rest.at()] += value;
    in_rest.advance();
  }
  return rest;
}

Factor reduce(const Factor& f, std::size_t variable, std::size_t state) {
  auto rest = without(f, variable);
  KILN_ASSERT(state < f.sizes[position(f, variable)]);
  const auto start = state * strides_in(f, {variable})[0];
  Place in_f(rest.sizes, strides_in(f, rest.variables));
  for (auto& value : rest.values) {
    value = f.values[start + in_f.at()];
    in_f.advance();
  }
  return rest;
}

Factor reordered(const Factor& f, const std::vector<std::size_t>& variables) {
  KILN_ASSERT(variables.size() == f.variables.size());
  Factor same{variables, {}, {}};
  for (const auto variable : variables) {
    KILN_ASSERT(position(f, variable) < f.variables.size());
    same.sizes.push_back(f.sizes[position(f, variable)]);
  }
  same.values.resize(f.values.size());
  Place in_f(same.sizes, strides_in(f, variables));
  for (auto& value : same.values) {
    value = f.values[in_f.at()];
    in_f.advance();
  }
  return same;
}

}  // namespace kiln
