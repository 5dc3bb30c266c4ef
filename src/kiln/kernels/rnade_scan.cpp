#include "kiln/kernels/rnade_scan.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <torch/autograd.h>
#include <torch/types.h>

#include <array>
#include <cmath>

#include "kiln/core/check.h"
#include "kiln/kernels/rnade_scan_simd.h"

namespace kiln {
namespace {

std::size_t size(std::int64_t value) { return static_cast<std::size_t>(value); }
std::int64_t index(std::size_t value) { return static_cast<std::int64_t>(value); }

// Splits [0, count) at multiples of `unit`; every unit is computed by one thread, so the bits do
// not depend on their number.
template <class Work>
void split(std::size_t count, std::size_t unit, const Work& work) {
  at::parallel_for(0, index((count + unit - 1) / unit), 1,
                   [&](std::int64_t begin, std::int64_t end) {
                     work(size(begin) * unit, std::min(size(end) * unit, count));
                   });
}

simd::RnadeScan scan_of(std::int64_t batch, const Tensor& rows, const RnadeTensors& rnade,
                        const RnadeLaw& law) {
  return {.batch = size(batch),
          .dims = size(rnade.W.size(0)),
          .hidden = size(rnade.W.size(1)),
          .components = size(rnade.V.size(2)) / 3,
          .x = rows.data_ptr<float>(),
          .W = rnade.W.data_ptr<float>(),
          .rho = rnade.rho.data_ptr<float>(),
          .c = rnade.c.data_ptr<float>(),
          .V = rnade.V.data_ptr<float>(),
          .b = rnade.b.data_ptr<float>(),
          .order = rnade.order.data_ptr<std::int64_t>(),
          .min_log_sigma = static_cast<float>(law.min_log_sigma),
          .laplace = law.component == MixtureComponent::laplace,
          .sigmoid = law.activation == RnadeActivation::sigmoid,
          .scaled_mean_gradient = law.scaled_mean_gradient};
}

[[noreturn]] void refuse_value(double value, std::int64_t row, std::int64_t column) {
  throw ConfigError("rnade_scan",
                    fmt::format("x must be finite, got {} at row {}, column {}; leave such rows "
                                "out of the data",
                                value, row, column));
}

// [D, lanes]: row i is the number visited at step i.
Tensor rows_of(const Tensor& x, const Tensor& order) {
  const auto batch = x.size(0), dims = x.size(1), lanes = (batch + 15) / 16 * 16;
  const auto rows = torch::zeros({dims, lanes});
  const auto* values = x.data_ptr<float>();
  const auto* visited = order.data_ptr<std::int64_t>();
  auto* cells = rows.data_ptr<float>();
  split(size(batch), 16, [&](std::size_t first, std::size_t last) {
    for (auto s = index(first); s < index(last); ++s)
      for (std::int64_t i = 0; i < dims; ++i) {
        const float value = values[s * dims + visited[i]];
        if (!std::isfinite(value)) refuse_value(value, s, visited[i]);
        cells[i * lanes + s] = value;
      }
  });
  return rows;
}

Tensor run_forward(const simd::RnadeScan& scan, float* slopes) {
  const auto nll = torch::empty({index(scan.lanes())});
  split(scan.lanes(), simd::kRnadeSampleUnit, [&](std::size_t first, std::size_t last) {
    simd::rnade_forward(scan, first, last, nll.data_ptr<float>(), slopes);
  });
  return nll.narrow(0, 0, index(scan.batch));
}

struct RnadeFunction : torch::autograd::Function<RnadeFunction> {
  using Context = torch::autograd::AutogradContext;

  static Tensor forward(Context* context, const Tensor& rows, std::int64_t batch, const Tensor& W,
                        const Tensor& rho, const Tensor& c, const Tensor& V, const Tensor& b,
                        const Tensor& order, const RnadeLaw& law) {
    const auto scan = scan_of(batch, rows, {W, rho, c, V, b, order}, law);
    const auto slopes = torch::empty({index(scan.dims), index(scan.heads()), index(scan.lanes())});
    const auto nll = run_forward(scan, slopes.data_ptr<float>());
    context->saved_data["batch"] = batch;
    context->saved_data["sigmoid"] = scan.sigmoid;
    context->save_for_backward({W, rho, c, V, b, order, rows, slopes});
    return nll;
  }

  static torch::autograd::variable_list backward(Context* context,
                                                 torch::autograd::variable_list gradients) {
    if (at::GradMode::is_enabled())
      throw ConfigError("rnade_scan",
                        "the fused kernel has no second derivatives; build the loss from "
                        "rnade_heads_cumsum instead");
    const auto saved = context->get_saved_variables();
    const RnadeTensors rnade{saved[0], saved[1], saved[2], saved[3], saved[4], saved[5]};
    RnadeLaw law;  // the mixture's part lies in the slopes already
    if (context->saved_data["sigmoid"].toBool()) law.activation = RnadeActivation::sigmoid;
    const auto scan = scan_of(context->saved_data["batch"].toInt(), saved[6], rnade, law);
    const auto weight = torch::zeros({index(scan.lanes())});
    weight.narrow(0, 0, index(scan.batch)).copy_(gradients[0]);
    const auto [dW, drho, dc, dV, db] = weight_gradients(scan, rnade, weight, saved[7]);
    return {{}, {}, dW, drho, dc, dV, db, {}, {}};
  }

  static std::array<Tensor, 5> weight_gradients(const simd::RnadeScan& scan,
                                                const RnadeTensors& rnade, const Tensor& weight,
                                                const Tensor& slopes) {
    const auto scaled = torch::empty_like(slopes);
    const auto by_sample =
        torch::empty({index(scan.dims), index(scan.lanes()), index(scan.padded_heads())});
    const auto db = torch::empty_like(rnade.b), dW = torch::empty_like(rnade.W),
               dV = torch::empty_like(rnade.V), dc = torch::empty_like(rnade.c);
    split(scan.dims, 1, [&](std::size_t first, std::size_t last) {
      simd::rnade_head_gradient(scan, first, last, slopes.data_ptr<float>(),
                                weight.data_ptr<float>(), scaled.data_ptr<float>(),
                                by_sample.data_ptr<float>(), db.data_ptr<float>());
    });
    const auto block = simd::rnade_block(scan.hidden);
    const auto blocks = (scan.hidden + block - 1) / block;
    const auto drho = torch::empty({index(blocks), index(scan.dims)});
    at::parallel_for(0, index(blocks), 1, [&](std::int64_t begin, std::int64_t end) {
      for (auto n = size(begin); n < size(end); ++n)
        simd::rnade_hidden_gradient(scan, n * block, std::min((n + 1) * block, scan.hidden),
                                    {.scaled = scaled.data_ptr<float>(),
                                     .by_sample = by_sample.data_ptr<float>(),
                                     .dW = dW.data_ptr<float>(),
                                     .dV = dV.data_ptr<float>(),
                                     .dc = dc.data_ptr<float>(),
                                     .drho = drho.data_ptr<float>() + n * scan.dims});
    });
    return {dW, drho.sum(0), dc, dV, db};
  }
};

void check_sizes(const Tensor& x, const RnadeTensors& rnade) {
  check_shape("rnade_scan", "W", rnade.W, {kAny, kAny});
  check_shape("rnade_scan", "V", rnade.V, {rnade.W.size(0), rnade.W.size(1), kAny});
  check_shape("rnade_scan", "b", rnade.b, {rnade.W.size(0), rnade.V.size(2)});
  check_shape("rnade_scan", "rho", rnade.rho, {rnade.W.size(0)});
  check_shape("rnade_scan", "c", rnade.c, {rnade.W.size(1)});
  check_shape("rnade_scan", "order", rnade.order, {rnade.W.size(0)});
  check_shape("rnade_scan", "x", x, {kAny, rnade.W.size(0)});
}

std::array<const Tensor*, 5> weights_of(const RnadeTensors& rnade) {
  return {&rnade.W, &rnade.rho, &rnade.c, &rnade.V, &rnade.b};
}

bool kernel_serves(const Tensor& x, const RnadeTensors& rnade) {
  for (const auto* tensor : weights_of(rnade))
    if (!tensor->device().is_cpu() || tensor->scalar_type() != torch::kFloat32) return false;
  return x.device().is_cpu() && !x.requires_grad() && x.size(0) > 0;
}

bool wants_gradient(const RnadeTensors& rnade) {
  if (!at::GradMode::is_enabled()) return false;
  for (const auto* tensor : weights_of(rnade))
    if (tensor->requires_grad()) return true;
  return false;
}

void check_finite(const Tensor& x) {
  const auto wrong = x.isfinite().logical_not().nonzero();
  if (wrong.size(0) == 0) return;
  const auto row = wrong[0][0].item<std::int64_t>(), column = wrong[0][1].item<std::int64_t>();
  refuse_value(x[row][column].item<double>(), row, column);
}

}  // namespace

Tensor rnade_nll(const Tensor& x, const RnadeTensors& rnade, const RnadeLaw& law) {
  check_sizes(x, rnade);
  if (!kernel_serves(x, rnade)) {
    check_finite(x.detach());
    const auto values = x.to(rnade.W.scalar_type());
    const auto mixture = rnade_mixture(rnade_heads_cumsum(values, rnade, law), law);
    return -mixture_log_prob(mixture, values, law).sum(1);
  }
  const RnadeTensors flat{rnade.W.contiguous(), rnade.rho.contiguous(), rnade.c.contiguous(),
                          rnade.V.contiguous(), rnade.b.contiguous(),   rnade.order.contiguous()};
  const auto rows = rows_of(x.to(torch::kFloat32).contiguous(), flat.order);
  if (!wants_gradient(rnade)) return run_forward(scan_of(x.size(0), rows, flat, law), nullptr);
  return RnadeFunction::apply(rows, x.size(0), flat.W, flat.rho, flat.c, flat.V, flat.b, flat.order,
                              law);
}

}  // namespace kiln
