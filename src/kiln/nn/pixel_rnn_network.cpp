#include "kiln/nn/pixel_rnn_network.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>

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

PixelRnnNetwork::PixelRnnNetwork(torch::nn::Module& owner, const std::string& prefix,
                                 const PixelRnnSizes& sizes, const PixelLaw& law)
    : sizes_(sizes),
      channels_(law.channels()),
      first_(owner.register_module(
          prefix + "first",
          MaskedConv2d(MaskedConvOptions{.in = channel_groups(channels_, channels_),
                                         .out = channel_groups(2 * sizes.hidden, channels_),
                                         .rows = kFirstKernel,
                                         .columns = kFirstKernel,
                                         .mask = ConvMask::a,
                                         .wrap = sizes.kind == PixelRnnKind::diagonal}))),
      head_(
          owner.register_module(prefix + "head", PixelHead(2 * sizes.hidden, sizes.head, 2, law))) {
  for (std::int64_t l = 1; l <= sizes.layers; ++l)
    layers_.push_back(make_layer(owner, fmt::format("{}layer{}", prefix, l)));
}

// A gate's output has the channel of its unit: each of the four gates has all channels.
PixelRnnNetwork::Scan PixelRnnNetwork::make_scan(torch::nn::Module& owner, const std::string& name,
                                                 LstmPath path) const {
  const auto h = sizes_.hidden;
  const bool rows = path == LstmPath::rows;
  const std::int64_t taps = rows ? 3 : 2, places = rows ? sizes_.width : sizes_.height;
  const auto gates = repeated(channel_groups(h, channels_), 4);
  const MaskedConvOptions input{
      .in = channel_groups(2 * h, channels_), .out = gates, .columns = rows ? 3 : 1};
  Scan scan{
      .input = owner.register_module(name + "_input", MaskedConv2d(input)),
      .K = owner.register_parameter(
          name + "_K", torch::randn({taps, h, 4 * h}) / std::sqrt(static_cast<double>(taps * h))),
      .h0 = {},
      .c0 = {},
      .label = {},
      .path = path};
  if (sizes_.learned_start) {
    scan.h0 = owner.register_parameter(name + "_h0", torch::zeros({places, h}));
    scan.c0 = owner.register_parameter(name + "_c0", torch::zeros({places, h}));
  }
  if (sizes_.given > 0)
    scan.label =
        owner.register_parameter(name + "_label", torch::randn({sizes_.given, 4 * h}) * 0.01);
  if (sizes_.guide > 0)  // of the first channel: each may read all
    scan.guide = owner.register_module(
        name + "_guide", MaskedConv2d(MaskedConvOptions{
                             .in = channel_groups(sizes_.guide, 1), .out = gates, .bias = false}));
  return scan;
}

PixelRnnNetwork::Layer PixelRnnNetwork::make_layer(torch::nn::Module& owner,
                                                   const std::string& name) const {
  Layer layer;
  if (sizes_.kind == PixelRnnKind::row) {
    layer.scans.push_back(make_scan(owner, name, LstmPath::rows));
  } else {
    layer.scans.push_back(make_scan(owner, name + "_left", LstmPath::diagonal));
    layer.scans.push_back(make_scan(owner, name + "_right", LstmPath::diagonal_mirror));
  }
  const MaskedConvOptions up{.in = channel_groups(sizes_.hidden, channels_),
                             .out = channel_groups(2 * sizes_.hidden, channels_)};
  auto skip = up;
  skip.bias = false;
  layer.up = owner.register_module(name + "_up", MaskedConv2d(up));
  if (sizes_.skip) layer.skip = owner.register_module(name + "_skip", MaskedConv2d(skip));
  return layer;
}

Tensor PixelRnnNetwork::scanned(Scan& scan, const Tensor& y, const PixelRnnGiven& given) {
  auto gates = gates_at_cells(scan.input, y);
  if (given.numbers.defined())
    gates = gates + lstm_packed(given.numbers.matmul(scan.label)).unsqueeze(1).unsqueeze(1);
  if (given.guide.defined())
    gates = gates + torch::matmul(given.guide, lstm_packed(matrix_of(scan.guide).t()));
  return lstm_scan(gates, {scan.K, scan.h0, scan.c0}, scan.path);
}

// Cells, [B, H, W, maps], from the first layer to the head.
Tensor PixelRnnNetwork::maps(const Tensor& scaled, const PixelRnnGiven& given) {
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
class PixelRnnNetwork::Stepper : public PixelStepper {
 public:
  Stepper(const PixelRnnNetwork& net, const PixelRnnGiven& given, std::int64_t lanes)
      : lanes_(lanes),
        width_(net.sizes_.width),
        height_(net.sizes_.height),
        hidden_(net.sizes_.hidden),
        channels_(net.channels_),
        guide_size_(net.sizes_.guide),
        wrap_(net.first_->options().wrap),
        first_(*net.first_, lanes),
        head_(*net.head_, lanes),
        pixels_(first_.reach(), width_, first_.margin(), channels_, lanes),
        skips_(2 * hidden_ * lanes),
        last_(2 * hidden_ * lanes) {
    for (const auto& layer : net.layers_) add(layer, given.numbers);
    if (guide_size_ > 0) guide_ = lane_columns(given.guide.flatten(1), lanes);
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
      layer.scans.front().step(layer.in, row, column, channel, guide_at(row, column));
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
          layer.scans.back().step(layer.in, row, column, channel, guide_at(row, column));
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

  void add(const PixelRnnNetwork::Layer& from, const Tensor& given) {
    Layer layer;
    for (const auto& scan : from.scans)
      layer.scans.emplace_back(
          LaneLstmWeights{*scan.input,
                          {scan.K, scan.h0, scan.c0},
                          given.defined() ? given.matmul(scan.label) : Tensor(),
                          scan.guide.is_empty() ? nullptr : scan.guide.get()},
          scan.path, width_, channels_, lanes_);
    layer.up = LaneConv(*from.up, lanes_);
    layer.skips = !from.skip.is_empty();
    if (layer.skips) layer.skip = LaneConv(*from.skip, lanes_);
    layer.in = LaneRows(1, width_, 1, 2 * hidden_, lanes_);
    layer.both = LaneMemory(hidden_ * lanes_);
    layers_.push_back(std::move(layer));
  }

  // The guide's column at a pixel; null without a guide.
  const float* guide_at(std::int64_t row, std::int64_t column) const {
    if (guide_size_ == 0) return nullptr;
    return guide_.data() + (row * width_ + column) * guide_size_ * lanes_;
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

  std::int64_t lanes_, width_, height_, hidden_, channels_, guide_size_;
  bool wrap_;
  LaneConv first_;
  LaneHead head_;
  LaneRows pixels_;
  LaneMemory skips_, last_;
  LaneMemory guide_;  // [H, W, G, lanes]
  std::vector<Layer> layers_;
};

std::unique_ptr<PixelStepper> PixelRnnNetwork::stepper(const PixelRnnGiven& given,
                                                       std::int64_t lanes) const {
  return std::make_unique<Stepper>(*this, given, lanes);
}

}  // namespace kiln
