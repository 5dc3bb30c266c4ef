#include "kiln/kernels/lstm_scan.h"

#include <ATen/Parallel.h>
#include <torch/autograd.h>
#include <torch/types.h>

#include "kiln/core/check.h"
#include "kiln/kernels/lstm_scan_simd.h"

namespace kiln {
namespace {

constexpr auto kBlock = static_cast<std::int64_t>(simd::kLstmBlock);

std::size_t size(std::int64_t value) { return static_cast<std::size_t>(value); }

simd::LstmScan scan_of(const Tensor& gates, LstmPath path) {
  return {.height = size(gates.size(1)),
          .width = size(gates.size(2)),
          .units = size(gates.size(3)) / 4,
          .diagonal = path != LstmPath::rows,
          .mirrored = path == LstmPath::diagonal_mirror};
}

// Pictures of a task: a multiple of what goes in step, the same for any number of threads.
std::int64_t task_pictures() { return static_cast<std::int64_t>(simd::lstm_pictures()); }

template <class Work>
void for_tasks(std::int64_t pictures, const Work& work) {
  const auto each = task_pictures();
  at::parallel_for(0, (pictures + each - 1) / each, 1, [&](std::int64_t begin, std::int64_t end) {
    for (auto task = begin; task < end; ++task) {
      const auto first = task * each;
      work(task, size(first), size(std::min(each, pictures - first)));
    }
  });
}

// The places of the initial states among framed cells [B, H + 1, W + 2, units].
Tensor initial_places(const Tensor& cells, LstmPath path) {
  const auto width = cells.size(2) - 2;
  if (path == LstmPath::rows) return cells.select(1, 0).narrow(1, 1, width);
  return cells.narrow(1, 1, cells.size(1) - 1)
      .select(2, path == LstmPath::diagonal ? 0 : width + 1);
}

// [B, H + 1 + below, W + 2, n] for sizes B, H, W, n, with a frame of zeros, the rest not set.
Tensor framed(at::IntArrayRef sizes, std::int64_t below, const at::TensorOptions& options) {
  const auto cells =
      torch::empty({sizes[0], sizes[1] + 1 + below, sizes[2] + 2, sizes[3]}, options);
  cells.select(1, 0).zero_();
  if (below) cells.select(1, cells.size(1) - 1).zero_();
  cells.select(2, 0).zero_();
  cells.select(2, cells.size(2) - 1).zero_();
  return cells;
}

Tensor inside(const Tensor& cells, std::int64_t height) {
  return cells.narrow(1, 1, height).narrow(2, 1, cells.size(2) - 2);
}

// K [taps, h, 4h] -> [taps, blocks, h', 64], inputs padded with zeros.
Tensor packed_forward(const Tensor& K, std::int64_t units) {
  const auto rows = torch::constant_pad_nd(lstm_packed(K), {0, 0, 0, units - K.size(1)});
  return rows.reshape({K.size(0), units, units / kBlock, 4 * kBlock}).transpose(1, 2).contiguous();
}

// -> [taps, blocks, 4h', 16]: the same weights, from gates to units.
Tensor packed_backward(const Tensor& forward, std::int64_t units) {
  const auto taps = forward.size(0), blocks = units / kBlock;
  return forward
      .reshape({taps, blocks, blocks, kBlock, 4 * kBlock})  // to, from block, from, gates
      .permute({0, 2, 1, 4, 3})
      .reshape({taps, blocks, 4 * units, kBlock})
      .contiguous();
}

// [taps, blocks, h', 64] -> [taps, h, 4h].
Tensor unpacked_forward(const Tensor& packed, std::int64_t units) {
  const auto rows = packed.transpose(1, 2).flatten(2);  // [taps, h', 4h']
  return lstm_unpacked(rows.slice(1, 0, units), units);
}

struct LstmFunction : torch::autograd::Function<LstmFunction> {
  using Context = torch::autograd::AutogradContext;

  static Tensor forward(Context* context, const Tensor& gates, const Tensor& K, const Tensor& h0,
                        const Tensor& c0, std::int64_t path_number) {
    const auto path = static_cast<LstmPath>(path_number);
    const auto scan = scan_of(gates, path);
    const auto batch = gates.size(0), padded = gates.size(3) / 4;
    const auto sizes = std::vector<std::int64_t>{batch, gates.size(1), gates.size(2), padded};
    const auto h = framed(sizes, 0, gates.options()), c = framed(sizes, 0, gates.options());
    initial_places(h, path).narrow(2, 0, h0.size(1)).copy_(h0);
    initial_places(c, path).narrow(2, 0, c0.size(1)).copy_(c0);
    const auto active = torch::empty_like(gates), weights = packed_forward(K, padded);
    const simd::LstmForward arrays{.gates = gates.data_ptr<float>(),
                                   .K = weights.data_ptr<float>(),
                                   .h = h.data_ptr<float>(),
                                   .c = c.data_ptr<float>(),
                                   .active = active.data_ptr<float>()};
    for_tasks(batch, [&](std::int64_t, std::size_t first, std::size_t count) {
      simd::lstm_forward(scan, arrays, first, count);
    });
    context->saved_data["path"] = path_number;
    context->saved_data["units"] = K.size(1);
    context->save_for_backward({weights, h, c, active});
    return inside(h, gates.size(1)).slice(3, 0, K.size(1)).contiguous();
  }

  static torch::autograd::variable_list backward(Context* context,
                                                 torch::autograd::variable_list gradients) {
    if (at::GradMode::is_enabled())
      throw ConfigError("lstm_scan",
                        "the kernel has no second derivatives; build the loss from "
                        "lstm_scan_twin instead");
    const auto saved = context->get_saved_variables();
    const auto &weights = saved[0], &h = saved[1], &c = saved[2], &active = saved[3];
    const auto path = static_cast<LstmPath>(context->saved_data["path"].toInt());
    const auto units = context->saved_data["units"].toInt(), padded = active.size(3) / 4;
    const auto scan = scan_of(active, path);
    const auto batch = active.size(0), height = active.size(1);
    const auto d_out = torch::constant_pad_nd(gradients[0], {0, padded - units}).contiguous();
    const auto d_gates = framed(active.sizes(), 1, active.options());
    const auto d_h = torch::empty_like(h), d_c = torch::zeros_like(c);
    const auto turned = packed_backward(weights, padded);
    const auto tasks = (batch + task_pictures() - 1) / task_pictures();
    const auto dK = torch::zeros({tasks, weights.numel()}, weights.options());
    for_tasks(batch, [&](std::int64_t task, std::size_t first, std::size_t count) {
      simd::lstm_backward(scan,
                          {.d_out = d_out.data_ptr<float>(),
                           .KT = turned.data_ptr<float>(),
                           .h = h.data_ptr<float>(),
                           .c = c.data_ptr<float>(),
                           .active = active.data_ptr<float>(),
                           .d_gates = d_gates.data_ptr<float>(),
                           .d_frame_h = d_h.data_ptr<float>(),
                           .d_frame_c = d_c.data_ptr<float>(),
                           .dK = dK.data_ptr<float>() + task * weights.numel()},
                          first, count);
    });
    const auto initial = [&](const Tensor& cells) {
      return initial_places(cells, path).narrow(2, 0, units).sum(0);
    };
    return {inside(d_gates, height).contiguous(),
            unpacked_forward(dK.sum(0).reshape(weights.sizes()), units),
            initial(d_h),
            initial(d_c),
            {}};
  }
};

void check_sizes(const Tensor& gates, const LstmTensors& lstm, LstmPath path) {
  check_shape("lstm_scan", "gates", gates, {kAny, kAny, kAny, kAny});
  const auto units = lstm.K.size(1);
  check_shape("lstm_scan", "K", lstm.K, {path == LstmPath::rows ? 3 : 2, units, 4 * units});
  check_shape("lstm_scan", "gates", gates,
              {kAny, kAny, kAny, 4 * ((units + kBlock - 1) / kBlock) * kBlock});
  const auto places = gates.size(path == LstmPath::rows ? 2 : 1);
  if (lstm.h0.defined()) check_shape("lstm_scan", "h0", lstm.h0, {places, units});
  if (lstm.c0.defined()) check_shape("lstm_scan", "c0", lstm.c0, {places, units});
}

bool kernel_serves(const Tensor& gates, const LstmTensors& lstm) {
  for (const auto* tensor : {&gates, &lstm.K})
    if (!tensor->device().is_cpu() || tensor->scalar_type() != torch::kFloat32) return false;
  return gates.numel() > 0;
}

}  // namespace

Tensor lstm_scan(const Tensor& gates, const LstmTensors& lstm, LstmPath path) {
  check_sizes(gates, lstm, path);
  if (!kernel_serves(gates, lstm)) return lstm_scan_twin(gates, lstm, path);
  const auto places = gates.size(path == LstmPath::rows ? 2 : 1);
  const auto none = torch::zeros({places, lstm.K.size(1)}, lstm.K.options());
  return LstmFunction::apply(gates.contiguous(), lstm.K, lstm.h0.defined() ? lstm.h0 : none,
                             lstm.c0.defined() ? lstm.c0 : none, static_cast<std::int64_t>(path));
}

}  // namespace kiln
