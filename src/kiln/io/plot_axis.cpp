#include "kiln/io/plot_axis.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace kiln {
namespace {

constexpr double kLargest = 1e300;  // differences of such numbers still exist

// Superscript digits, as in 10⁻³.
std::string power_of_ten(int exponent) {
  static constexpr std::string_view digits[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  std::string text = "10";
  for (const char c : fmt::format("{}", exponent))
    text += c == '-' ? std::string_view("⁻") : digits[c - '0'];
  return text;
}

std::string linear_label(double value, double step) {
  if (value == 0) return "0";
  const double largest = std::abs(value);
  if (step >= 1e9 || step < 1e-6 || largest >= 1e10) return fmt::format("{:g}", value);
  if (step >= 1e6) return fmt::format("{:.0f}M", value / 1e6);
  if (step >= 1e3) return fmt::format("{:.0f}k", value / 1e3);
  const int decimals = std::max(0, -static_cast<int>(std::floor(std::log10(step) + 1e-9)));
  return fmt::format("{:.{}f}", value, decimals);
}

std::string log_label(int mantissa, int exponent, bool plain) {
  if (plain) return fmt::format("{:g}", mantissa * std::pow(10, exponent));
  const std::string power = power_of_ten(exponent);
  return mantissa == 1 ? power : fmt::format("{}·{}", mantissa, power);
}

// 1, 2 or 5 times a power of ten, near `raw`.
double round_step(double raw) {
  const double magnitude = std::pow(10, std::floor(std::log10(raw)));
  const double lead = raw / magnitude;
  return magnitude * (lead < 1.5 ? 1 : lead < 3.5 ? 2 : lead < 7.5 ? 5 : 10);
}

}  // namespace

bool plottable(double value, bool log) {
  return std::abs(value) <= kLargest && (!log || value > 1 / kLargest);  // false for NaN
}

void equalise(Range& x, Range& y) {
  const double across = x.high - x.low, up = y.high - y.low, length = std::max(across, up);
  x = {x.low - (length - across) / 2, x.high + (length - across) / 2};
  y = {y.low - (length - up) / 2, y.high + (length - up) / 2};
}

Range range_of(std::span<const double> values, bool log) {
  Range range{HUGE_VAL, -HUGE_VAL};
  for (const double value : values)
    if (plottable(value, log)) range = {std::min(range.low, value), std::max(range.high, value)};
  if (range.low > range.high) return log ? Range{1, 10} : Range{0, 1};
  return range;
}

Range widened(Range range, double share, bool log) {
  if (log) {
    const Range exponents = widened({std::log10(range.low), std::log10(range.high)}, share);
    return {std::pow(10, exponents.low), std::pow(10, exponents.high)};
  }
  const double size = std::max(std::abs(range.low), std::abs(range.high));
  const double least = size == 0 ? 1 : size * 1e-9;
  if (range.high - range.low < least) {
    const double half = size == 0 ? 0.5 : size * 0.05;
    range = {range.low - half, range.high + half};
  }
  const double extra = (range.high - range.low) * share;
  return {range.low - extra, range.high + extra};
}

std::vector<Tick> linear_ticks(Range range, int count) {
  std::vector<Tick> ticks;
  const double low = std::min(range.low, range.high), high = std::max(range.low, range.high);
  const double step = round_step((high - low) / count);
  const double slack = 1e-9;  // of a step: an end that is a tick must not be lost to rounding
  for (double i = std::ceil(low / step - slack); i <= high / step + slack; ++i)
    ticks.push_back({i * step, linear_label(i * step, step)});
  return ticks;
}

std::vector<Tick> log_ticks(Range range, int count) {
  const double slack = 1e-9;
  const double low = std::log10(range.low) - slack, high = std::log10(range.high) + slack;
  const int stride = std::max(1, static_cast<int>(std::ceil((high - low) / count)));
  const std::vector<int> mantissas =
      high - low > 2.5 ? std::vector<int>{1} : std::vector<int>{1, 2, 5};
  const bool plain = low >= -3 - 2 * slack && high < 4;  // else every tick is a power of ten
  std::vector<Tick> ticks;
  for (int e = static_cast<int>(std::floor(low)); e <= high; ++e)
    for (const int mantissa : mantissas) {
      const double place = e + std::log10(mantissa);
      if (e % stride == 0 && place >= low && place <= high)
        ticks.push_back({mantissa * std::pow(10, e), log_label(mantissa, e, plain)});
    }
  return ticks.size() >= 2 ? ticks : linear_ticks(range, count);
}

double Axis::at(double value) const {
  const double unit = log ? std::log(value / range.low) / std::log(range.high / range.low)
                          : (value - range.low) / (range.high - range.low);
  return from + unit * (to - from);
}

}  // namespace kiln
