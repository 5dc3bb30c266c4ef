#include "kiln/nn/residual_generator.h"

#include <torch/nn/functional/instancenorm.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/instancenorm.h>
#include <torch/nn/modules/padding.h>
#include <torch/types.h>

#include <algorithm>

#include "kiln/core/check.h"
#include "kiln/nn/conv2d.h"
#include "kiln/nn/picture_skip.h"
#include "kiln/nn/transposed_conv.h"

namespace kiln {
namespace {

using torch::nn::Sequential;

Conv2d conv(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride,
            std::int64_t padding, bool bias = false) {
  return Conv2d(Conv2dOptions{
      .in = in, .out = out, .kernel = kernel, .stride = stride, .padding = padding, .bias = bias});
}

torch::nn::ReflectionPad2d reflected(std::int64_t width) {
  return torch::nn::ReflectionPad2d(torch::nn::ReflectionPad2dOptions(width));
}

torch::nn::InstanceNorm2d norm(std::int64_t features) {
  return torch::nn::InstanceNorm2d(torch::nn::InstanceNorm2dOptions(features).affine(true));
}

// x + what two layers make of it.
class ResidualBlockImpl : public torch::nn::Cloneable<ResidualBlockImpl> {
 public:
  explicit ResidualBlockImpl(std::int64_t features) : features_(features) { reset(); }
  void reset() override {
    layers_ =
        register_module("layers", Sequential(reflected(1), conv(features_, features_, 3, 1, 0),
                                             norm(features_), torch::nn::ReLU(), reflected(1),
                                             conv(features_, features_, 3, 1, 0), norm(features_)));
  }
  Tensor forward(const Tensor& x) { return x + layers_->forward(x); }

 private:
  std::int64_t features_;
  Sequential layers_{nullptr};
};
TORCH_MODULE(ResidualBlock);

}  // namespace

ResidualGeneratorImpl::ResidualGeneratorImpl(const ResidualGeneratorOptions& options)
    : options_(options) {
  reset();
}

void ResidualGeneratorImpl::reset() {
  const auto& o = options_;
  const auto f = o.filters;
  Sequential net(reflected(3), conv(o.in, f, 7, 1, 0), norm(f), torch::nn::ReLU());
  for (const auto features : {f, 2 * f}) {
    net->push_back(conv(features, 2 * features, 3, 2, 1));
    net->push_back(norm(2 * features));
    net->push_back(torch::nn::ReLU());
  }
  for (std::int64_t i = 0; i < o.blocks; ++i) net->push_back(ResidualBlock(4 * f));
  for (const auto features : {4 * f, 2 * f}) {
    net->push_back(TransposedConv2d(TransposedConv2dOptions{.in = features,
                                                            .out = features / 2,
                                                            .kernel = 3,
                                                            .stride = 2,
                                                            .padding = 1,
                                                            .output_padding = 1,
                                                            .bias = false}));
    net->push_back(norm(features / 2));
    net->push_back(torch::nn::ReLU());
  }
  net->push_back(reflected(3));
  net->push_back(conv(f, o.out, 7, 1, 0, true));
  layers_ = register_module("layers", net);
}

namespace {

// How many pixels a side lacks to a multiple of 4 of at least 16.
std::int64_t lacking(std::int64_t side) {
  constexpr std::int64_t kUnit = 4, kLeast = 16;
  return std::max(kLeast, (side + kUnit - 1) / kUnit * kUnit) - side;
}

}  // namespace

Tensor ResidualGeneratorImpl::forward(const Tensor& x) {
  check_shape("residual_generator", "x", x, {kAny, options_.in, kAny, kAny});
  const auto height = x.size(2), width = x.size(3);
  const auto rows = lacking(height), columns = lacking(width);
  const auto padded = rows + columns == 0 ? x : at::replication_pad2d(x, {0, columns, 0, rows});
  const auto y = layers_->forward(padded).slice(2, 0, height).slice(3, 0, width);
  return options_.skip ? with_picture(y, x) : at::tanh(y);
}

}  // namespace kiln
