#include "kiln/kernels/dense.h"

#include <ATen/Parallel.h>
#include <torch/autograd.h>
#include <torch/types.h>

#include "kiln/core/check.h"
#include "kiln/kernels/dense_pass_simd.h"
#include "kiln/kernels/matrix_product.h"

namespace kiln {
namespace {

std::size_t size(std::int64_t value) { return static_cast<std::size_t>(value); }

constexpr std::int64_t kFewest = 32768;  // numbers that pay for waking another thread

void activate(Activation f, const Tensor& y, const Tensor& bias) {
  const auto columns = y.size(1);
  at::parallel_for(0, y.size(0), std::max<std::int64_t>(1, kFewest / columns),
                   [&](std::int64_t begin, std::int64_t end) {
                     simd::bias_and_activation(f, y.data_ptr<float>(), bias.data_ptr<float>(),
                                               size(columns), size(begin), size(end));
                   });
}

struct BelowActivation {
  Tensor gradient, bias;  // with respect to a [B, out], and b [out]
};

// Strips of columns: every sum is made by one thread.
BelowActivation below(Activation f, const Tensor& upper, const Tensor& y) {
  const auto lower = f == Activation::none ? upper : torch::empty_like(upper);
  const auto bias = torch::empty({y.size(1)}, y.options());
  const simd::DenseGradient parts{.rows = size(y.size(0)),
                                  .columns = size(y.size(1)),
                                  .upper = upper.data_ptr<float>(),
                                  .y = y.data_ptr<float>(),
                                  .lower = lower.data_ptr<float>(),
                                  .bias = bias.data_ptr<float>()};
  const auto unit = static_cast<std::int64_t>(simd::kColumnUnit);
  const auto strips = (y.size(1) + unit - 1) / unit;
  const auto fewest = std::max<std::int64_t>(1, kFewest / (y.size(0) * unit));
  at::parallel_for(0, strips, fewest, [&](std::int64_t begin, std::int64_t end) {
    simd::activation_gradient(f, parts, size(begin * unit), size(std::min(end * unit, y.size(1))));
  });
  return {lower, bias};
}

// The same by operations that can be differentiated again.
Tensor below_plain(Activation f, const Tensor& upper, const Tensor& y) {
  switch (f) {
    case Activation::none:
      return upper;
    case Activation::relu:
      return upper * (y > 0);
    case Activation::leaky_relu:
      return torch::where(y > 0, upper, upper * kLeakySlope);
    case Activation::tanh:
      return upper * (1 - y.square());
  }
  KILN_ASSERT(!"an activation without a slope");
}

struct DenseFunction : torch::autograd::Function<DenseFunction> {
  using Context = torch::autograd::AutogradContext;
  using Tensors = torch::autograd::variable_list;

  static Tensor forward(Context* context, const Tensor& x, const Tensor& weight, const Tensor& bias,
                        Activation f) {
    const auto y = matrix_product(x, weight.t());
    activate(f, y, bias);
    context->saved_data["f"] = static_cast<std::int64_t>(f);
    context->save_for_backward({x, weight, y});
    return y;
  }

  static Tensors backward(Context* context, Tensors gradients) {
    const auto saved = context->get_saved_variables();
    const auto &x = saved[0], &weight = saved[1], &y = saved[2];
    const auto f = static_cast<Activation>(context->saved_data["f"].toInt());
    const bool for_x = context->needs_input_grad(0);
    if (at::GradMode::is_enabled()) {
      const auto lower = below_plain(f, gradients[0], y);
      return {for_x ? lower.mm(weight) : Tensor(), lower.t().mm(x), lower.sum(0), Tensor()};
    }
    const auto lower = below(f, gradients[0].contiguous(), y);
    return {for_x ? matrix_product(lower.gradient, weight) : Tensor(),
            matrix_product(lower.gradient.t(), x), lower.bias, Tensor()};
  }
};

void check_sizes(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  check_shape("dense", "weight", weight, {kAny, kAny});
  check_shape("dense", "bias", bias, {weight.size(0)});
  if (x.dim() < 2 || x.size(-1) != weight.size(1))
    check_shape("dense", "x", x, {kAny, weight.size(1)});
}

bool kernel_serves(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  for (const auto* tensor : {&x, &weight, &bias})
    if (!tensor->device().is_cpu() || tensor->scalar_type() != torch::kFloat32 ||
        tensor->numel() == 0)
      return false;
  return true;
}

}  // namespace

Tensor dense(const Tensor& x, const Tensor& weight, const Tensor& bias, Activation f) {
  check_sizes(x, weight, bias);
  if (!kernel_serves(x, weight, bias)) return dense_plain(x, weight, bias, f);
  auto shape = x.sizes().vec();
  shape.back() = weight.size(0);
  const auto rows = x.reshape({-1, x.size(-1)}).contiguous();
  return DenseFunction::apply(rows, weight.contiguous(), bias.contiguous(), f).view(shape);
}

Tensor dense_plain(const Tensor& x, const Tensor& weight, const Tensor& bias, Activation f) {
  const auto a = torch::linear(x, weight, bias);
  switch (f) {
    case Activation::none:
      return a;
    case Activation::relu:
      return torch::relu(a);
    case Activation::leaky_relu:
      return torch::leaky_relu(a, kLeakySlope);
    case Activation::tanh:
      return torch::tanh(a);
  }
  KILN_ASSERT(!"an activation without a function");
}

}  // namespace kiln
