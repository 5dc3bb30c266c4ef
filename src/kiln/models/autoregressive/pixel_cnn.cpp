#include "kiln/models/autoregressive/pixel_cnn.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <numbers>

#include "kiln/core/check.h"

namespace kiln {
namespace {

constexpr std::int64_t kFirstKernel = 7, kKernel = 3;

MaskedConv2d conv(const std::vector<std::int64_t>& in, const std::vector<std::int64_t>& out,
                  std::int64_t kernel, ConvMask mask, double gain) {
  return MaskedConv2d(MaskedConvOptions{
      .in = in, .out = out, .rows = kernel, .columns = kernel, .mask = mask, .gain = gain});
}

}  // namespace

PixelCnn::PixelCnn(const PixelCnnOptions& o)
    : PixelModel("pixel_cnn", checked("pixel_cnn", o)),
      first_(register_module(
          "first", conv(channel_groups(o.channels, o.channels),
                        channel_groups(2 * o.hidden, o.channels), kFirstKernel, ConvMask::a, 1))),
      head_(register_module("head", PixelHead(2 * o.hidden, o.head, 2, law()))) {
  const auto wide = channel_groups(2 * o.hidden, o.channels);
  const auto narrow = channel_groups(o.hidden, o.channels);
  const auto add = [&](std::int64_t layer, const char* part, MaskedConv2d module) {
    return register_module(fmt::format("block{}_{}", layer, part), std::move(module));
  };
  for (std::int64_t l = 1; l <= o.layers; ++l) {
    blocks_.push_back(
        {add(l, "in", conv(wide, narrow, 1, ConvMask::b, std::numbers::sqrt2)),
         add(l, "middle", conv(narrow, narrow, kKernel, ConvMask::b, std::numbers::sqrt2)),
         add(l, "out", conv(narrow, wide, 1, ConvMask::b, 1)),
         {}});
    if (o.given_size() > 0)
      blocks_.back().label = register_parameter(fmt::format("block{}_label", l),
                                                torch::randn({o.given_size(), o.hidden}) * 0.01);
  }
}

Tensor PixelCnn::maps(const Tensor& scaled, const Tensor& given) {
  auto y = first_(scaled);
  for (auto& block : blocks_) {
    auto middle = block.middle(torch::relu(block.in(torch::relu(y))));
    if (given.defined()) middle = middle + given.matmul(block.label).unsqueeze(2).unsqueeze(3);
    y = y + block.out(torch::relu(middle));
  }
  return head_(y);
}

// A block keeps what its 3x3 kernel reads: two rows.
class PixelCnn::Stepper : public PixelStepper {
 public:
  Stepper(const PixelCnn& model, const Tensor& given, std::int64_t lanes)
      : lanes_(lanes),
        first_(*model.first_, lanes),
        head_(*model.head_, lanes),
        pixels_(first_.reach(), model.seen_width(), first_.margin(), model.law().channels(), lanes),
        wide_(model.first_->options().out),
        y_(static_cast<std::int64_t>(wide_.size()) * lanes) {
    for (const auto& block : model.blocks_) {
      const auto hidden = block.middle->weight.size(0);
      LaneConv middle(*block.middle, lanes);
      LaneRows rows(middle.reach(), model.seen_width(), middle.margin(), hidden, lanes);
      blocks_.push_back(
          {LaneConv(*block.in, lanes), middle, LaneConv(*block.out, lanes), rows,
           LaneMemory(static_cast<std::int64_t>(wide_.size()) * lanes), LaneMemory(hidden * lanes),
           given.defined() ? lane_columns(given.matmul(block.label), lanes) : LaneMemory()});
    }
  }

  LaneRows& pixels() override { return pixels_; }

  const float* outputs(std::int64_t row, std::int64_t column, std::int64_t channel) override {
    float* y = y_.data();
    first_.run(pixels_, row, column, channel, y);
    for (auto& block : blocks_) {
      rectify(wide_, channel, lanes_, y, block.rectified.data());
      block.in.run(block.rectified.data(), channel, block.rows.at(row, column), {.relu = true});
      block.middle.run(block.rows, row, column, channel, block.sum.data(),
                       {.start = block.label.data(), .relu = true});
      block.out.run(block.sum.data(), channel, y, {.start = y});
    }
    return head_.run(y, channel);
  }

 private:
  struct Block {
    LaneConv in, middle, out;
    LaneRows rows;
    LaneMemory rectified, sum;  // at the pixel, of the channels so far
    LaneMemory label;
  };

  std::int64_t lanes_;
  LaneConv first_;
  LaneHead head_;
  LaneRows pixels_;
  std::vector<std::int64_t> wide_;
  LaneMemory y_;
  std::vector<Block> blocks_;
};

std::unique_ptr<PixelStepper> PixelCnn::stepper(const Tensor& given, std::int64_t lanes) {
  return std::make_unique<Stepper>(*this, given, lanes);
}

std::vector<RecipeFor<PixelCnnOptions>> PixelCnn::recipes() {
  return {{"all data",
           always<PixelCnnOptions>,
           {{"batch", "16"},
            {"epochs", "6"},
            {"least_steps", "3000"},
            {"schedule", "cosine"},
            {"learning_rate", "0.004"},
            {"ema", "0.999"}}}};
}

}  // namespace kiln
