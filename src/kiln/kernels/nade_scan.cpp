#include "kiln/kernels/nade_scan.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <torch/autograd.h>
#include <torch/types.h>

#include "kiln/core/check.h"
#include "kiln/kernels/nade_scan_simd.h"

namespace kiln {
namespace {

std::size_t size(std::int64_t value) { return static_cast<std::size_t>(value); }

// Splits [0, count) at multiples of `unit`; every unit is computed by one thread, so the bits do
// not depend on their number.
template <class Work>
void split(std::size_t count, std::size_t unit, const Work& work) {
  const auto units = static_cast<std::int64_t>((count + unit - 1) / unit);
  at::parallel_for(0, units, 1, [&](std::int64_t begin, std::int64_t end) {
    work(size(begin) * unit, std::min(size(end) * unit, count));
  });
}

simd::NadeScan scan_of(std::int64_t batch, const NadeTensors& nade) {
  return {.batch = size(batch),
          .dims = size(nade.W.size(0)),
          .hidden = size(nade.W.size(1)),
          .W = nade.W.data_ptr<float>(),
          .V = nade.V.data_ptr<float>(),
          .b = nade.b.data_ptr<float>(),
          .c = nade.c.data_ptr<float>(),
          .order = nade.order.data_ptr<std::int64_t>(),
          .bits = nullptr,
          .ones = nullptr};
}

[[noreturn]] void refuse_value(double value, std::int64_t sample, std::int64_t pixel) {
  throw ConfigError("nade_scan",
                    fmt::format("x must be 0 or 1, got {} at sample {}, pixel {}; add "
                                "binarize=threshold or binarize=stochastic to the data source",
                                value, sample, pixel));
}

// Bit s of row i: pixel order[i] of sample s.  Counts the ones of each sample.
void pack(const Tensor& x, const simd::NadeScan& scan, std::uint8_t* bits, std::int32_t* ones) {
  const auto* values = x.data_ptr<float>();
  for (std::size_t s = 0; s < scan.batch; ++s) {
    const auto bit = static_cast<std::uint8_t>(1u << (s % 8));
    for (std::size_t i = 0; i < scan.dims; ++i) {
      const auto pixel = scan.order[i];
      const float value = values[s * scan.dims + size(pixel)];
      if (value == 0.0f) continue;
      if (value != 1.0f) refuse_value(value, static_cast<std::int64_t>(s), pixel);
      bits[i * scan.bit_bytes() + s / 8] |= bit;
      ++ones[s];
    }
  }
}

struct NadeFunction : torch::autograd::Function<NadeFunction> {
  using Context = torch::autograd::AutogradContext;

  static Tensor forward(Context* context, const Tensor& x, const Tensor& W, const Tensor& V,
                        const Tensor& b, const Tensor& c, const Tensor& order) {
    const NadeTensors nade{W, V, b, c, order};
    auto scan = scan_of(x.size(0), nade);
    const auto dims = W.size(0);
    const auto lanes = static_cast<std::int64_t>(scan.lanes());
    const auto bits =
        torch::zeros({dims, static_cast<std::int64_t>(scan.bit_bytes())}, torch::kUInt8);
    const auto ones = torch::zeros({x.size(0)}, torch::kInt32);
    pack(x, scan, bits.data_ptr<std::uint8_t>(), ones.data_ptr<std::int32_t>());
    scan.bits = bits.data_ptr<std::uint8_t>();
    scan.ones = ones.data_ptr<std::int32_t>();

    const auto residual = torch::zeros({dims, lanes});  // logits first, then p - x
    const auto nll = torch::zeros({lanes});
    auto* cells = residual.data_ptr<float>();
    split(scan.batch, simd::kSampleUnit, [&](std::size_t first, std::size_t last) {
      simd::nade_logits(scan, first, last, cells);
    });
    split(scan.lanes(), 16, [&](std::size_t first, std::size_t last) {
      simd::nade_loss(scan, first, last, cells, nll.data_ptr<float>());
    });
    context->save_for_backward({W, V, b, c, order, bits, ones, residual});
    return nll.narrow(0, 0, x.size(0));
  }

  static torch::autograd::variable_list backward(Context* context,
                                                 torch::autograd::variable_list gradients) {
    if (at::GradMode::is_enabled())
      throw ConfigError("nade_scan",
                        "the fused kernel has no second derivatives; build the loss from "
                        "nade_logits_cumsum instead");
    const auto saved = context->get_saved_variables();
    const NadeTensors nade{saved[0], saved[1], saved[2], saved[3], saved[4]};
    const auto &bits = saved[5], &ones = saved[6], &residual = saved[7];
    auto scan = scan_of(ones.size(0), nade);
    scan.bits = bits.data_ptr<std::uint8_t>();
    scan.ones = ones.data_ptr<std::int32_t>();

    const auto weight = torch::zeros({residual.size(1)});
    weight.narrow(0, 0, ones.size(0)).copy_(gradients[0]);
    const auto scaled = torch::empty_like(residual), db = torch::empty_like(nade.b);
    split(scan.dims, 32, [&](std::size_t first, std::size_t last) {
      simd::nade_output_gradient(scan, first, last, residual.data_ptr<float>(),
                                 weight.data_ptr<float>(), scaled.data_ptr<float>(),
                                 db.data_ptr<float>());
    });
    const auto dW = torch::empty_like(nade.W), dV = torch::empty_like(nade.V),
               dc = torch::empty_like(nade.c);
    split(scan.hidden, simd::kHiddenUnit, [&](std::size_t first, std::size_t last) {
      simd::nade_hidden_gradient(scan, first, last, scaled.data_ptr<float>(), dW.data_ptr<float>(),
                                 dV.data_ptr<float>(), dc.data_ptr<float>());
    });
    return {Tensor(), dW, dV, db, dc, Tensor()};
  }
};

void check_sizes(std::string_view name, const Tensor& x, const NadeTensors& nade) {
  check_shape("nade_scan", "W", nade.W, {kAny, kAny});
  const auto dims = nade.W.size(0), hidden = nade.W.size(1);
  check_shape("nade_scan", "V", nade.V, {dims, hidden});
  check_shape("nade_scan", "b", nade.b, {dims});
  check_shape("nade_scan", "c", nade.c, {hidden});
  check_shape("nade_scan", "order", nade.order, {dims});
  check_shape("nade_scan", name, x, {kAny, dims});
}

bool kernel_serves(const NadeTensors& nade) {
  for (const auto* tensor : {&nade.W, &nade.V, &nade.b, &nade.c})
    if (!tensor->device().is_cpu() || tensor->scalar_type() != torch::kFloat32) return false;
  return true;
}

void check_binary(const Tensor& x) {
  const auto wrong = ((x != 0).logical_and(x != 1)).nonzero();
  if (wrong.size(0) == 0) return;
  const auto sample = wrong[0][0].item<std::int64_t>(), pixel = wrong[0][1].item<std::int64_t>();
  refuse_value(x[sample][pixel].item<double>(), sample, pixel);
}

}  // namespace

Tensor nade_nll(const Tensor& x, const NadeTensors& nade) {
  check_sizes("x", x, nade);
  if (kernel_serves(nade) && x.device().is_cpu() && !x.requires_grad() && x.size(0) > 0) {
    return NadeFunction::apply(x.to(torch::kFloat32).contiguous(), nade.W.contiguous(),
                               nade.V.contiguous(), nade.b.contiguous(), nade.c.contiguous(),
                               nade.order.contiguous());
  }
  check_binary(x.detach());
  const auto values = x.to(nade.W.scalar_type());
  return nade_nll_of_logits(values, nade_logits_cumsum(values, nade));
}

Tensor nade_draw(const Tensor& uniform, const Tensor& given, double temperature,
                 const NadeTensors& nade) {
  check_sizes("uniform", uniform, nade);
  if (given.defined()) check_shape("nade_scan", "given", given, {uniform.size(0), uniform.size(1)});
  if (!kernel_serves(nade)) return nade_draw_loop(uniform, given, temperature, nade);
  const NadeTensors flat{nade.W.contiguous(), nade.V.contiguous(), nade.b.contiguous(),
                         nade.c.contiguous(), nade.order.contiguous()};
  const auto scan = scan_of(uniform.size(0), flat);
  const auto draws = uniform.contiguous(), kept = given.defined() ? given.contiguous() : given;
  const auto x = torch::empty(uniform.sizes(), torch::kFloat32);
  const simd::NadeDraw draw{.uniform = draws.data_ptr<float>(),
                            .given = kept.defined() ? kept.data_ptr<std::uint8_t>() : nullptr,
                            .inverse_temperature = static_cast<float>(1 / temperature),
                            .x = x.data_ptr<float>()};
  split(scan.batch, 8,
        [&](std::size_t first, std::size_t last) { simd::nade_draw(scan, draw, first, last); });
  return x;
}

}  // namespace kiln
