#include "kiln/kernels/dense.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>

#include <cmath>
#include <cstdlib>

#include "kiln/core/rng.h"
#include "kiln/kernels/matrix_product.h"
#include "tests/support/each_target.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

constexpr Activation kAll[] = {Activation::none, Activation::relu, Activation::leaky_relu,
                               Activation::tanh};

struct Result {
  Tensor y, x_gradient, weight_gradient, bias_gradient;
};

struct Layer {
  Tensor x, weight, bias, upper;

  Layer(std::int64_t batch, std::int64_t in, std::int64_t out) {
    Rng rng(static_cast<std::uint64_t>(batch * 7919 + in * 101 + out));
    x = rng.normal({batch, in}), weight = rng.normal({out, in}) / std::sqrt(double(in));
    bias = rng.normal({out}), upper = rng.normal({batch, out});
  }

  Result run(Activation f, torch::Dtype type) const {
    const auto leaf = [&](const Tensor& t) {
      return t.detach().to(type, false, true).set_requires_grad(true);
    };
    const auto a = leaf(x), w = leaf(weight), b = leaf(bias);
    const auto y = dense(a, w, b, f);
    const auto g = torch::autograd::grad({y}, {a, w, b}, {upper.to(type)});
    return {y.detach(), g[0], g[1], g[2]};
  }
};

bool near(const Tensor& got, const Tensor& truth) {
  const auto scale = truth.abs().max().item<double>();
  return (got.to(torch::kDouble) - truth).abs().max().item<double>() < 1e-5 * (scale + 1e-30);
}

void expect_equal_to_twin(std::int64_t batch, std::int64_t in, std::int64_t out, Activation f) {
  const auto where = testing::Message() << batch << " x " << in << " -> " << out << ", " << int(f);
  const Layer layer(batch, in, out);
  const auto got = layer.run(f, torch::kFloat32), truth = layer.run(f, torch::kDouble);
  EXPECT_TRUE(near(got.y, truth.y)) << where;
  EXPECT_TRUE(near(got.x_gradient, truth.x_gradient)) << where;
  EXPECT_TRUE(near(got.weight_gradient, truth.weight_gradient)) << where;
  EXPECT_TRUE(near(got.bias_gradient, truth.bias_gradient)) << where;
}

TEST(Dense, KernelEqualsItsTwinInFloat64OnEveryTarget) {
  on_each_target([] {
    for (const auto f : kAll) {
      expect_equal_to_twin(1, 1, 1, f);
      expect_equal_to_twin(5, 3, 7, f);
      expect_equal_to_twin(9, 20, 64, f);
      expect_equal_to_twin(100, 33, 149, f);
      expect_equal_to_twin(11, 17, 530, f);  // several blocks of columns, and of rows
    }
  });
}

// In float64 the layer is LibTorch's; here is what it must be, written out.
TEST(Dense, IsTheFunctionOfItsDefinition) {
  const auto x = torch::tensor({{1.f, 2.f}, {-1.f, 0.f}});
  const auto w = torch::tensor({{1.f, -1.f}, {.5f, 1.f}, {0.f, 0.f}});
  const auto b = torch::tensor({.5f, -1.f, 3.f});
  const auto y = [&](Activation f) { return dense(x, w, b, f); };
  EXPECT_TRUE(
      torch::equal(y(Activation::none), torch::tensor({{-.5f, .5f + 1, 3.f}, {-.5f, -1.5f, 3.f}})));
  EXPECT_TRUE(
      torch::equal(y(Activation::relu), torch::tensor({{0.f, 1.5f, 3.f}, {0.f, 0.f, 3.f}})));
  EXPECT_TRUE(torch::allclose(y(Activation::leaky_relu),
                              torch::tensor({{-.05f, 1.5f, 3.f}, {-.05f, -.15f, 3.f}})));
  EXPECT_NEAR(y(Activation::tanh)[1][1].item<double>(), std::tanh(-1.5), 1e-6);
}

TEST(Dense, TanhIsAccurateFromEndToEndOnEveryTarget) {
  on_each_target([] {
    const auto a = torch::cat({torch::linspace(-50, 50, 20001), torch::linspace(-.5, .5, 20001),
                               torch::tensor({1e-20f, -1e-30f, 0.f, 1e30f, -1e30f})})
                       .unsqueeze(1);
    const auto y = dense(a, torch::ones({1, 1}), torch::zeros({1}), Activation::tanh);
    const auto truth = torch::tanh(a.to(torch::kDouble));
    const auto off = (y.to(torch::kDouble) - truth).abs();
    EXPECT_LT((off / (truth.abs() + 1e-30)).max().item<double>(), 5e-7);
    EXPECT_TRUE((y.abs() <= 1).all().item<bool>());
  });
}

// (f(p + h) - f(p - h)) / 2h, by the kernel in float32: exact for a function that is linear there.
TEST(Dense, GradientsEqualDifferencesOfTheKernelItself) {
  const Layer layer(6, 5, 21);
  const auto got = layer.run(Activation::leaky_relu, torch::kFloat32);
  const auto value = [&](const Tensor& x, const Tensor& w, const Tensor& b) {
    return (dense(x, w, b, Activation::leaky_relu) * layer.upper)
        .sum(torch::kDouble)
        .item<double>();
  };
  const auto expect_slope = [&](const Tensor& p, const Tensor& gradient, const auto& f) {
    for (std::int64_t i = 0; i < p.numel(); ++i) {
      const auto step = torch::zeros({p.numel()});
      step[i] = 1e-3f;
      const auto h = step.view(p.sizes());
      EXPECT_NEAR((f(p + h) - f(p - h)) / 2e-3, gradient.reshape(-1)[i].item<double>(), 5e-3);
    }
  };
  expect_slope(layer.bias, got.bias_gradient,
               [&](const Tensor& b) { return value(layer.x, layer.weight, b); });
  expect_slope(layer.x, got.x_gradient,
               [&](const Tensor& x) { return value(x, layer.weight, layer.bias); });
}

TEST(Dense, TakesRowsThatLieApartAndMoreDimensions) {
  const Layer layer(12, 6, 10);
  const auto flat = dense(layer.x, layer.weight, layer.bias, Activation::tanh);
  const auto apart = layer.x.t().contiguous().t();
  EXPECT_TRUE(
      torch::allclose(dense(apart, layer.weight, layer.bias, Activation::tanh), flat, 1e-5, 1e-6));
  const auto deep = dense(layer.x.view({3, 4, 6}), layer.weight, layer.bias, Activation::tanh);
  EXPECT_TRUE(torch::allclose(deep, flat.view({3, 4, 10}), 1e-5, 1e-6));
  // A gradient that lies apart, as that of a sum does.
  const auto w = layer.weight.clone().set_requires_grad(true);
  const auto sum = dense(layer.x, w, layer.bias, Activation::none).sum();
  const auto wanted = layer.x.sum(0).expand({10, 6});
  EXPECT_TRUE(torch::allclose(torch::autograd::grad({sum}, {w})[0], wanted, 1e-5, 1e-5));
}

void expect_same_bits_for_any_threads(const Layer& layer) {
  const auto before = at::get_num_threads();
  at::set_num_threads(1);
  const auto one = layer.run(Activation::relu, torch::kFloat32);
  for (const int threads : {2, 3}) {
    at::set_num_threads(threads);
    const auto more = layer.run(Activation::relu, torch::kFloat32);
    EXPECT_TRUE(torch::equal(one.y, more.y)) << threads;
    EXPECT_TRUE(torch::equal(one.x_gradient, more.x_gradient)) << threads;
    EXPECT_TRUE(torch::equal(one.weight_gradient, more.weight_gradient)) << threads;
    EXPECT_TRUE(torch::equal(one.bias_gradient, more.bias_gradient)) << threads;
  }
  at::set_num_threads(before);
}

TEST(Dense, NumberOfThreadsDoesNotChangeABit) {
  expect_same_bits_for_any_threads({100, 784, 500});
  expect_same_bits_for_any_threads({8, 6000, 16});  // one block, long sums
}

TEST(Dense, ANanStaysOneOnEveryTarget) {
  on_each_target([] {
    Layer layer(2, 3, 37);
    layer.x[1][0] = NAN;
    EXPECT_TRUE(layer.run(Activation::tanh, torch::kFloat32).y[1].isnan().all().item<bool>());
    const auto got = layer.run(Activation::relu, torch::kFloat32);
    EXPECT_TRUE(got.y[1].isnan().all().item<bool>());
    EXPECT_FALSE(got.y[0].isnan().any().item<bool>());
    EXPECT_TRUE(got.weight_gradient.select(1, 0).isnan().all().item<bool>());
  });
}

TEST(Dense, SecondDerivativesAreThoseOfTheTwin) {
  const Layer layer(4, 3, 5);
  const auto penalty = [&](const auto& layer_of, Activation f) {
    const auto x = layer.x.clone().set_requires_grad(true);
    const auto w = layer.weight.clone().set_requires_grad(true);
    const auto y = layer_of(x, w, layer.bias, f);
    const auto slope = torch::autograd::grad({(y * layer.upper).sum()}, {x}, {}, true, true)[0];
    return torch::autograd::grad({slope.square().sum()}, {w})[0];
  };
  for (const auto f : kAll)
    EXPECT_TRUE(torch::allclose(penalty(dense, f), penalty(dense_plain, f), 1e-4, 1e-4)) << int(f);
}

TEST(Dense, MatrixProductTakesTransposes) {
  Rng rng(1);
  const auto a = rng.normal({5, 7}), b = rng.normal({7, 3});
  const auto wanted = a.to(torch::kDouble).mm(b.to(torch::kDouble)).to(torch::kFloat);
  for (const auto& left : {a, a.t().contiguous().t()})
    for (const auto& right : {b, b.t().contiguous().t()})
      EXPECT_TRUE(torch::allclose(matrix_product(left, right), wanted, 1e-5, 1e-5));
  EXPECT_TRUE(
      torch::equal(matrix_product(torch::ones({2, 0}), torch::ones({0, 3})), torch::zeros({2, 3})));
  EXPECT_EQ(message_of([&] { matrix_product(a.slice(1, 0, 7, 2), b); }),
            "[matrix_product] b must have shape [4, *], got [7, 3]");
  EXPECT_EQ(message_of([&] { matrix_product(a.slice(1, 0, 7, 2), b.slice(0, 0, 4)); }),
            "[matrix_product] a must be contiguous, or the transpose of a contiguous matrix");
}

// ctest runs this twice, once with the variable: the bits of the two products differ at such sizes.
TEST(Dense, TheEnvironmentChoosesLibTorchsProduct) {
  Rng rng(6);
  const auto a = rng.normal({100, 784}), b = rng.normal({784, 500});
  const auto product = matrix_product(a, b), theirs = at::mm(a, b);
  if (std::getenv("KILN_NO_ONEDNN"))
    EXPECT_TRUE(torch::equal(product, theirs));
  else
    EXPECT_TRUE(torch::allclose(product, theirs, 1e-4, 1e-4));
}

TEST(Dense, RefusesWhatDoesNotFit) {
  const auto x = torch::ones({2, 3}), w = torch::ones({4, 3}), b = torch::ones({4});
  EXPECT_EQ(message_of([&] {
              dense(torch::ones({2, 2}), w, b, Activation::relu);
            }),
            "[dense] x must have shape [*, 3], got [2, 2]");
  EXPECT_EQ(message_of([&] { dense(x, w, torch::ones({3}), Activation::relu); }),
            "[dense] bias must have shape [4], got [3]");
  EXPECT_EQ(dense(torch::ones({0, 3}), w, b, Activation::relu).sizes(), (at::IntArrayRef{0, 4}));
}

}  // namespace
}  // namespace kiln
