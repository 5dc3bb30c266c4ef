#include "kiln/kernels/lstm_scan.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <vector>

#include "kiln/core/error.h"
#include "kiln/core/rng.h"
#include "kiln/kernels/lstm_scan_simd.h"
#include "tests/support/each_target.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

constexpr LstmPath kPaths[] = {LstmPath::rows, LstmPath::diagonal, LstmPath::diagonal_mirror};

struct Sizes {
  std::int64_t batch = 5, height = 4, width = 6, units = 16;
};

struct Inputs {
  Tensor gates, K, h0, c0;  // gates [B, H, W, 4h], not packed
};

Inputs random_inputs(const Sizes& n, LstmPath path, Rng& rng) {
  const std::int64_t taps = path == LstmPath::rows ? 3 : 2;
  const auto places = path == LstmPath::rows ? n.width : n.height;
  const double scale = 1 / std::sqrt(static_cast<double>(n.units));
  return {rng.normal({n.batch, n.height, n.width, 4 * n.units}),
          rng.normal({taps, n.units, 4 * n.units}) * scale, rng.normal({places, n.units}),
          rng.normal({places, n.units})};
}

// h, and the gradients of a weighed sum of it.
std::vector<Tensor> results(const Inputs& in, LstmPath path, const Tensor& weight,
                            torch::Dtype type) {
  const auto leaf = [&](const Tensor& t) {
    return t.detach().to(type, false, true).set_requires_grad(true);
  };
  const auto gates = leaf(in.gates), K = leaf(in.K), h0 = leaf(in.h0), c0 = leaf(in.c0);
  const auto h = lstm_scan(lstm_packed(gates), {K, h0, c0}, path);
  auto all = torch::autograd::grad({(h * weight.to(type)).sum()}, {gates, K, h0, c0});
  all.insert(all.begin(), h.detach());
  return all;
}

double error(const Tensor& got, const Tensor& truth) {
  const auto scale = truth.abs().max().item<double>();
  return (got.to(torch::kDouble) - truth).abs().max().item<double>() / scale;
}

// Functions of gates are known to 3e-7; the gradient adds some hundred terms of either sign.
constexpr double kTolerance = 1e-5;

void expect_equal_to_twin(const Sizes& n, LstmPath path) {
  Rng rng(static_cast<std::uint64_t>(n.batch * 1000 + n.height * 100 + n.width * 10 + n.units));
  const auto in = random_inputs(n, path, rng);
  const auto weight = rng.normal({n.batch, n.height, n.width, n.units});
  const auto got = results(in, path, weight, torch::kFloat32);
  const auto truth = results(in, path, weight, torch::kDouble);
  const char* names[] = {"h", "d gates", "d K", "d h0", "d c0"};
  for (std::size_t i = 0; i < truth.size(); ++i)
    EXPECT_LT(error(got[i], truth[i]), kTolerance)
        << names[i] << ", path " << static_cast<int>(path) << ", B " << n.batch << ", " << n.height
        << " x " << n.width << ", h " << n.units;
}

TEST(LstmScan, EqualsItsTwinInValueAndGradientOnEveryTarget) {
  on_each_target([] {
    for (const auto path : kPaths)
      for (const auto& n : {Sizes{}, Sizes{.batch = 1, .height = 1, .width = 1, .units = 3},
                            Sizes{.batch = 9, .height = 3, .width = 2, .units = 20},
                            Sizes{.batch = 2, .height = 2, .width = 5, .units = 32}})
        expect_equal_to_twin(n, path);
  });
}

// c = sigmoid(f) c0 + sigmoid(i) tanh(g), h = sigmoid(o) tanh(c), the gates moved by K h0.
TEST(LstmScan, ACellIsTheLstmOfTheBooks) {
  const auto sigmoid = [](double a) { return 1 / (1 + std::exp(-a)); };
  const auto gates = torch::tensor({.3, -.2, .5, .7}, torch::kDouble).reshape({1, 1, 1, 4});
  const auto K =
      torch::tensor({.1, .2, .3, .4, .5, -.6, .7, -.8}, torch::kDouble).reshape({2, 1, 4});
  const auto h0 = torch::full({1, 1}, .9, torch::kDouble);
  const auto c0 = torch::full({1, 1}, -1.1, torch::kDouble);
  const double o = .3 + .5 * .9, f = -.2 - .6 * .9, i = .5 + .7 * .9, g = .7 - .8 * .9;
  const double c = sigmoid(f) * -1.1 + sigmoid(i) * std::tanh(g);
  const auto h = lstm_scan(lstm_packed(gates), {K, h0, c0}, LstmPath::diagonal);
  EXPECT_NEAR(h.item<double>(), sigmoid(o) * std::tanh(c), 1e-15);
}

// The same recurrences as loops over cells, without skewing or frames.
Tensor by_loops(const Inputs& in, LstmPath path) {
  const auto batch = in.gates.size(0), height = in.gates.size(1), width = in.gates.size(2);
  const bool rows = path == LstmPath::rows, mirrored = path == LstmPath::diagonal_mirror;
  std::vector<std::vector<Tensor>> h(static_cast<std::size_t>(height)), c = h;
  for (auto& row : h) row.resize(static_cast<std::size_t>(width));
  for (auto& row : c) row.resize(static_cast<std::size_t>(width));
  const auto state = [&](std::vector<std::vector<Tensor>>& all, const Tensor& first, std::int64_t r,
                         std::int64_t x) {
    if (rows ? r < 0 && x >= 0 && x < width : r >= 0 && (x < 0 || x >= width))
      return first[rows ? x : r].unsqueeze(0).expand({batch, -1});
    if (r < 0 || x < 0 || x >= width) return torch::zeros({batch, in.K.size(1)}, in.K.options());
    return all[static_cast<std::size_t>(r)][static_cast<std::size_t>(x)];
  };
  for (std::int64_t r = 0; r < height; ++r)
    for (std::int64_t n = 0; n < width; ++n) {
      const auto x = mirrored ? width - 1 - n : n, before = mirrored ? x + 1 : x - 1;
      auto gates = in.gates.select(1, r).select(1, x);
      if (rows)
        for (std::int64_t t = 0; t < 3; ++t)
          gates = gates + state(h, in.h0, r - 1, x + t - 1).matmul(in.K[t]);
      else
        gates = gates + state(h, in.h0, r - 1, x).matmul(in.K[0]) +
                state(h, in.h0, r, before).matmul(in.K[1]);
      const auto g = gates.chunk(4, 1);
      const auto carried = rows ? state(c, in.c0, r - 1, x) : state(c, in.c0, r, before);
      auto& own = c[static_cast<std::size_t>(r)][static_cast<std::size_t>(x)];
      own = torch::sigmoid(g[1]) * carried + torch::sigmoid(g[2]) * torch::tanh(g[3]);
      h[static_cast<std::size_t>(r)][static_cast<std::size_t>(x)] =
          torch::sigmoid(g[0]) * torch::tanh(own);
    }
  std::vector<Tensor> all;
  for (const auto& row : h) all.push_back(torch::stack(row, 1));
  return torch::stack(all, 1);
}

TEST(LstmScan, TheTwinWithItsSkewedPicturesEqualsLoopsOverCells) {
  Rng rng(4);
  for (const auto path : kPaths) {
    auto in = random_inputs({.batch = 2, .height = 4, .width = 3, .units = 5}, path, rng);
    for (auto* t : {&in.gates, &in.K, &in.h0, &in.c0}) *t = t->to(torch::kDouble);
    const auto twin = lstm_scan_twin(lstm_packed(in.gates), {in.K, in.h0, in.c0}, path);
    EXPECT_LT((twin - by_loops(in, path)).abs().max().item<double>(), 1e-14)
        << static_cast<int>(path);
  }
}

TEST(LstmScan, UnskewingUndoesSkewing) {
  Rng rng(5);
  const auto cells = rng.normal({2, 4, 3, 2}), moved = skewed(cells);
  EXPECT_EQ(moved.sizes(), (std::vector<std::int64_t>{2, 4, 6, 2}));
  EXPECT_TRUE(torch::equal(unskewed(moved, 3), cells));
  EXPECT_TRUE(torch::equal(moved.select(1, 2).select(1, 2), cells.select(1, 2).select(1, 0)));
  EXPECT_EQ(moved.abs().gt(0).sum().item<std::int64_t>(), cells.numel());
}

TEST(LstmScan, PackingIsUndoneByUnpacking) {
  Rng rng(6);
  for (const std::int64_t units : {3, 16, 20}) {
    const auto gates = rng.normal({2, 4 * units});
    const auto packed = lstm_packed(gates);
    EXPECT_EQ(packed.size(1), 4 * ((units + 15) / 16) * 16);
    EXPECT_TRUE(torch::equal(lstm_unpacked(packed, units), gates));
  }
}

TEST(LstmScan, BitsDoNotDependOnThreads) {
  Rng rng(7);
  const auto threads = at::get_num_threads();
  for (const auto path : kPaths) {
    const Sizes n{.batch = 11, .height = 5, .width = 5, .units = 16};
    const auto in = random_inputs(n, path, rng);
    const auto weight = rng.normal({n.batch, n.height, n.width, n.units});
    at::set_num_threads(1);
    const auto one = results(in, path, weight, torch::kFloat32);
    at::set_num_threads(3);
    const auto three = results(in, path, weight, torch::kFloat32);
    for (std::size_t i = 0; i < one.size(); ++i) EXPECT_TRUE(torch::equal(one[i], three[i])) << i;
  }
  at::set_num_threads(threads);
}

TEST(LstmScan, RefusesOtherShapesAndSecondDerivatives) {
  Rng rng(8);
  const auto in = random_inputs({}, LstmPath::diagonal, rng);
  EXPECT_EQ(message_of<ShapeError>([&] {
              lstm_scan(lstm_packed(in.gates), {in.K, in.h0, in.c0}, LstmPath::rows);
            }),
            "[lstm_scan] K must have shape [3, 16, 64], got [2, 16, 64]");
  const auto gates = lstm_packed(in.gates).set_requires_grad(true);
  const auto h = lstm_scan(gates, {in.K, {}, {}}, LstmPath::diagonal);
  EXPECT_EQ(
      message_of<ConfigError>([&] { torch::autograd::grad({h.sum()}, {gates}, {}, true, true); }),
      "[lstm_scan] the kernel has no second derivatives; build the loss from lstm_scan_twin "
      "instead");
}

}  // namespace
}  // namespace kiln
