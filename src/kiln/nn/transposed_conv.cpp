#include "kiln/nn/transposed_conv.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/autograd.h>
#include <torch/nn/init.h>

#include <array>
#include <cmath>

#include "kiln/core/check.h"
#include "kiln/kernels/convolution.h"

namespace kiln {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

// Three maps that are linear in each argument and are each other's gradients:
//   C(u, w) = conv2d(u, w)          [B, O, H, W] -> [B, I, h, w], the mirrored convolution
//   T(x, w) = gradient of C in u    [B, I, h, w] -> [B, O, H, W], the transposed convolution
//   W(x, u) = gradient of C in w    -> [I, O, kh, kw]
// because <x, C(u, w)> = <T(x, w), u> = <W(x, u), w>.

// Up to here the product is the faster way: oneDNN vectorises T over the output channels.
constexpr std::int64_t kFewChannels = 3;

struct Geometry {
  std::int64_t stride, padding;
};

std::array<Tensor, 3> convolution_gradients(const Tensor& x, const Tensor& u, const Tensor& w,
                                            const Geometry& g, std::array<bool, 3> wanted) {
  onednn_convolutions_hold();
  auto [in_u, in_w, in_bias] =
      at::convolution_backward(x, u, w, at::OptionalIntArrayRef(), {g.stride, g.stride},
                               {g.padding, g.padding}, {1, 1}, false, {0, 0}, 1, wanted);
  return {in_u, in_w, in_bias};
}

Tensor mirrored(const Tensor& u, const Tensor& w, const Geometry& g) {
  return convolution2d(u, w, {}, g.stride, g.padding);
}

void keep(AutogradContext* context, const variable_list& tensors, const Geometry& g) {
  context->save_for_backward(tensors);
  context->saved_data["stride"] = g.stride;
  context->saved_data["padding"] = g.padding;
}

Geometry kept(AutogradContext* context) {
  return {context->saved_data["stride"].toInt(), context->saved_data["padding"].toInt()};
}

struct Transposed : Function<Transposed> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& w,
                        const Geometry& g, std::int64_t height, std::int64_t width);
  static variable_list backward(AutogradContext* context, const variable_list& grad);
};

struct WeightGradient : Function<WeightGradient> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& u, const Tensor& w,
                        const Geometry& g);
  static variable_list backward(AutogradContext* context, const variable_list& grad);
};

// T(x, w) as one product, whose columns are then added up where they overlap.
Tensor folded(const Tensor& x, const Tensor& w, const Geometry& g, std::int64_t height,
              std::int64_t width) {
  const auto columns = torch::matmul(w.flatten(1).t(), x.flatten(2));  // [B, O kh kw, h w]
  return at::col2im(columns, {height, width}, {w.size(2), w.size(3)}, {1, 1},
                    {g.padding, g.padding}, {g.stride, g.stride})
      .contiguous(x.suggest_memory_format());
}

// T(x, w).  Of u only the shape and the memory format are read.
Tensor Transposed::forward(AutogradContext* context, const Tensor& x, const Tensor& w,
                           const Geometry& g, std::int64_t height, std::int64_t width) {
  keep(context, {x, w}, g);
  if (w.size(1) <= kFewChannels) return folded(x, w, g, height, width);
  const auto u = at::empty({x.size(0), w.size(1), height, width},
                           x.options().memory_format(x.suggest_memory_format()));
  return convolution_gradients(x, u, w, g, {true, false, false})[0];
}

variable_list Transposed::backward(AutogradContext* context, const variable_list& grad) {
  const auto saved = context->get_saved_variables();
  const auto g = kept(context);
  const auto &x = saved[0], &w = saved[1], &u = grad[0];
  return {context->needs_input_grad(0) ? mirrored(u, w, g) : Tensor(),
          context->needs_input_grad(1) ? WeightGradient::apply(x, u, w.detach(), g) : Tensor(),
          {},
          {},
          {}};
}

// W(x, u).  Of w only the shape is read.
Tensor WeightGradient::forward(AutogradContext* context, const Tensor& x, const Tensor& u,
                               const Tensor& w, const Geometry& g) {
  keep(context, {x, u}, g);
  return convolution_gradients(x, u, w, g, {false, true, false})[1];
}

variable_list WeightGradient::backward(AutogradContext* context, const variable_list& grad) {
  const auto saved = context->get_saved_variables();
  const auto g = kept(context);
  const auto &x = saved[0], &u = saved[1], &v = grad[0];
  return {
      context->needs_input_grad(0) ? mirrored(u, v, g) : Tensor(),
      context->needs_input_grad(1) ? Transposed::apply(x, v, g, u.size(2), u.size(3)) : Tensor(),
      {},
      {}};
}

void check_between(std::string_view name, std::int64_t value, std::int64_t high) {
  if (value >= 0 && value <= high) return;
  throw ConfigError("transposed_conv2d",
                    fmt::format("{} must lie between 0 and {}, got {}", name, high, value));
}

}  // namespace

Tensor transposed_conv2d(const Tensor& x, const Tensor& weight, std::int64_t stride,
                         std::int64_t padding, std::int64_t output_padding) {
  check_shape("transposed_conv2d", "weight", weight, {kAny, kAny, kAny, kAny});
  check_shape("transposed_conv2d", "x", x, {kAny, weight.size(0), kAny, kAny});
  const auto side = [&](std::int64_t in, std::int64_t kernel) {
    return (in - 1) * stride - 2 * padding + kernel + output_padding;
  };
  const auto height = side(x.size(2), weight.size(2)), width = side(x.size(3), weight.size(3));
  if (height <= 0 || width <= 0)
    throw ShapeError("transposed_conv2d",
                     fmt::format("padding {} leaves no output for x [{}]; use less of it", padding,
                                 fmt::join(x.sizes().begin(), x.sizes().end(), ", ")));
  if (x.size(2) == 1 && x.size(3) == 1 && padding == 0 && output_padding == 0)
    return torch::matmul(x.flatten(1), weight.flatten(1))  // one pixel: a plain product
        .view({x.size(0), weight.size(1), height, width});
  return Transposed::apply(x, weight, Geometry{stride, padding}, height, width);
}

TransposedConv2dImpl::TransposedConv2dImpl(const TransposedConv2dOptions& options)
    : options_(options) {
  check_positive("transposed_conv2d", "in", options.in);
  check_positive("transposed_conv2d", "out", options.out);
  check_positive("transposed_conv2d", "kernel", options.kernel);
  check_positive("transposed_conv2d", "stride", options.stride);
  check_between("padding", options.padding, options.kernel - 1);
  check_between("output_padding", options.output_padding, options.stride - 1);
  reset();
}

void TransposedConv2dImpl::reset() {
  const auto& o = options_;
  weight = register_parameter("weight", torch::empty({o.in, o.out, o.kernel, o.kernel}));
  torch::nn::init::kaiming_uniform_(weight, std::sqrt(5.0));
  if (!o.bias) return;
  const auto bound = 1 / std::sqrt(static_cast<double>(o.out * o.kernel * o.kernel));
  bias = register_parameter("bias", torch::empty({o.out}));
  torch::nn::init::uniform_(bias, -bound, bound);
}

Tensor TransposedConv2dImpl::forward(const Tensor& x) {
  const auto y =
      transposed_conv2d(x, weight, options_.stride, options_.padding, options_.output_padding);
  return bias.defined() ? y + bias.view({-1, 1, 1}) : y;
}

}  // namespace kiln
