#include "kiln/kernels/winograd.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/autograd.h>

#include <algorithm>
#include <array>

#include "kiln/core/check.h"
#include "kiln/core/torch_compat.h"
#include "kiln/kernels/convolution.h"
#include "kiln/kernels/matrix_product.h"
#include "kiln/kernels/winograd_simd.h"

namespace kiln {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

constexpr std::int64_t kNumbers = 36;  // of a tile

// Numbers in the planes that are worked on at once: few enough for the caches, and enough for wide
// products.
constexpr std::int64_t kAtOnce = std::int64_t{1} << 20;

// G of the paper, one row for each point.
constexpr std::array<std::array<double, 3>, 6> kPoints{{{1.0 / 4, 0, 0},
                                                        {-1.0 / 6, -1.0 / 6, -1.0 / 6},
                                                        {-1.0 / 6, 1.0 / 6, -1.0 / 6},
                                                        {1.0 / 24, 1.0 / 12, 1.0 / 6},
                                                        {1.0 / 24, -1.0 / 12, 1.0 / 6},
                                                        {0, 0, 1}}};

// G times G of both sides: [36, 9].
Tensor both_sides_of_points() {
  auto made = torch::empty({kNumbers, 9});
  auto at = made.accessor<float, 2>();
  for (std::size_t k = 0; k < 36; ++k)
    for (std::size_t tap = 0; tap < 9; ++tap)
      at[static_cast<std::int64_t>(k)][static_cast<std::int64_t>(tap)] =
          static_cast<float>(kPoints[k / 6][tap / 3] * kPoints[k % 6][tap % 3]);
  return made;
}

const Tensor& points() {
  static const auto made = both_sides_of_points();
  return made;
}

// [O, I, 3, 3] -> G g G^T [36, I, O].
Tensor transformed(const Tensor& weight) {
  const auto taps = weight.permute({2, 3, 1, 0}).contiguous().view({9, -1});
  return matrix_product(points(), taps).view({kNumbers, weight.size(1), weight.size(0)});
}

Tensor with_channels_last(const Tensor& x) { return x.contiguous(at::MemoryFormat::ChannelsLast); }

simd::WinogradMaps maps_of(const Tensor& x) {
  return {.height = static_cast<std::size_t>(x.size(2)),
          .width = static_cast<std::size_t>(x.size(3)),
          .channels = static_cast<std::size_t>(x.size(1))};
}

// Tiles of all pictures, in blocks that depend on the shapes alone.
struct Blocks {
  Blocks(const simd::WinogradMaps& maps, std::int64_t batch, std::int64_t channels)
      : all(batch * static_cast<std::int64_t>(maps.tiles())),
        size(std::clamp<std::int64_t>(kAtOnce / (kNumbers * channels), std::min(kLeast, all),
                                      all)) {}

  template <class Work>
  void for_each(const Work& work) const {
    for (std::int64_t first = 0; first < all; first += size)
      work(first, std::min(size, all - first));
  }

  static constexpr std::int64_t kLeast = 96;
  std::int64_t all, size;
};

// `work` for some of the tiles [first, first + count), and where they stand in the planes.
template <class Work>
void for_tiles(std::int64_t first, std::int64_t count, std::int64_t stride, const Work& work) {
  at::parallel_for(0, count, 8, [&](std::int64_t begin, std::int64_t end) {
    work(simd::WinogradTiles{.first = static_cast<std::size_t>(first + begin),
                             .count = static_cast<std::size_t>(end - begin),
                             .stride = static_cast<std::size_t>(stride)},
         begin);
  });
}

template <class Work>
void for_numbers(const Work& work) {
  at::parallel_for(0, kNumbers, 1, [&](std::int64_t begin, std::int64_t end) {
    for (auto k = begin; k < end; ++k) work(k);
  });
}

// C(x, w), both as they must lie in memory; bias undefined or [O].
Tensor convolved(const Tensor& x, const Tensor& u, const Tensor& bias) {
  const auto in = u.size(1), out = u.size(2);
  auto y = at::empty({x.size(0), out, x.size(2), x.size(3)},
                     x.options().memory_format(at::MemoryFormat::ChannelsLast));
  const auto from = maps_of(x), to = maps_of(y);
  const Blocks blocks(from, x.size(0), std::max(in, out));
  const auto patches = at::empty({kNumbers, blocks.size, in}, x.options());
  const auto sums = at::empty({kNumbers, blocks.size, out}, x.options());
  const float *pictures = x.data_ptr<float>(), *weights = u.data_ptr<float>();
  const float* added = bias.defined() ? bias.data_ptr<float>() : nullptr;
  float *v = patches.data_ptr<float>(), *m = sums.data_ptr<float>(), *made = y.data_ptr<float>();
  blocks.for_each([&](std::int64_t first, std::int64_t count) {
    for_tiles(first, count, blocks.size, [&](const simd::WinogradTiles& tiles, std::int64_t at) {
      simd::winograd_patches(from, pictures, tiles, v + at * in);
    });
    for_numbers([&](std::int64_t k) {
      product_in_this_thread({.a = v + k * blocks.size * in,
                              .b = weights + k * in * out,
                              .c = m + k * blocks.size * out,
                              .rows = count,
                              .columns = out,
                              .inner = in});
    });
    for_tiles(first, count, blocks.size, [&](const simd::WinogradTiles& tiles, std::int64_t at) {
      simd::winograd_gather(to, m + at * out, tiles, added, made);
    });
  });
  return y;
}

// W(x, y): the gradient of <C(x, w), y> in w.
Tensor weight_gradient(const Tensor& x, const Tensor& y) {
  const auto in = x.size(1), out = y.size(1);
  const auto from = maps_of(x), to = maps_of(y);
  const Blocks blocks(from, x.size(0), std::max(in, out));
  const auto patches = at::empty({kNumbers, blocks.size, in}, x.options());
  const auto spread = at::empty({kNumbers, blocks.size, out}, x.options());
  auto sums = at::zeros({kNumbers, in, out}, x.options());
  const float *pictures = x.data_ptr<float>(), *pulls = y.data_ptr<float>();
  float *v = patches.data_ptr<float>(), *d = spread.data_ptr<float>(), *s = sums.data_ptr<float>();
  blocks.for_each([&](std::int64_t first, std::int64_t count) {
    for_tiles(first, count, blocks.size, [&](const simd::WinogradTiles& tiles, std::int64_t at) {
      simd::winograd_patches(from, pictures, tiles, v + at * in);
      simd::winograd_spread(to, pulls, tiles, d + at * out);
    });
    for_numbers([&](std::int64_t k) {
      product_in_this_thread({.a = v + k * blocks.size * in,
                              .b = d + k * blocks.size * out,
                              .c = s + k * in * out,
                              .rows = in,
                              .columns = out,
                              .inner = count,
                              .a_transposed = true,
                              .add = true});
    });
  });
  return matrix_product(points().t(), sums.view({kNumbers, in * out}))
      .view({3, 3, in, out})
      .permute({3, 2, 0, 1})
      .contiguous();
}

// Weights of the gradient in x: turned by half a circle, inputs and outputs exchanged.
Tensor turned(const Tensor& weight) { return weight.flip({2, 3}).transpose(0, 1); }

// C(x, w) and W(x, y) are linear in each argument, and <C(x, w), y> = <x, C(y, turned w)> =
// <w, W(x, y)>: so each other's gradients.  x and y lie with their channels last before they come
// here: a copy made here would not know where it came from, and second derivatives would end at it.
struct Convolution : Function<Convolution> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& weight,
                        const TorchOptional<Tensor>& bias);
  static variable_list backward(AutogradContext* context, const variable_list& grad);
};

struct WeightGradient : Function<WeightGradient> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& y);
  static variable_list backward(AutogradContext* context, const variable_list& grad);
};

Tensor Convolution::forward(AutogradContext* context, const Tensor& x, const Tensor& weight,
                            const TorchOptional<Tensor>& bias) {
  context->save_for_backward({x, weight});
  context->saved_data["bias"] = bias.has_value();
  return convolved(x, transformed(weight), bias ? bias->contiguous() : Tensor());
}

variable_list Convolution::backward(AutogradContext* context, const variable_list& grad) {
  const auto saved = context->get_saved_variables();
  const auto &x = saved[0], &w = saved[1];
  const auto y = with_channels_last(grad[0]);
  const bool of_bias = context->saved_data["bias"].toBool() && context->needs_input_grad(2);
  return {
      context->needs_input_grad(0) ? Convolution::apply(y, turned(w), kNone) : Tensor(),
      context->needs_input_grad(1) ? WeightGradient::apply(x, y) : Tensor(),
      of_bias ? y.sum({0, 2, 3}) : Tensor(),
  };
}

Tensor WeightGradient::forward(AutogradContext* context, const Tensor& x, const Tensor& y) {
  context->save_for_backward({x, y});
  return weight_gradient(x, y);
}

variable_list WeightGradient::backward(AutogradContext* context, const variable_list& grad) {
  const auto saved = context->get_saved_variables();
  const auto &x = saved[0], &y = saved[1], &v = grad[0];
  return {context->needs_input_grad(0) ? Convolution::apply(y, turned(v), kNone) : Tensor(),
          context->needs_input_grad(1) ? Convolution::apply(x, v, kNone) : Tensor()};
}

void check_conv3x3(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  check_shape("conv3x3", "weight", weight, {kAny, kAny, 3, 3});
  check_shape("conv3x3", "x", x, {kAny, weight.size(1), kAny, kAny});
  if (bias.defined()) check_shape("conv3x3", "bias", bias, {weight.size(0)});
}

// Measured by bench/conv_bench.cpp: with few channels the maps of tiles cost more than the
// products, with few tiles those of the weights.
bool winograd_is_faster(const Tensor& x, const Tensor& weight) {
  constexpr std::int64_t kChannels = 32, kTiles = 64;
  return x.device().is_cpu() && x.scalar_type() == torch::kFloat32 && has_product_of_onednn() &&
         std::min(weight.size(0), weight.size(1)) >= kChannels &&
         x.size(0) * static_cast<std::int64_t>(maps_of(x).tiles()) >= kTiles;
}

}  // namespace

Tensor winograd_conv(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  check_conv3x3(x, weight, bias);
  return Convolution::apply(with_channels_last(x), weight,
                            bias.defined() ? TorchOptional<Tensor>(bias) : kNone);
}

Tensor winograd_conv_twin(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  check_conv3x3(x, weight, bias);
  return convolution2d(x, weight, bias, /*stride=*/1, /*padding=*/1);
}

Tensor conv3x3(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  check_conv3x3(x, weight, bias);
  return winograd_is_faster(x, weight) ? winograd_conv(x, weight, bias)
                                       : winograd_conv_twin(x, weight, bias);
}

}  // namespace kiln
