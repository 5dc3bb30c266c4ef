#include "kiln/nn/masked_linear.h"

#include <ATen/Parallel.h>
#include <torch/autograd.h>
#include <torch/types.h>

#include "kiln/core/check.h"
#include "kiln/kernels/degree_mask_simd.h"

namespace kiln {
namespace {

// The largest input degree that each unit sees.
Tensor limits_of(const DegreeMask& mask) { return mask.strict ? mask.outputs - 1 : mask.outputs; }

bool kernel_serves(const Tensor& values) {
  return values.device().is_cpu() && values.scalar_type() == torch::kFloat32;
}

Tensor keep_by_kernel(const Tensor& values, const Tensor& limits, const Tensor& inputs) {
  const auto from = values.contiguous(), low = inputs.contiguous(), high = limits.contiguous();
  const auto kept = torch::empty_like(from);
  const auto columns = static_cast<std::size_t>(from.size(1));
  at::parallel_for(0, from.size(0), 32, [&](std::int64_t first, std::int64_t last) {
    simd::keep_by_degree(from.data_ptr<float>(), high.data_ptr<std::int32_t>(),
                         low.data_ptr<std::int32_t>(), columns, static_cast<std::size_t>(first),
                         static_cast<std::size_t>(last), kept.data_ptr<float>());
  });
  return kept;
}

Tensor keep(const Tensor& values, const Tensor& limits, const Tensor& inputs) {
  if (kernel_serves(values)) return keep_by_kernel(values, limits, inputs);
  const auto seen = inputs.unsqueeze(0).le(limits.unsqueeze(1));
  return torch::where(seen, values, torch::zeros({}, values.options()));
}

// The gradient of W * M is the incoming one times M: the same function, so it has every derivative.
struct MaskedWeight : torch::autograd::Function<MaskedWeight> {
  using Context = torch::autograd::AutogradContext;

  static Tensor forward(Context* context, const Tensor& weight, const Tensor& limits,
                        const Tensor& inputs) {
    context->save_for_backward({limits, inputs});
    return keep(weight, limits, inputs);
  }

  static torch::autograd::variable_list backward(Context* context,
                                                 torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    return {apply(gradients[0], saved[0], saved[1]), Tensor(), Tensor()};
  }
};

}  // namespace

Tensor DegreeMask::dense() const { return inputs.unsqueeze(0).le(limits_of(*this).unsqueeze(1)); }

Tensor masked_weight(const Tensor& weight, const DegreeMask& mask) {
  check_shape("masked_linear", "weight", weight, {mask.outputs.size(0), mask.inputs.size(0)});
  return MaskedWeight::apply(weight, limits_of(mask), mask.inputs);
}

Tensor masked_linear(const Tensor& x, const Tensor& weight, const Tensor& bias,
                     const DegreeMask& mask) {
  return torch::linear(x, masked_weight(weight, mask), bias);
}

}  // namespace kiln
