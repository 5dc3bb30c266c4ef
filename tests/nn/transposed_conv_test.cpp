#include "kiln/nn/transposed_conv.h"

#include <ATen/record_function.h>
#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/nn/modules/conv.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <functional>
#include <map>

#include "kiln/core/error.h"
#include "kiln/core/rng.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

struct Case {
  std::int64_t height, width, in, out, kernel, stride, padding, output_padding;
};

// Every stride and padding, odd and even sizes, output padding, one pixel, kernel below stride.
const std::vector<Case> kCases = {
    {4, 4, 3, 5, 4, 2, 1, 0}, {7, 5, 2, 3, 3, 1, 0, 0}, {5, 7, 3, 2, 3, 1, 1, 0},
    {3, 4, 4, 2, 5, 2, 2, 1}, {4, 3, 2, 4, 4, 3, 1, 0}, {5, 5, 3, 3, 5, 3, 2, 2},
    {2, 3, 3, 2, 2, 3, 0, 1}, {1, 1, 6, 4, 4, 1, 0, 0}, {1, 1, 6, 4, 4, 2, 1, 0},
    {6, 6, 1, 1, 3, 2, 1, 1}, {7, 7, 8, 1, 4, 2, 1, 0}, {5, 6, 9, 6, 4, 3, 2, 2}};

struct Drawn {
  Tensor x, weight, out_weights;  // the last weighs the outputs so that every gradient differs
};

Drawn draw(const Case& c, torch::ScalarType type) {
  Rng rng(31);
  const auto x = rng.normal({2, c.in, c.height, c.width}).to(type);
  const auto weight = rng.normal({c.in, c.out, c.kernel, c.kernel}).to(type);
  const auto y = torch::conv_transpose2d(x, weight, {}, c.stride, c.padding, c.output_padding);
  return {x, weight, rng.normal(y.sizes()).to(type)};
}

Tensor ours(const Drawn& d, const Case& c) {
  return transposed_conv2d(d.x, d.weight, c.stride, c.padding, c.output_padding);
}

// In float64: in float32 oneDNN 3 leaves parts of it unwritten.
Tensor reference(const Drawn& d, const Case& c) {
  return torch::conv_transpose2d(d.x.to(torch::kDouble), d.weight.to(torch::kDouble), {}, c.stride,
                                 c.padding, c.output_padding);
}

double relative_error(const Tensor& got, const Tensor& wanted) {
  EXPECT_EQ(got.sizes(), wanted.sizes());
  return ((got - wanted).abs().max() / wanted.abs().max()).item<double>();
}

TEST(TransposedConv, EqualsConvTransposeInBothPrecisionsAndMemoryFormats) {
  for (const auto& c : kCases)
    for (const auto& [type, tolerance] : {std::pair{torch::kFloat, 5e-6}, {torch::kDouble, 1e-13}})
      for (const auto format :
           {torch::MemoryFormat::Contiguous, torch::MemoryFormat::ChannelsLast}) {
        auto d = draw(c, type);
        const auto wanted = reference(d, c);
        d.x = d.x.contiguous(format);
        EXPECT_LT(relative_error(ours(d, c), wanted), tolerance) << "stride " << c.stride;
        d.weight = d.weight.contiguous(format);
        EXPECT_LT(relative_error(ours(d, c), wanted), tolerance) << "stride " << c.stride;
      }
}

TEST(TransposedConv, KeepsChannelsLast) {
  const auto x = torch::ones({2, 8, 4, 4}).contiguous(torch::MemoryFormat::ChannelsLast);
  for (const std::int64_t out : {3, 6}) {
    const auto y = transposed_conv2d(x, torch::ones({8, out, 4, 4}), 2, 1);
    EXPECT_TRUE(y.is_contiguous(torch::MemoryFormat::ChannelsLast)) << out;
  }
}

// In bfloat16 the wanted value comes from float32, for LibTorch's own is wrong there.
TEST(TransposedConv, IsRightInBfloat16) {
  for (const auto& c : kCases) {
    auto d = draw(c, torch::kFloat);
    d.x = d.x.to(torch::kBFloat16).to(torch::kFloat);
    d.weight = d.weight.to(torch::kBFloat16).to(torch::kFloat);
    const auto wanted = reference(d, c);
    const auto got = transposed_conv2d(d.x.to(torch::kBFloat16), d.weight.to(torch::kBFloat16),
                                       c.stride, c.padding, c.output_padding);
    EXPECT_LT(relative_error(got.to(torch::kFloat), wanted), 1.0 / 128) << "stride " << c.stride;
  }
}

TEST(TransposedConv, GradientsEqualThoseOfConvTranspose) {
  for (const auto& c : kCases)
    for (const auto format : {torch::MemoryFormat::Contiguous, torch::MemoryFormat::ChannelsLast}) {
      auto d = draw(c, torch::kDouble);
      d.x = d.x.contiguous(format).requires_grad_();
      d.weight.requires_grad_();
      const auto got = torch::autograd::grad({(ours(d, c) * d.out_weights).sum()}, {d.x, d.weight});
      const auto wanted =
          torch::autograd::grad({(reference(d, c) * d.out_weights).sum()}, {d.x, d.weight});
      EXPECT_LT(relative_error(got[0], wanted[0]), 1e-13);
      EXPECT_LT(relative_error(got[1], wanted[1]), 1e-13);
    }
}

// A non-linear function of the output, so that second derivatives are not zero.
Tensor bent(const Drawn& d, const Case& c) {
  return (torch::tanh(0.3 * ours(d, c)) * d.out_weights).sum();
}

// (f(p + h) - f(p - h)) / 2h of every element of `moved`, h = 1e-5: error O(h^2) = 1e-10.
Tensor finite_differences(Tensor moved, const std::function<Tensor()>& f) {
  torch::NoGradGuard no_grad;
  const auto slopes = torch::empty_like(moved, torch::MemoryFormat::Contiguous);
  auto flat = moved.view(-1);
  for (std::int64_t i = 0; i < flat.numel(); ++i) {
    const auto centre = flat[i].item<double>();
    flat[i] = centre + 1e-5;
    const auto above = f().item<double>();
    flat[i] = centre - 1e-5;
    slopes.view(-1)[i] = (above - f().item<double>()) / 2e-5;
    flat[i] = centre;
  }
  return slopes;
}

TEST(TransposedConv, GradientsEqualFiniteDifferences) {
  const Case c{3, 2, 2, 3, 4, 2, 1, 1};
  auto d = draw(c, torch::kDouble);
  d.x.requires_grad_(), d.weight.requires_grad_();
  const auto got = torch::autograd::grad({bent(d, c)}, {d.x, d.weight});
  EXPECT_LT(relative_error(got[0], finite_differences(d.x, [&] { return bent(d, c); })), 1e-7);
  EXPECT_LT(relative_error(got[1], finite_differences(d.weight, [&] { return bent(d, c); })), 1e-7);
}

// What a gradient penalty needs: the derivative of |df/dx|^2 + |df/dw|^2.
TEST(TransposedConv, GradientsOfGradientsEqualFiniteDifferences) {
  const Case c{2, 3, 2, 2, 3, 2, 1, 1};
  auto d = draw(c, torch::kDouble);
  d.x.requires_grad_(), d.weight.requires_grad_();
  const auto penalty = [&] {
    torch::AutoGradMode with_grad(true);
    const auto first = torch::autograd::grad({bent(d, c)}, {d.x, d.weight}, {}, true, true);
    return first[0].pow(2).sum() + first[1].pow(3).sum();
  };
  const auto got = torch::autograd::grad({penalty()}, {d.x, d.weight});
  EXPECT_LT(relative_error(got[0], finite_differences(d.x, penalty)), 1e-6);
  EXPECT_LT(relative_error(got[1], finite_differences(d.weight, penalty)), 1e-6);
}

// Names of the operators that run between construction and destruction.
class Recorded {
 public:
  Recorded()
      : handle_(at::addThreadLocalCallback(at::RecordFunctionCallback(
            [](const at::RecordFunction& f) -> std::unique_ptr<at::ObserverContext> {
              ++counts()[f.name()];
              return nullptr;
            }))) {
    counts().clear();
  }
  ~Recorded() { at::removeCallback(handle_); }
  int operator[](const std::string& name) const { return counts()[name]; }

 private:
  static std::map<std::string, int>& counts() {
    static std::map<std::string, int> map;
    return map;
  }
  at::CallbackHandle handle_;
};

// Each gradient costs a convolution: training one player must not pay for another's.
TEST(TransposedConv, OnlyTheGradientsAskedForAreComputed) {
  const Case c{4, 4, 3, 5, 4, 2, 1, 0};
  auto d = draw(c, torch::kFloat);
  d.x.requires_grad_(), d.weight.requires_grad_();
  const auto ran = [&](const std::vector<Tensor>& inputs) {
    const auto loss = (ours(d, c) * d.out_weights).sum();
    const Recorded recorded;
    torch::autograd::grad({loss}, inputs);
    return std::pair(recorded["aten::convolution"], recorded["aten::convolution_backward"]);
  };
  EXPECT_EQ(ran({d.x}), std::pair(1, 0));
  EXPECT_EQ(ran({d.weight}), std::pair(0, 1));
  EXPECT_EQ(ran({d.x, d.weight}), std::pair(1, 1));
}

TEST(TransposedConv, ModuleHasTheParametersOfConvTranspose2d) {
  TransposedConv2d layer(TransposedConv2dOptions{
      .in = 3, .out = 5, .kernel = 4, .stride = 2, .padding = 1, .output_padding = 1});
  torch::nn::ConvTranspose2d twin(
      torch::nn::ConvTranspose2dOptions(3, 5, 4).stride(2).padding(1).output_padding(1));
  torch::NoGradGuard no_grad;
  const auto parameters = layer->named_parameters();
  for (const auto& entry : twin->named_parameters()) {
    const auto* parameter = parameters.find(entry.key());
    ASSERT_NE(parameter, nullptr) << entry.key();
    ASSERT_EQ(parameter->sizes(), entry.value().sizes()) << entry.key();
    // Uniform laws of the same width: the largest of n draws lies within 10 / n of the end.
    const auto n = static_cast<double>(entry.value().numel());
    const auto bound = 1 / std::sqrt(5.0 * 4 * 4);
    EXPECT_LE(parameter->abs().max().item<double>(), bound);
    EXPECT_GE(parameter->abs().max().item<double>(), bound * std::max(0.2, 1 - 10 / n));
    entry.value().detach().copy_(*parameter);
  }
  EXPECT_EQ(layer->parameters().size(), 2);
  const auto x = Rng(3).normal({2, 3, 5, 4});
  EXPECT_LT(relative_error(layer(x), twin(x)), 5e-6);
}

TEST(TransposedConv, RefusesWhatDoesNotFit) {
  const auto weight = torch::ones({3, 2, 4, 4});
  EXPECT_EQ(message_of([&] {
              transposed_conv2d(torch::ones({1, 2, 4, 4}), weight, 2);
            }),
            "[transposed_conv2d] x must have shape [*, 3, *, *], got [1, 2, 4, 4]");
  EXPECT_EQ(message_of([&] {
              transposed_conv2d(torch::ones({3, 4, 4}), weight, 2);
            }),
            "[transposed_conv2d] x must have shape [*, 3, *, *], got [3, 4, 4]");
  EXPECT_EQ(message_of([&] {
              transposed_conv2d(torch::ones({1, 3, 1, 1}), weight, 1, 2);
            }),
            "[transposed_conv2d] padding 2 leaves no output for x [1, 3, 1, 1]; use less of it");
  EXPECT_EQ(
      message_of([] { TransposedConv2d(TransposedConv2dOptions{.in = 1, .out = 0, .kernel = 3}); }),
      "[transposed_conv2d] out must be positive, got 0");
  EXPECT_EQ(message_of([] {
              TransposedConv2d(TransposedConv2dOptions{
                  .in = 1, .out = 1, .kernel = 3, .stride = 2, .output_padding = 2});
            }),
            "[transposed_conv2d] output_padding must lie between 0 and 1, got 2");
}

}  // namespace
}  // namespace kiln
