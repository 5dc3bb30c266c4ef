#include "kiln/models/autoregressive/gated_pixel_cnn.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <algorithm>

#include "kiln/core/check.h"
#include "kiln/kernels/gated_tanh.h"
#include "kiln/kernels/gated_tanh_simd.h"

namespace kiln {
namespace {

constexpr std::int64_t kFirstKernel = 7;

const GatedPixelCnnOptions& checked_kernel(const GatedPixelCnnOptions& o) {
  checked("gated_pixel_cnn", o);
  if (o.kernel % 2 == 0)
    throw ConfigError("gated_pixel_cnn.kernel", fmt::format("must be odd, got {}", o.kernel));
  return o;
}

// Maps one row further down: row r takes r - 1, the first row 0.
Tensor down(const Tensor& maps) { return torch::constant_pad_nd(maps, {0, 0, 1, -1}); }

Tensor with_label(const Tensor& maps, const Tensor& given, const Tensor& label) {
  return given.defined() ? maps + given.matmul(label).unsqueeze(2).unsqueeze(3) : maps;
}

}  // namespace

GatedPixelCnn::GatedPixelCnn(const GatedPixelCnnOptions& o)
    : PixelModel("gated_pixel_cnn", checked_kernel(o)),
      maps_(o.maps),
      head_(register_module("head", PixelHead(o.head, o.head, 1, law()))) {
  for (std::int64_t l = 1; l <= o.layers; ++l) layers_.push_back(make_layer(o, l));
}

// The halves of a gate lie in each channel's own block, so that no gate reads a later channel.
GatedPixelCnn::Layer GatedPixelCnn::make_layer(const GatedPixelCnnOptions& o, std::int64_t number) {
  const bool first = number == 1;
  const auto kernel = first ? kFirstKernel : o.kernel;
  const auto in = channel_groups(first ? o.channels : o.maps, o.channels);
  const auto own = channel_groups(o.maps, o.channels), gates = repeated(own, 2);
  const std::vector<std::int64_t> all(gates.size(), 0);  // of rows above: no channel is later
  const auto add = [&](const char* part, const MaskedConvOptions& options) {
    return register_module(fmt::format("layer{}_{}", number, part), MaskedConv2d(options));
  };
  Layer layer{add("vertical", {.in = in,
                               .out = all,
                               .rows = kernel / 2 + 1,
                               .columns = kernel,
                               .mask = ConvMask::rows}),
              add("link", {.in = all, .out = all, .mask = ConvMask::rows, .bias = false}),
              add("horizontal", {.in = in,
                                 .out = gates,
                                 .columns = kernel / 2 + 1,
                                 .to_the_left = true,
                                 .mask = first ? ConvMask::a : ConvMask::b}),
              add("skip", {.in = own, .out = channel_groups(o.head, o.channels)})};
  if (number < o.layers) layer.residual = add("residual", {.in = own, .out = own});
  if (o.given_size() == 0) return layer;
  const auto label = [&](const char* part) {
    return register_parameter(fmt::format("layer{}_{}_label", number, part),
                              torch::randn({o.given_size(), 2 * o.maps}) * 0.01);
  };
  layer.vertical_label = label("vertical");
  layer.horizontal_label = label("horizontal");
  return layer;
}

Tensor GatedPixelCnn::maps(const Tensor& scaled, const Tensor& given) {
  auto v = scaled, h = scaled;
  Tensor skips;
  for (auto& layer : layers_) {
    const auto a_v = with_label(layer.vertical(v), given, layer.vertical_label);
    const auto a_h =
        with_label(layer.horizontal(h) + layer.link(down(a_v)), given, layer.horizontal_label);
    const auto g = gated_tanh(a_h), skip = layer.skip(g);
    skips = skips.defined() ? skips + skip : skip;
    if (!layer.residual) break;
    v = gated_tanh(a_v);
    h = skips.is_same(skip) ? layer.residual(g) : h + layer.residual(g);
  }
  return head_(skips);
}

// The vertical stack goes on by whole rows: what the next row takes of it is ready in `links`.
class GatedPixelCnn::Stepper : public PixelStepper {
 public:
  Stepper(const GatedPixelCnn& model, const Tensor& given, std::int64_t lanes)
      : lanes_(lanes),
        width_(model.seen_width()),
        height_(model.seen_height()),
        maps_(model.maps_),
        own_(channel_groups(maps_, model.law().channels())),
        head_(*model.head_, lanes),
        gates_(2 * maps_ * lanes),
        skips_(model.head_->layers.front()->weight.size(1) * lanes) {
    for (const auto& layer : model.layers_) add(layer, given);
    const auto& first = layers_.front().vertical;
    pixels_ = LaneRows(first.reach(), width_, first.margin(), model.law().channels(), lanes);
  }

  LaneRows& pixels() override { return pixels_; }

  const float* outputs(std::int64_t row, std::int64_t column, std::int64_t channel) override {
    const auto [first, count] = maps_of(own_, channel);
    float* a = gates_.data();
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      auto& layer = layers_[l];
      float* g = layer.gated.data();
      layer.horizontal.run(l == 0 ? pixels_ : layer.h, row, column, channel, a,
                           {.start = layer.links.at(0, column)});
      simd::gated_tanh(a + first * lanes_, a + (maps_ + first) * lanes_,
                       static_cast<std::size_t>(count * lanes_), g + first * lanes_);
      layer.skip.run(g, channel, skips_.data(), {.start = l == 0 ? nullptr : skips_.data()});
      if (l + 1 < layers_.size())
        layer.residual.run(g, channel, layers_[l + 1].h.at(row, column),
                           {.start = l == 0 ? nullptr : layer.h.at(row, column)});
    }
    return head_.run(skips_.data(), channel);
  }

  void end_row(std::int64_t row) override {
    if (row == height_ - 1) return;
    for (std::size_t l = 0; l < layers_.size(); ++l)
      for (std::int64_t column = 0; column < width_; ++column) below(l, row, column);
  }

 private:
  struct Layer {
    LaneConv vertical, link, horizontal, skip, residual;
    LaneRows v, h;     // what the layer reads; of the first layer the picture
    LaneRows links;    // one row, [2F, lanes] of each column
    LaneMemory gated;  // g at the pixel, of the channels so far
    LaneMemory vertical_label, horizontal_label;
  };

  void add(const GatedPixelCnn::Layer& from, const Tensor& given) {
    const auto label = [&](const Tensor& weights) {
      return given.defined() ? lane_columns(given.matmul(weights), lanes_) : LaneMemory();
    };
    Layer layer{LaneConv(*from.vertical, lanes_),
                LaneConv(*from.link, lanes_),
                LaneConv(*from.horizontal, lanes_),
                LaneConv(*from.skip, lanes_),
                from.residual ? LaneConv(*from.residual, lanes_) : LaneConv(),
                {},
                {},
                LaneRows(1, width_, 0, 2 * maps_, lanes_),
                LaneMemory(maps_ * lanes_),
                label(from.vertical_label),
                label(from.horizontal_label)};
    if (!layers_.empty()) {
      layer.v = LaneRows(layer.vertical.reach(), width_, layer.vertical.margin(), maps_, lanes_);
      layer.h = LaneRows(1, width_, layer.horizontal.margin(), maps_, lanes_);
    }
    if (given.defined())  // above the first row there is nothing else
      for (std::int64_t column = 0; column < width_; ++column)
        std::copy_n(layer.horizontal_label.data(), 2 * maps_ * lanes_, layer.links.at(0, column));
    layers_.push_back(std::move(layer));
  }

  // The vertical stack at a pixel of a finished row, and what the pixel below takes of it.
  void below(std::size_t l, std::int64_t row, std::int64_t column) {
    auto& layer = layers_[l];
    float* a = gates_.data();
    layer.vertical.run(l == 0 ? pixels_ : layer.v, row, column, 0, a,
                       {.start = layer.vertical_label.data()});
    layer.link.run(a, 0, layer.links.at(0, column), {.start = layer.horizontal_label.data()});
    if (l + 1 < layers_.size())
      simd::gated_tanh(a, a + maps_ * lanes_, static_cast<std::size_t>(maps_ * lanes_),
                       layers_[l + 1].v.at(row, column));
  }

  std::int64_t lanes_, width_, height_, maps_;
  std::vector<std::int64_t> own_;
  LaneHead head_;
  LaneRows pixels_;
  LaneMemory gates_, skips_;
  std::vector<Layer> layers_;
};

std::unique_ptr<PixelStepper> GatedPixelCnn::stepper(const Tensor& given, std::int64_t lanes) {
  return std::make_unique<Stepper>(*this, given, lanes);
}

std::vector<RecipeFor<GatedPixelCnnOptions>> GatedPixelCnn::recipes() {
  return {{"all data",
           always<GatedPixelCnnOptions>,
           {{"batch", "16"},
            {"epochs", "10"},
            {"least_steps", "3000"},
            {"schedule", "cosine"},
            {"learning_rate", "0.001"},
            {"ema", "0.999"}}}};
}

}  // namespace kiln
