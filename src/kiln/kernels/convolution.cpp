#include "kiln/kernels/convolution.h"

#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <limits>
#include <vector>

#include "kiln/core/torch_compat.h"

namespace kiln {
namespace {

// oneDNN's C interface says its version so, in 2.6 as in 3.7.
struct Version {
  int major, minor;
};

// Whether it is the version that is known to fail: no luck of the memory may decide there.
bool is_known_to_fail() {
  using Ask = const Version* (*)();
  const auto ask = reinterpret_cast<Ask>(dlsym(RTLD_DEFAULT, "dnnl_version"));
  return ask && ask()->major == 3 && ask()->minor == 7;
}

struct Shape {
  std::int64_t batch, in, out, kernel, side, stride, padding;
};

// The fault depends on the channels that are summed over: those that are no multiple of 16.
constexpr std::array<Shape, 6> kAsked{{{2, 20, 16, 3, 7, 1, 1},
                                       {2, 24, 32, 4, 14, 2, 1},
                                       {2, 3, 8, 3, 8, 1, 1},
                                       {2, 1, 4, 4, 14, 2, 1},
                                       {2, 16, 40, 3, 14, 1, 1},
                                       {16, 8, 1, 7, 7, 1, 0}}};

// Numbers without a law, the same every time.
Tensor numbers(const std::vector<std::int64_t>& sizes) {
  auto made = at::empty(sizes, at::kFloat);
  return made.copy_(at::arange(made.numel(), at::kDouble).square().sin().view(sizes));
}

// Memory that is handed out next and not written shows as NaN, as long as what is returned stands
// behind it.
Tensor spoil(std::vector<std::int64_t> sizes) {
  std::vector<Tensor> held;
  for (const std::int64_t whole : {1, 16}) {  // channels that kernels fill up
    for (const std::size_t d : {0, 1}) sizes[d] = (sizes[d] + whole - 1) / whole * whole;
    for (int i = 0; i < 4; ++i)
      held.push_back(at::full(sizes, std::numeric_limits<float>::quiet_NaN()));
  }
  return at::zeros({16});
}

std::vector<Tensor> results(const Shape& s, at::ScalarType type) {
  const auto x = numbers({s.batch, s.in, s.side, s.side}).to(type);
  const auto weight = numbers({s.out, s.in, s.kernel, s.kernel}).to(type);
  const auto side = (s.side + 2 * s.padding - s.kernel) / s.stride + 1;
  std::vector<Tensor> behind;
  for (const auto& sizes : {x.sizes().vec(), weight.sizes().vec(),
                            std::vector<std::int64_t>{s.batch, s.out, side, side}})
    behind.push_back(spoil(sizes));
  const auto y = at::conv2d(x, weight, {}, s.stride, s.padding);
  auto [of_x, of_weight, of_bias] = at::convolution_backward(
      y, x, weight, at::OptionalIntArrayRef(), {s.stride, s.stride}, {s.padding, s.padding}, {1, 1},
      false, {0, 0}, 1, {true, true, false});
  return {y, of_x, of_weight};
}

bool holds(const Shape& shape) {
  const auto got = results(shape, at::kFloat), exact = results(shape, at::kDouble);
  for (std::size_t i = 0; i < got.size(); ++i) {
    const auto apart = (got[i] - exact[i]).abs().max() / exact[i].abs().max();
    if (!(apart.item<double>() < 1e-3)) return false;
  }
  return true;
}

bool switched_off_unless_they_hold() {
  const bool hold = !is_known_to_fail() && convolutions_hold();
  if (!hold) at::globalContext().setUserEnabledMkldnn(false);
  return hold;
}

}  // namespace

bool convolutions_hold() {
  const at::NoGradGuard no_grad;
  return std::all_of(kAsked.begin(), kAsked.end(), holds);
}

bool onednn_convolutions_hold() {
  static const bool hold = !kLibTorch2 || switched_off_unless_they_hold();
  return hold;
}

Tensor convolution2d(const Tensor& x, const Tensor& weight, const Tensor& bias, std::int64_t stride,
                     std::int64_t padding) {
  onednn_convolutions_hold();
  return at::conv2d(x, weight, bias, stride, padding);
}

}  // namespace kiln
