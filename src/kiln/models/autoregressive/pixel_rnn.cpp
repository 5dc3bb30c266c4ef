#include "kiln/models/autoregressive/pixel_rnn.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>

#include "kiln/core/check.h"
#include "kiln/kernels/dense.h"
#include "kiln/nn/lane_lstm.h"

namespace kiln {
namespace {

constexpr std::int64_t kFirstKernel = 7;

// [B, H, W, n] one row further down: row r takes r - 1, the first row 0.
Tensor down(const Tensor& cells) { return torch::constant_pad_nd(cells, {0, 0, 0, 0, 1, -1}); }

// What a convolution of one row reads of cells [B, H, W, n]: a pixel, and perhaps the one before.
Tensor read_by(const MaskedConv2d& conv, const Tensor& cells) {
  if (conv->taps().size() == 1) return cells;
  return torch::cat({torch::constant_pad_nd(cells, {0, 0, 1, -1}), cells}, 3);
}

// Its weights, [out, taps in].
Tensor matrix_of(const MaskedConv2d& conv) {
  return conv->tap_weights().transpose(0, 1).flatten(1);
}

// The convolution at all cells, with f behind it.
Tensor at_cells(const MaskedConv2d& conv, const Tensor& cells, Activation f = Activation::none) {
  return dense(read_by(conv, cells), matrix_of(conv), conv->bias, f);
}

// The same, for the gates of an LSTM as its kernel takes them.
Tensor gates_at_cells(const MaskedConv2d& conv, const Tensor& cells) {
  const auto packed = lstm_packed(matrix_of(conv).t()).t().contiguous();  // [4h', taps in]
  return dense(read_by(conv, cells), packed, lstm_packed(conv->bias), Activation::none);
}

}  // namespace

std::vector<std::pair<PixelRnnKind, std::string_view>> enum_names(PixelRnnKind) {
  return {{PixelRnnKind::row, "row"}, {PixelRnnKind::diagonal, "diagonal"}};
}

std::vector<std::pair<InitialState, std::string_view>> enum_names(InitialState) {
  return {{InitialState::learned, "learned"}, {InitialState::zero, "zero"}};
}

PixelRnn::PixelRnn(const PixelRnnOptions& o)
    : PixelModel("pixel_rnn", checked("pixel_rnn", o)),
      hidden_(o.hidden),
      first_(register_module(
          "first", MaskedConv2d(MaskedConvOptions{.in = channel_groups(o.channels, o.channels),
                                                  .out = channel_groups(2 * o.hidden, o.channels),
                                                  .rows = kFirstKernel,
                                                  .columns = kFirstKernel,
                                                  .mask = ConvMask::a,
                                                  .wrap = o.kind == PixelRnnKind::diagonal}))),
      head_(register_module("head", PixelHead(2 * o.hidden, o.head, 2, law()))) {
  for (std::int64_t l = 1; l <= o.layers; ++l) layers_.push_back(make_layer(o, l));
}

// A gate's output has the channel of its unit: each of the four gates has all channels.
PixelRnn::Scan PixelRnn::make_scan(const PixelRnnOptions& o, const std::string& name,
                                   LstmPath path) {
  const bool rows = path == LstmPath::rows;
  const std::int64_t taps = rows ? 3 : 2, places = rows ? seen_width() : seen_height();
  Scan scan{
      register_module(name + "_input", MaskedConv2d(MaskedConvOptions{
                                           .in = channel_groups(2 * o.hidden, o.channels),
                                           .out = repeated(channel_groups(o.hidden, o.channels), 4),
                                           .columns = rows ? 3 : 1})),
      register_parameter(name + "_K", torch::randn({taps, o.hidden, 4 * o.hidden}) /
                                          std::sqrt(static_cast<double>(taps * o.hidden))),
      {},
      {},
      {},
      path};
  if (o.initial_state == InitialState::learned) {
    scan.h0 = register_parameter(name + "_h0", torch::zeros({places, o.hidden}));
    scan.c0 = register_parameter(name + "_c0", torch::zeros({places, o.hidden}));
  }
  if (classes() > 0)
    scan.label =
        register_parameter(name + "_label", torch::randn({classes(), 4 * o.hidden}) * 0.01);
  return scan;
}

PixelRnn::Layer PixelRnn::make_layer(const PixelRnnOptions& o, std::int64_t number) {
  const auto name = fmt::format("layer{}", number);
  Layer layer;
  if (o.kind == PixelRnnKind::row) {
    layer.scans.push_back(make_scan(o, name, LstmPath::rows));
  } else {
    layer.scans.push_back(make_scan(o, name + "_left", LstmPath::diagonal));
    layer.scans.push_back(make_scan(o, name + "_right", LstmPath::diagonal_mirror));
  }
  const auto own = channel_groups(o.hidden, o.channels);
  const auto wide = channel_groups(2 * o.hidden, o.channels);
  layer.up = register_module(name + "_up", MaskedConv2d(MaskedConvOptions{.in = own, .out = wide}));
  if (o.skip)
    layer.skip = register_module(
        name + "_skip", MaskedConv2d(MaskedConvOptions{.in = own, .out = wide, .bias = false}));
  return layer;
}

Tensor PixelRnn::scanned(Scan& scan, const Tensor& y, const Tensor& given) {
  auto gates = gates_at_cells(scan.input, y);
  if (given.defined())
    gates = gates + lstm_packed(given.matmul(scan.label)).unsqueeze(1).unsqueeze(1);
  return lstm_scan(gates, {scan.K, scan.h0, scan.c0}, scan.path);
}

// Cells, [B, H, W, maps], from the first layer to the head.
Tensor PixelRnn::maps(const Tensor& scaled, const Tensor& given) {
  auto y = first_(scaled).permute({0, 2, 3, 1}).contiguous();
  Tensor skips;
  for (auto& layer : layers_) {
    auto h = scanned(layer.scans.front(), y, given);
    if (layer.scans.size() > 1) h = h + down(scanned(layer.scans.back(), y, given));
    y = y + at_cells(layer.up, h);
    if (!layer.skip) continue;
    const auto skip = torch::matmul(h, matrix_of(layer.skip).t());
    skips = skips.defined() ? skips + skip : skip;
  }
  if (skips.defined()) y = y + skips;
  y = torch::relu(y);
  for (std::size_t l = 0; l + 1 < head_->layers.size(); ++l)
    y = at_cells(head_->layers[l], y, Activation::relu);
  return at_cells(head_->layers.back(), y).permute({0, 3, 1, 2});
}

// The scan from the right of a row begins when the row is drawn: the pixels below take it.
class PixelRnn::Stepper : public PixelStepper {
 public:
  Stepper(const PixelRnn& model, const Tensor& given, std::int64_t lanes)
      : lanes_(lanes),
        width_(model.seen_width()),
        height_(model.seen_height()),
        hidden_(model.hidden_),
        channels_(model.law().channels()),
        wrap_(model.first_->options().wrap),
        first_(*model.first_, lanes),
        head_(*model.head_, lanes),
        pixels_(first_.reach(), width_, first_.margin(), channels_, lanes),
        skips_(2 * hidden_ * lanes),
        last_(2 * hidden_ * lanes) {
    for (const auto& layer : model.layers_) add(layer, given);
  }

  LaneRows& pixels() override { return pixels_; }

  void begin_row(std::int64_t row) override {
    if (wrap_ && row > 0)
      for (std::int64_t n = 1; n <= std::min(width_, first_.margin()); ++n)
        std::copy_n(pixels_.at(row - 1, width_ - n), channels_ * lanes_, pixels_.at(row, -n));
    for (auto& layer : layers_) layer.scans.front().begin_row(row);
  }

  const float* outputs(std::int64_t row, std::int64_t column, std::int64_t channel) override {
    first_.run(pixels_, row, column, channel, layers_.front().in.at(row, column));
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      auto& layer = layers_[l];
      layer.scans.front().step(layer.in, row, column, channel);
      const float* h = with_right(layer, row, column, channel);
      float* out = l + 1 < layers_.size() ? layers_[l + 1].in.at(row, column) : last_.data();
      layer.up.run(h, channel, out, {.start = layer.in.at(row, column)});
      if (layer.skips)
        layer.skip.run(h, channel, skips_.data(), {.start = l == 0 ? nullptr : skips_.data()});
    }
    if (layers_.front().skips)
      add(channel_groups(2 * hidden_, channels_), channel, last_.data(), skips_.data(),
          last_.data());
    return head_.run(last_.data(), channel);
  }

  void end_row(std::int64_t row) override {
    if (layers_.front().scans.size() == 1 || row == height_ - 1) return;
    for (auto& layer : layers_) {
      layer.scans.back().begin_row(row);
      for (std::int64_t column = width_; column-- > 0;)
        for (std::int64_t channel = 0; channel < channels_; ++channel)
          layer.scans.back().step(layer.in, row, column, channel);
    }
  }

 private:
  struct Layer {
    std::vector<LaneLstm> scans;
    LaneConv up, skip;
    bool skips = false;
    LaneRows in;      // the row that the layer reads
    LaneMemory both;  // h of both scans at the pixel, of the channels so far
  };

  void add(const PixelRnn::Layer& from, const Tensor& given) {
    Layer layer;
    for (const auto& scan : from.scans)
      layer.scans.emplace_back(
          LaneLstmWeights{*scan.input,
                          {scan.K, scan.h0, scan.c0},
                          given.defined() ? given.matmul(scan.label) : Tensor()},
          scan.path, width_, channels_, lanes_);
    layer.up = LaneConv(*from.up, lanes_);
    layer.skips = !from.skip.is_empty();
    if (layer.skips) layer.skip = LaneConv(*from.skip, lanes_);
    layer.in = LaneRows(1, width_, 1, 2 * hidden_, lanes_);
    layer.both = LaneMemory(hidden_ * lanes_);
    layers_.push_back(std::move(layer));
  }

  // The maps of a channel, a + b.
  void add(const std::vector<std::int64_t>& groups, std::int64_t channel, const float* a,
           const float* b, float* to) const {
    const auto [first, count] = maps_of(groups, channel);
    for (auto i = first * lanes_; i < (first + count) * lanes_; ++i) to[i] = a[i] + b[i];
  }

  // h of a cell and, of two scans, of the cell above in the one from the right.
  const float* with_right(Layer& layer, std::int64_t row, std::int64_t column,
                          std::int64_t channel) {
    const float* left = layer.scans.front().h(row, column);
    if (layer.scans.size() == 1 || row == 0) return left;
    add(layer.scans.front().groups(), channel, left, layer.scans.back().h(row - 1, column),
        layer.both.data());
    return layer.both.data();
  }

  std::int64_t lanes_, width_, height_, hidden_, channels_;
  bool wrap_;
  LaneConv first_;
  LaneHead head_;
  LaneRows pixels_;
  LaneMemory skips_, last_;
  std::vector<Layer> layers_;
};

std::unique_ptr<PixelStepper> PixelRnn::stepper(const Tensor& given, std::int64_t lanes) {
  return std::make_unique<Stepper>(*this, given, lanes);
}

std::vector<RecipeFor<PixelRnnOptions>> PixelRnn::recipes() {
  return {{"all data",
           always<PixelRnnOptions>,
           {{"batch", "16"},
            {"epochs", "6"},
            {"least_steps", "3000"},
            {"schedule", "cosine"},
            {"learning_rate", "0.0015"},
            {"ema", "0.999"}}}};
}

}  // namespace kiln
