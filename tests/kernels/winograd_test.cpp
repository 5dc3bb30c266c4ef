#include "kiln/kernels/winograd.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>

#include "kiln/core/error.h"
#include "kiln/core/rng.h"
#include "tests/support/each_target.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

using torch::autograd::grad;

struct Layer {
  std::int64_t batch, in, out, height, width;
};

// Sides that tiles fit, and not; channels that vectors fit, and not.
const std::vector<Layer> kLayers{{2, 3, 5, 4, 4},    {1, 1, 1, 1, 1},   {3, 17, 20, 7, 5},
                                 {2, 16, 33, 9, 13}, {2, 32, 48, 8, 6}, {1, 40, 16, 3, 18}};

struct Drawn {
  Tensor x, weight, bias, pull;

  Drawn(const Layer& l, Rng& rng)
      : x(rng.normal({l.batch, l.in, l.height, l.width})),
        weight(rng.normal({l.out, l.in, 3, 3})),
        bias(rng.normal({l.out})),
        pull(rng.normal({l.batch, l.out, l.height, l.width})) {}

  std::vector<Tensor> inputs(torch::ScalarType type) const {
    std::vector<Tensor> copies;
    for (const auto& t : {x, weight, bias})
      copies.push_back(t.to(type).clone().set_requires_grad(true));
    return copies;
  }
};

double apart(const Tensor& got, const Tensor& truth) {
  return ((got - truth).abs().max() / truth.abs().max()).item<double>();
}

TEST(Winograd, EqualsTheSumsInDoublesInValueAndGradientOnEveryTarget) {
  on_each_target([] {
    Rng rng(5);
    for (const auto& layer : kLayers) {
      const Drawn drawn(layer, rng);
      const auto a = drawn.inputs(torch::kFloat32), b = drawn.inputs(torch::kFloat64);
      const auto got = winograd_conv(a[0], a[1], a[2]);
      const auto truth = winograd_conv_twin(b[0], b[1], b[2]);
      EXPECT_LT(apart(got, truth), 5e-6);
      const auto slopes = grad({(got * drawn.pull).sum()}, a);
      const auto exact = grad({(truth * drawn.pull).sum()}, b);
      for (std::size_t i = 0; i < 3; ++i) EXPECT_LT(apart(slopes[i], exact[i]), 5e-6) << i;
    }
  });
}

// Of squares of the gradients, as a critic's penalty asks for them, and of their sum.
TEST(Winograd, ItsGradientsAreDifferentiatedToo) {
  const auto penalty = [](const std::vector<Tensor>& t, const auto& conv) {
    const auto inner = torch::tanh(.05 * conv(t[0], t[1], t[2]));
    const auto slopes = grad({(inner * inner).sum()}, {t[0], t[1]}, {}, true, true);
    return slopes[0].pow(2).sum() + slopes[1].pow(2).sum();
  };
  Rng rng(6);
  const Drawn drawn({2, 6, 5, 6, 7}, rng);
  const auto sums = [](const std::vector<Tensor>& t,
                       const auto& conv) {  // weights of equal numbers
    return grad({conv(t[0], t[1], t[2]).sin().sum()}, {t[1]}, {}, true, true)[0].sum();
  };
  const auto c = drawn.inputs(torch::kFloat32), d = drawn.inputs(torch::kFloat64);
  EXPECT_LT(apart(grad({sums(c, winograd_conv)}, {c[0]})[0],
                  grad({sums(d, winograd_conv_twin)}, {d[0]})[0]),
            5e-5);
  const auto a = drawn.inputs(torch::kFloat32), b = drawn.inputs(torch::kFloat64);
  const auto got = grad({penalty(a, winograd_conv)}, a);
  const auto exact = grad({penalty(b, winograd_conv_twin)}, b);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_LT(apart(got[i], exact[i]), 2e-5) << i;
}

TEST(Winograd, NothingIsComputedForWhatNeedsNoGradient) {
  Rng rng(7);
  const Drawn drawn({1, 4, 4, 5, 5}, rng);
  const auto weight = drawn.weight.clone().set_requires_grad(true);
  const auto y = winograd_conv(drawn.x, weight);
  EXPECT_TRUE(grad({y.sum()}, {weight})[0].defined());
  EXPECT_FALSE(winograd_conv(drawn.x, drawn.weight, drawn.bias).requires_grad());
}

TEST(Winograd, ManyBlocksOfTilesAddUp) {
  Rng rng(10);
  const Drawn drawn({40, 33, 35, 20, 21}, rng);  // 1200 tiles, of which a block holds 832
  const auto a = drawn.inputs(torch::kFloat32), b = drawn.inputs(torch::kFloat64);
  const auto slopes = grad({(winograd_conv(a[0], a[1], a[2]) * drawn.pull).sum()}, a);
  const auto exact = grad({(winograd_conv_twin(b[0], b[1], b[2]) * drawn.pull).sum()}, b);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_LT(apart(slopes[i], exact[i]), 1e-5) << i;
}

TEST(Winograd, BitsDoNotDependOnThreadsOrOnTheMemoryOfX) {
  Rng rng(8);
  const Drawn drawn({40, 33, 35, 20, 21}, rng);  // more tiles than one block holds
  const auto all = [&](int threads, const Tensor& x) {
    const int before = at::get_num_threads();
    at::set_num_threads(threads);
    auto t = drawn.inputs(torch::kFloat32);
    t[0] = x.clone().set_requires_grad(true);
    const auto y = winograd_conv(t[0], t[1], t[2]);
    auto results = grad({(y * drawn.pull).sum()}, t);
    results.push_back(y);
    at::set_num_threads(before);
    return results;
  };
  const auto one = all(1, drawn.x);
  const auto three = all(3, drawn.x.contiguous(at::MemoryFormat::ChannelsLast));
  for (std::size_t i = 0; i < one.size(); ++i) EXPECT_TRUE(torch::equal(one[i], three[i])) << i;
}

TEST(Conv3x3, OfFewChannelsOrTilesOrInDoublesIsLibTorchs) {
  Rng rng(9);
  for (const Layer& layer : {Layer{2, 3, 64, 8, 8}, {2, 64, 1, 8, 8}, {3, 64, 64, 16, 16}}) {
    const Drawn d(layer, rng);
    EXPECT_TRUE(
        torch::equal(conv3x3(d.x, d.weight, d.bias), winograd_conv_twin(d.x, d.weight, d.bias)));
  }
  const Drawn d({4, 64, 64, 16, 16}, rng);  // 64 tiles
  EXPECT_TRUE(torch::equal(conv3x3(d.x, d.weight, d.bias), winograd_conv(d.x, d.weight, d.bias)));
  const auto inputs = d.inputs(torch::kFloat64);
  EXPECT_TRUE(torch::equal(conv3x3(inputs[0], inputs[1], inputs[2]),
                           winograd_conv_twin(inputs[0], inputs[1], inputs[2])));
}

TEST(Winograd, RefusesOtherShapes) {
  const auto refused = [](at::IntArrayRef x, at::IntArrayRef weight) {
    return message_of<ShapeError>([&] { winograd_conv(torch::zeros(x), torch::zeros(weight)); });
  };
  EXPECT_EQ(refused({1, 2, 4, 4}, {3, 2, 5, 5}),
            "[conv3x3] weight must have shape [*, *, 3, 3], got [3, 2, 5, 5]");
  EXPECT_EQ(refused({1, 2, 4, 4}, {3, 4, 3, 3}),
            "[conv3x3] x must have shape [*, 4, *, *], got [1, 2, 4, 4]");
}

}  // namespace
}  // namespace kiln
