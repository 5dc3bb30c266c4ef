#include "kiln/nn/logistic_law.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>

#include "kiln/core/error.h"

namespace kiln {
namespace {

constexpr double kLeastLogScale = -7, kMostLogScale = 20;

// log [S(high) - S(low)] for high = low + width: the width is known better than the difference.
Tensor log_between(const Tensor& low, const Tensor& high, const Tensor& width) {
  return -torch::softplus(-high) - torch::softplus(low) + torch::log(-torch::expm1(-width));
}

double softplus(double a) { return std::max(a, 0.0) + std::log1p(std::exp(-std::abs(a))); }

// One logistic law over the states, seen from a pixel.
struct Component {
  double weight;  // log, not normalised
  double mean, inverse;

  // P(X <= v) of a state whose scaled value is x; `half` a bin is half of the distance of two.
  double below(double x, double half) const {
    return 1 / (1 + std::exp(-(x + half - mean) * inverse));
  }
  double log_mass(double x, double half, bool first, bool last) const {
    const double high = (x + half - mean) * inverse, low = (x - half - mean) * inverse;
    if (first) return -softplus(-high);
    if (last) return -softplus(low);
    return -softplus(-high) - softplus(low) + std::log(-std::expm1(-2 * half * inverse));
  }
};

}  // namespace

LogisticLaw::LogisticLaw(std::int64_t channels, std::int64_t states, std::int64_t components)
    : PixelLaw(channels, states), components_(components) {
  if (channels != 1 && channels != 3)
    throw ConfigError("logistic_law",
                      fmt::format("a mixture of logistics makes pictures of 1 or 3 channels, {}",
                                  channels == 0 ? "and the data are a table; take made or nade"
                                                : fmt::format("got {}", channels)));
}

std::vector<std::int64_t> LogisticLaw::groups() const {
  return std::vector<std::int64_t>(
      static_cast<std::size_t>(components_ * (1 + channels() * maps_of_channel())), 0);
}

// log pi + the sum over channels so far, by component; a channel's law is the ratio of two.
Tensor LogisticLaw::log_probs(const Tensor& maps, const Tensor& x) const {
  const auto shown = scaled(x);
  const double half = 1 / static_cast<double>(states() - 1);
  const auto at = [&](std::int64_t channel, std::int64_t part) {
    return maps.narrow(1, components_ * (1 + channel * maps_of_channel() + part), components_);
  };
  auto joint = torch::log_softmax(maps.narrow(1, 0, components_), 1);  // [B, K, H, W]
  auto before = torch::logsumexp(joint, 1);
  std::vector<Tensor> each;
  for (std::int64_t c = 0; c < channels(); ++c) {
    auto mean = at(c, 0);
    // alpha, beta and gamma lie in the first, second and third channel's maps.
    for (std::int64_t b = 0; b < c; ++b)
      mean = mean + torch::tanh(at(c - 1 + b, 2)) * shown.narrow(1, b, 1);
    const auto inverse = torch::exp(-at(c, 1).clamp(kLeastLogScale, kMostLogScale));
    const auto state = x.narrow(1, c, 1), centred = shown.narrow(1, c, 1) - mean;
    const auto high = (centred + half) * inverse, low = (centred - half) * inverse;
    joint = joint + torch::where(state.eq(0), -torch::softplus(-high),
                                 torch::where(state.eq(states() - 1), -torch::softplus(low),
                                              log_between(low, high, 2 * half * inverse)));
    const auto so_far = torch::logsumexp(joint, 1);
    each.push_back(so_far - before);
    before = so_far;
  }
  return torch::stack(each, 1);
}

std::int64_t LogisticLaw::picked(const PixelOutputs& outputs, std::int64_t channel, float uniform,
                                 double temperature) const {
  const double half = 1 / static_cast<double>(states() - 1);
  const auto map = [&](std::int64_t c, std::int64_t part, std::int64_t k) {
    return double(
        outputs.maps[(components_ * (1 + c * maps_of_channel() + part) + k) * outputs.stride]);
  };
  std::vector<Component> law(static_cast<std::size_t>(components_));
  for (std::int64_t k = 0; k < components_; ++k) {
    auto& component = law[static_cast<std::size_t>(k)];
    component.weight = outputs.maps[k * outputs.stride];
    for (std::int64_t c = 0; c <= channel; ++c) {
      component.mean = map(c, 0, k);
      for (std::int64_t b = 0; b < c; ++b)
        component.mean += std::tanh(map(c - 1 + b, 2, k)) * scaled(outputs.before[b]);
      component.inverse = std::exp(-std::clamp(map(c, 1, k), kLeastLogScale, kMostLogScale));
      if (c == channel) break;
      const auto state = outputs.before[c];
      component.weight +=
          component.log_mass(scaled(state), half, state == 0, state == states() - 1);
    }
  }
  double most = law.front().weight, total = 0;
  for (const auto& component : law) most = std::max(most, component.weight);
  for (auto& component : law) total += component.weight = std::exp(component.weight - most);
  const auto below = [&](std::int64_t v) {  // P(X <= v)
    if (v < 0 || v == states() - 1) return v < 0 ? 0.0 : 1.0;
    double sum = 0;
    for (const auto& component : law) sum += component.weight * component.below(scaled(v), half);
    return sum / total;
  };
  if (temperature != 1) {
    std::vector<double> mass(static_cast<std::size_t>(states()));
    for (std::int64_t v = 0; v < states(); ++v)
      mass[static_cast<std::size_t>(v)] = std::max(below(v) - below(v - 1), 0.0);
    const double largest = *std::max_element(mass.begin(), mass.end());
    return state_at(states(), uniform, [&](std::int64_t v) {
      return std::pow(mass[static_cast<std::size_t>(v)] / largest, 1 / temperature);
    });
  }
  std::int64_t low = 0, high = states() - 1;  // the answer lies in [low, high]
  while (low < high) {
    const auto middle = (low + high) / 2;
    if (uniform < below(middle))
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

}  // namespace kiln
