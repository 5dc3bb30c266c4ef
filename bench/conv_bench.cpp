// 3 x 3 convolutions of the growing networks, a step's three passes (forward, gradients in x and in
// the weights), and forward alone: Winograd's against LibTorch's, which calls oneDNN's direct ones.
//   conv_bench [THREADS]
// "Of peak" counts the multiply-adds of the plain sums against the machine's matrix product, so it
// may be above 1.
//
// What binds: 36 of 144 products are left, so at most 4x; each tile's 36 numbers are written and
// read once for 16 pixels, which costs most where there are few channels.
#include <ATen/ATen.h>
#include <fmt/core.h>
#include <torch/autograd.h>
#include <torch/types.h>

#include "bench/race.h"
#include "kiln/core/rng.h"
#include "kiln/kernels/winograd.h"

namespace {

using kiln::Contestant;
using kiln::Tensor;

struct Layer {
  std::int64_t batch, channels, side;
};

using Convolve = Tensor (*)(const Tensor&, const Tensor&, const Tensor&);

struct Inputs {
  Tensor x, weight, bias, pull;
};

Contestant contestant(const char* name, Convolve convolve, const Inputs& in, bool step) {
  return {.name = name, .work = [=] {
            if (!step) {
              const torch::NoGradGuard none;
              convolve(in.x, in.weight, in.bias);
              return;
            }
            const auto y = convolve(in.x, in.weight, in.bias);
            torch::autograd::grad({y}, {in.x, in.weight, in.bias}, {in.pull});
          }};
}

Inputs inputs(const Layer& l, at::MemoryFormat format) {
  kiln::Rng rng(1);
  const auto leaf = [&](const Tensor& t) {
    return t.contiguous(format).detach().set_requires_grad(true);
  };
  const auto maps = [&] { return rng.normal({l.batch, l.channels, l.side, l.side}); };
  return {leaf(maps()), leaf(rng.normal({l.channels, l.channels, 3, 3})),
          rng.normal({l.channels}).set_requires_grad(true), maps().contiguous(format)};
}

void race_layer(const Layer& l, bool step, double peak) {
  const auto apart = inputs(l, at::MemoryFormat::Contiguous);
  const auto near = inputs(l, at::MemoryFormat::ChannelsLast);
  std::vector<Contestant> list{contestant("winograd", kiln::winograd_conv, near, step),
                               contestant("planes", kiln::winograd_conv_twin, apart, step),
                               contestant("channels last", kiln::winograd_conv_twin, near, step)};
  kiln::race(list, 5);
  const auto pixels = static_cast<double>(l.batch * l.side * l.side);
  const auto taps = static_cast<double>(9 * l.channels * l.channels);
  const double flops = 2 * pixels * taps * (step ? 3 : 1);
  fmt::print(
      "{:7} {:4} channels, {:3} px, batch {:2}: {:8.2f} ms; LibTorch {:8.2f}, channels last "
      "{:8.2f}; {:.2f}x; {:.2f} of peak\n",
      step ? "step" : "forward", l.channels, l.side, l.batch, list[0].best, list[1].best,
      list[2].best, std::min(list[1].best, list[2].best) / list[0].best,
      flops / list[0].best * 1e3 / peak);
}

}  // namespace

int main(int argc, char** argv) {
  kiln::start_race(argc, argv);
  const double peak = kiln::measure_peak();
  fmt::print("the machine's matrix product: {:.0f} GFLOP/s\n", peak * 1e-9);
  for (const bool step : {true, false})
    for (const Layer& layer : {Layer{16, 512, 4},
                               {16, 512, 8},
                               {16, 256, 16},
                               {16, 128, 32},
                               {16, 64, 64},
                               {16, 64, 28},
                               {4, 32, 128},
                               {16, 16, 64}})
      race_layer(layer, step, peak);
}
