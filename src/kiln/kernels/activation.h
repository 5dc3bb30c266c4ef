#pragma once

namespace kiln {

/// What follows a dense layer's sums: f(a) = a; max(a, 0); a above 0 and kLeakySlope a below; tanh
/// a.
enum class Activation { none, relu, leaky_relu, tanh };

inline constexpr double kLeakySlope = 0.1;

}  // namespace kiln
