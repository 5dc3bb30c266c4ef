#include "kiln/kernels/gated_tanh.h"

#include <ATen/Parallel.h>
#include <torch/autograd.h>
#include <torch/types.h>

#include "kiln/core/check.h"
#include "kiln/kernels/gated_tanh_simd.h"

namespace kiln {
namespace {

// `work` for the numbers [first, first + count) of each item's half: the halves of an item lie
// behind each other.
template <class Work>
void for_items(const Tensor& maps, const Work& work) {
  const auto half = maps.numel() / maps.size(0) / 2;
  at::parallel_for(0, maps.size(0), 1, [&](std::int64_t first, std::int64_t last) {
    for (auto b = first; b < last; ++b) work(b * half, static_cast<std::size_t>(half));
  });
}

struct GatedTanh : torch::autograd::Function<GatedTanh> {
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& maps) {
    auto sizes = maps.sizes().vec();
    sizes[1] /= 2;
    const auto out = torch::empty(sizes, maps.options());
    const float* in = maps.data_ptr<float>();
    float* to = out.data_ptr<float>();
    for_items(maps, [&](std::int64_t at, std::size_t count) {
      simd::gated_tanh(in + 2 * at, in + 2 * at + count, count, to + at);
    });
    context->save_for_backward({maps});
    return out;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    if (at::GradMode::is_enabled())
      throw ConfigError("gated_tanh",
                        "the kernel has no second derivatives; build the loss from "
                        "gated_tanh_twin instead");
    const auto maps = context->get_saved_variables()[0];
    const auto d_out = gradients[0].contiguous();
    const auto d_maps = torch::empty_like(maps);
    const float *in = maps.data_ptr<float>(), *d = d_out.data_ptr<float>();
    float* to = d_maps.data_ptr<float>();
    for_items(maps, [&](std::int64_t at, std::size_t count) {
      simd::gated_tanh_gradient({.a = in + 2 * at,
                                 .b = in + 2 * at + count,
                                 .d_out = d + at,
                                 .d_a = to + 2 * at,
                                 .d_b = to + 2 * at + count},
                                count);
    });
    return {d_maps};
  }
};

}  // namespace

Tensor gated_tanh_twin(const Tensor& maps) {
  const auto halves = maps.chunk(2, 1);
  return torch::tanh(halves[0]) * torch::sigmoid(halves[1]);
}

Tensor gated_tanh(const Tensor& maps) {
  if (maps.dim() < 2 || maps.size(1) % 2 != 0)
    throw ShapeError("gated_tanh", "maps must be [B, 2F, ...]");
  if (!maps.device().is_cpu() || maps.scalar_type() != torch::kFloat32 || maps.numel() == 0)
    return gated_tanh_twin(maps);
  return GatedTanh::apply(maps.contiguous());
}

}  // namespace kiln
