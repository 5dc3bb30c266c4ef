#include "kiln/prob/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "kiln/core/error.h"
#include "kiln/prob/parameter_count.h"

namespace kiln {
namespace {

using Variables = std::vector<std::int64_t>;

Variables joined(std::span<const std::int64_t> a, std::span<const std::int64_t> b) {
  Variables all(a.begin(), a.end());
  all.insert(all.end(), b.begin(), b.end());
  return all;
}

}  // namespace

void check_table_size(std::string_view where, std::int64_t n, std::int64_t states) {
  const auto parameters = joint_parameters(n, states);
  if (parameters.exact().value_or(kMostEntries) < kMostEntries) return;
  throw ConfigError(
      where, fmt::format("a table of {} variables of {} states has {} parameters and needs {} "
                         "bytes; at most {} entries are kept (n log2 q <= 24). Use fewer "
                         "variables or states, or a model that factorises: independent, markov",
                         n, states, parameters.text(), ParameterCount(8, states, n, 0).text(),
                         kMostEntries));
}

Table fit_table(std::int64_t n, std::int64_t states, std::span<const std::int64_t> counts,
                double prior) {
  const auto size = static_cast<double>(counts.size());
  double total = prior * size;
  for (const auto count : counts) total += static_cast<double>(count);
  Table table{.n = n, .states = states, .p = {}};
  table.p.reserve(counts.size());
  for (const auto count : counts)
    table.p.push_back(total > 0 ? (static_cast<double>(count) + prior) / total : 1 / size);
  return table;
}

std::int64_t table_index(std::int64_t states, std::span<const float> x) {
  std::int64_t index = 0;
  for (const float value : x) index = index * states + static_cast<std::int64_t>(value);
  return index;
}

void temper(std::span<double> p, double temperature) {
  const double most = *std::max_element(p.begin(), p.end());
  double total = 0;
  for (auto& value : p) {
    if (temperature > 0)
      value = value > 0 ? std::exp(std::log(value / most) / temperature) : 0;
    else
      value = value == most ? 1 : 0;
    total += value;
  }
  for (auto& value : p) value /= total;
}

Table tempered(const Table& table, double temperature) {
  auto other = table;
  temper(other.p, temperature);
  return other;
}

Table marginal(const Table& table, std::span<const std::int64_t> variables) {
  Variables strides(variables.size());
  std::int64_t size = 1;
  for (std::size_t j = variables.size(); j-- > 0;) strides[j] = size, size *= table.states;
  Variables stride_of(static_cast<std::size_t>(table.n), 0);
  for (std::size_t j = 0; j < variables.size(); ++j)
    stride_of[static_cast<std::size_t>(variables[j])] = strides[j];
  Table part{.n = std::ssize(variables),
             .states = table.states,
             .p = std::vector<double>(static_cast<std::size_t>(size), 0.0)};
  for (std::size_t entry = 0; entry < table.p.size(); ++entry) {
    auto rest = static_cast<std::int64_t>(entry);
    std::int64_t place = 0;
    for (auto i = static_cast<std::size_t>(table.n); i-- > 0; rest /= table.states)
      place += rest % table.states * stride_of[i];
    part.p[static_cast<std::size_t>(place)] += table.p[entry];
  }
  return part;
}

double entropy(std::span<const double> p) {
  double sum = 0;
  for (const double value : p)
    if (value > 0) sum -= value * std::log(value);
  return sum;
}

double kl_divergence(std::span<const double> p, std::span<const double> r) {
  if (p.size() != r.size())
    throw ShapeError("kl_divergence", fmt::format("laws must be over as many values, got {} and {}",
                                                  p.size(), r.size()));
  double sum = 0;
  for (std::size_t i = 0; i < p.size(); ++i) {
    if (p[i] == 0) continue;
    if (r[i] == 0) return std::numeric_limits<double>::infinity();
    sum += p[i] * std::log(p[i] / r[i]);
  }
  return sum;
}

double total_correlation(const Table& table) {
  double sum = -entropy(table.p);
  for (std::int64_t i = 0; i < table.n; ++i) sum += entropy(marginal(table, {&i, 1}).p);
  return sum;
}

double mutual_information(const Table& table, std::span<const std::int64_t> a,
                          std::span<const std::int64_t> b, std::span<const std::int64_t> given) {
  const auto h = [&](const Variables& variables) { return entropy(marginal(table, variables).p); };
  return h(joined(a, given)) + h(joined(b, given)) - h(joined(joined(a, b), given)) -
         h({given.begin(), given.end()});
}

}  // namespace kiln
