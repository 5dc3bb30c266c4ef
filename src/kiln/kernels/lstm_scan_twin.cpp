#include "kiln/kernels/lstm_scan_twin.h"

#include <torch/types.h>
#include <torch/utils.h>

#include <vector>

namespace kiln {
namespace {

constexpr std::int64_t kBlock = 16;

struct State {
  Tensor c, h;
};

// gates [..., 4h], o f i g.
State cell(const Tensor& gates, const Tensor& c_before) {
  const auto g = gates.chunk(4, -1);
  const auto c = torch::sigmoid(g[1]) * c_before + torch::sigmoid(g[2]) * torch::tanh(g[3]);
  return {c, torch::sigmoid(g[0]) * torch::tanh(c)};
}

// [count, h] -> [B, count, h], zeros where undefined.
Tensor for_batch(const Tensor& state, std::int64_t batch, std::int64_t count, const Tensor& K) {
  if (state.defined()) return state.unsqueeze(0).expand({batch, -1, -1});
  return torch::zeros({batch, count, K.size(1)}, K.options());
}

Tensor scan_rows(const Tensor& gates, const LstmTensors& lstm) {
  const auto batch = gates.size(0), width = gates.size(2);
  State state{for_batch(lstm.c0, batch, width, lstm.K), for_batch(lstm.h0, batch, width, lstm.K)};
  std::vector<Tensor> rows;
  for (std::int64_t r = 0; r < gates.size(1); ++r) {
    const auto above = torch::constant_pad_nd(state.h, {0, 0, 1, 1});  // [B, W + 2, h]
    auto sum = gates.select(1, r);
    for (std::int64_t t = 0; t < 3; ++t)
      sum = sum + torch::matmul(above.slice(1, t, t + width), lstm.K[t]);
    state = cell(sum, state.c);
    rows.push_back(state.h);
  }
  return torch::stack(rows, 1);
}

// Before their row's first cell the states are the initial ones; what comes behind the last one
// is never taken.
Tensor scan_diagonals(const Tensor& gates, const LstmTensors& lstm) {
  const auto batch = gates.size(0), height = gates.size(1), width = gates.size(2);
  const auto columns = skewed(gates);
  const auto row = torch::arange(height, gates.device()).reshape({1, height, 1});
  State state{for_batch(lstm.c0, batch, height, lstm.K), for_batch(lstm.h0, batch, height, lstm.K)};
  std::vector<Tensor> all;
  for (std::int64_t t = 0; t < columns.size(2); ++t) {
    const auto above = torch::constant_pad_nd(state.h, {0, 0, 1, -1});  // of the column before
    const auto next = cell(
        columns.select(2, t) + torch::matmul(above, lstm.K[0]) + torch::matmul(state.h, lstm.K[1]),
        state.c);
    const auto begun = row.le(t);
    state = {torch::where(begun, next.c, state.c), torch::where(begun, next.h, state.h)};
    all.push_back(state.h);
  }
  return unskewed(torch::stack(all, 2), width);
}

}  // namespace

Tensor lstm_packed(const Tensor& gates) {
  const auto units = gates.size(-1) / 4, blocks = (units + kBlock - 1) / kBlock;
  auto sizes = gates.sizes().vec();
  sizes.back() = 4;
  sizes.push_back(units);
  const auto each =
      torch::constant_pad_nd(gates.reshape(sizes), {0, blocks * kBlock - units});  // [..., 4, h']
  sizes.back() = blocks;
  sizes.push_back(kBlock);
  const auto blocked = each.reshape(sizes).transpose(-3, -2);  // [..., blocks, 4, 16]
  return blocked.flatten(-3);
}

Tensor lstm_unpacked(const Tensor& packed, std::int64_t units) {
  auto sizes = packed.sizes().vec();
  sizes.back() = packed.size(-1) / (4 * kBlock);
  sizes.insert(sizes.end(), {4, kBlock});
  const auto each = packed.reshape(sizes).transpose(-3, -2).flatten(-2);  // [..., 4, h']
  return each.slice(-1, 0, units).flatten(-2);
}

Tensor skewed(const Tensor& cells) {
  const auto height = cells.size(1);
  std::vector<Tensor> rows;
  for (std::int64_t r = 0; r < height; ++r)
    rows.push_back(torch::constant_pad_nd(cells.select(1, r), {0, 0, r, height - 1 - r}));
  return torch::stack(rows, 1);
}

Tensor unskewed(const Tensor& cells, std::int64_t width) {
  std::vector<Tensor> rows;
  for (std::int64_t r = 0; r < cells.size(1); ++r)
    rows.push_back(cells.select(1, r).slice(1, r, r + width));
  return torch::stack(rows, 1);
}

Tensor lstm_scan_twin(const Tensor& packed, const LstmTensors& lstm, LstmPath path) {
  const auto gates = lstm_unpacked(packed, lstm.K.size(1));
  if (path == LstmPath::rows) return scan_rows(gates, lstm);
  if (path == LstmPath::diagonal) return scan_diagonals(gates, lstm);
  return scan_diagonals(gates.flip({2}), lstm).flip({2});
}

}  // namespace kiln
