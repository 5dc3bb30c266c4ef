#include "kiln/nn/unet.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <algorithm>

#include "kiln/core/check.h"
#include "kiln/nn/dropout.h"
#include "kiln/nn/picture_skip.h"
#include "kiln/nn/strided_trunk.h"

namespace kiln {
namespace {

constexpr double kSlope = .2;
constexpr std::int64_t kWidest = 8, kDropped = 3;

torch::nn::InstanceNorm2d norm(std::int64_t features) {
  return torch::nn::InstanceNorm2d(torch::nn::InstanceNorm2dOptions(features).affine(true));
}

}  // namespace

std::int64_t most_halvings(std::int64_t height, std::int64_t width) {
  constexpr std::int64_t kMost = 8;
  std::int64_t times = 0;
  for (; times < kMost && height % 2 == 0 && width % 2 == 0 && std::min(height, width) > 1;
       height /= 2, width /= 2)
    ++times;
  return times;
}

void check_halvings(std::string_view where, std::int64_t halvings, std::int64_t height,
                    std::int64_t width) {
  const auto unit = std::int64_t{1} << halvings;
  if (halvings < 2 || height % unit != 0 || width % unit != 0)
    throw ConfigError(where,
                      fmt::format("sides of {} x {} cannot be halved {} times; take sides that a "
                                  "higher power of 2 divides, as size=64",
                                  height, width, std::max<std::int64_t>(2, halvings)));
}

UnetImpl::UnetImpl(const UnetOptions& options) : options_(options) { reset(); }

std::int64_t UnetImpl::filters_at(std::int64_t level) const {
  return kiln::filters_at(options_.filters, level, kWidest);
}

// Level 0 is next to the picture.  A layer up takes what came from below and, but for the lowest,
// the layer of its size on the way down.
void UnetImpl::reset() {
  const auto& o = options_;
  const auto last = o.halvings - 1;
  for (std::int64_t l = 0; l <= last; ++l) {
    const auto in = l == 0 ? o.in : filters_at(l - 1), out = filters_at(l);
    down_.push_back(register_module(
        fmt::format("down{}", l),
        Conv2d(Conv2dOptions{
            .in = in, .out = out, .kernel = 4, .stride = 2, .padding = 1, .bias = false})));
    if (l > 0 && l < last)
      down_norm_.push_back(register_module(fmt::format("down_norm{}", l), norm(out)));
  }
  for (std::int64_t l = 0; l <= last; ++l) {
    const auto in = l == last ? filters_at(l) : 2 * filters_at(l);
    const auto out = l == 0 ? o.out : filters_at(l - 1);
    up_.push_back(register_module(
        fmt::format("up{}", l),
        TransposedConv2d(TransposedConv2dOptions{
            .in = in, .out = out, .kernel = 4, .stride = 2, .padding = 1, .bias = l == 0})));
    if (l > 0) up_norm_.push_back(register_module(fmt::format("up_norm{}", l), norm(out)));
  }
}

Tensor UnetImpl::down(const Tensor& x, std::size_t level) {
  auto h = level == 0 ? x : at::leaky_relu(x, kSlope);
  h = down_[level]->forward(h);
  return level > 0 && level + 1 < down_.size() ? down_norm_[level - 1]->forward(h) : h;
}

Tensor UnetImpl::forward(const Tensor& x, Rng* dropout) {
  check_shape("unet", "x", x, {kAny, options_.in, kAny, kAny});
  const auto unit = std::int64_t{1} << options_.halvings;
  const auto height = x.size(2), width = x.size(3);
  const auto more_rows = (unit - height % unit) % unit, more = (unit - width % unit) % unit;
  auto h = more_rows + more > 0 ? at::replication_pad2d(x, {0, more, 0, more_rows}) : x;
  std::vector<Tensor> skips;
  for (std::size_t l = 0; l < down_.size(); ++l) skips.push_back(h = down(h, l));
  for (auto l = down_.size(); l-- > 0;) {
    h = up_[l]->forward(at::relu(h));
    if (l == 0) break;
    h = up_norm_[l - 1]->forward(h);
    const auto from_below = static_cast<std::int64_t>(down_.size() - 1 - l);
    if (dropout && options_.dropout > 0 && from_below < kDropped)
      h = dropped(h, options_.dropout, *dropout);
    h = torch::cat({h, skips[l - 1]}, 1);
  }
  h = h.slice(2, 0, height).slice(3, 0, width);
  return options_.skip ? with_picture(h, x) : at::tanh(h);
}

}  // namespace kiln
