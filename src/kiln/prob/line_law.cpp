#include "kiln/prob/line_law.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "kiln/core/error.h"
#include "kiln/core/text.h"

namespace kiln {
namespace {

constexpr double kReach = 1000;  // deviations
constexpr double kMost = 1e100, kFinest = 1e-9;
const double kHalfLog2Pi = .5 * std::log(2 * std::numbers::pi);

double log_density_of(const LineLaw::Part& part, double x) {
  if (part.normal) {
    const double z = (x - part.first) / part.second;
    return -.5 * z * z - std::log(part.second) - kHalfLog2Pi;
  }
  const bool inside = x >= part.first && x < part.second;
  return inside ? -std::log(part.second - part.first) : -std::numeric_limits<double>::infinity();
}

double cdf_of(const LineLaw::Part& part, double x) {
  if (part.normal) return .5 * std::erfc(-(x - part.first) / (part.second * std::numbers::sqrt2));
  return std::clamp((x - part.first) / (part.second - part.first), 0., 1.);
}

[[noreturn]] void refuse(std::string_view where, std::string_view text) {
  throw ConfigError(where, fmt::format("'{}' is no law; laws: normal:MEAN,STD, uniform:A,B, "
                                       "mixture:W*LAW+W*LAW",
                                       text));
}

LineLaw::Part parse_part(std::string_view where, std::string_view text) {
  const auto colon = text.find(':');
  const auto kind = text.substr(0, colon);
  const bool normal = kind == "normal";
  if (colon == text.npos || (!normal && kind != "uniform")) refuse(where, text);
  const auto numbers = split(text.substr(colon + 1), ',');
  if (numbers.size() != 2) refuse(where, text);
  const auto first = parse_real(numbers[0]), second = parse_real(numbers[1]);
  if (!first || !second) refuse(where, text);
  return {normal, *first, *second, 1};
}

std::vector<LineLaw::Part> parse_mixture(std::string_view where, std::string_view text) {
  std::vector<LineLaw::Part> parts;
  for (const auto& term : split(text, '+')) {
    const auto star = term.find('*');
    if (star == term.npos) refuse(where, term);
    const auto weight = parse_real(term.substr(0, star));
    if (!weight) refuse(where, term);
    parts.push_back(parse_part(where, std::string_view(term).substr(star + 1)));
    parts.back().weight = *weight;
  }
  return parts;
}

}  // namespace

LineLaw::LineLaw(std::string_view where, std::vector<Part> parts) : parts_(std::move(parts)) {
  double total = 0;
  for (const auto& part : parts_) {
    if (!std::isfinite(part.first) || !std::isfinite(part.second) || !std::isfinite(part.weight))
      throw ConfigError(where, "the numbers of a law must be finite");
    if (part.weight < 0) throw ConfigError(where, "weights must not be negative");
    if (part.normal && part.second <= 0)
      throw ConfigError(where,
                        fmt::format("a normal law needs a deviation above 0, got {}", part.second));
    if (!part.normal && part.second <= part.first)
      throw ConfigError(where, fmt::format("a uniform law needs ends in order, got {} and {}",
                                           part.first, part.second));
    const double size = std::max(std::abs(part.first), std::abs(part.second));
    const double width = part.normal ? part.second : part.second - part.first;
    if (size > kMost || width < kFinest * size)
      throw ConfigError(where,
                        fmt::format("numbers of a law must be below {} and its width at least "
                                    "{} of them, got {} and {}",
                                    kMost, kFinest, part.first, part.second));
    total += part.weight;
  }
  if (!(total > 0) || !std::isfinite(total))
    throw ConfigError(where, "weights need a sum that is finite and above 0");
  std::erase_if(parts_, [](const Part& part) { return part.weight == 0; });
  for (auto& part : parts_) part.weight /= total;
}

double LineLaw::log_density(double x) const {
  double most = -std::numeric_limits<double>::infinity();
  for (const auto& part : parts_)
    most = std::max(most, std::log(part.weight) + log_density_of(part, x));
  if (!std::isfinite(most)) return most;
  double sum = 0;
  for (const auto& part : parts_)
    sum += std::exp(std::log(part.weight) + log_density_of(part, x) - most);
  return most + std::log(sum);
}

double LineLaw::density(double x) const { return std::exp(log_density(x)); }

double LineLaw::cdf(double x) const {
  double sum = 0;
  for (const auto& part : parts_) sum += part.weight * cdf_of(part, x);
  return sum;
}

std::vector<double> LineLaw::landmarks() const {
  std::vector<double> marks;
  for (const auto& part : parts_) {
    if (!part.normal) {
      marks.insert(marks.end(), {part.first, part.second});
      continue;
    }
    for (const double z : {0., 1., 2., 3., 4., 6., 8., 12., 20., 40., 100., 300., kReach})
      marks.insert(marks.end(), {part.first - z * part.second, part.first + z * part.second});
  }
  std::sort(marks.begin(), marks.end());
  marks.erase(std::unique(marks.begin(), marks.end()), marks.end());
  return marks;
}

bool LineLaw::unbounded() const {
  return std::any_of(parts_.begin(), parts_.end(), [](const Part& part) { return part.normal; });
}

LineLaw LineLaw::parse(std::string_view where, const std::string& text) {
  constexpr std::string_view kMixture = "mixture:";
  if (text.starts_with(kMixture))
    return {where, parse_mixture(where, std::string_view(text).substr(kMixture.size()))};
  return {where, {parse_part(where, text)}};
}

}  // namespace kiln
