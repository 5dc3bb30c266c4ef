#include <torch/types.h>

#include <algorithm>

#include "kiln/kernels/lane_ops_simd.h"
#include "kiln/models/autoregressive/pixel_rnn.h"

namespace kiln {
namespace {

// Taps of K_ss, in the order of its weights.
std::vector<Tap> taps_of(LstmPath path) {
  if (path == LstmPath::rows) return {{-1, -1}, {-1, 0}, {-1, 1}};
  return {{-1, 0}, {0, path == LstmPath::diagonal ? -1 : 1}};
}

}  // namespace

// The scan from the right of a row begins when the row is drawn: the pixels below take it.
class PixelRnn::Stepper : public PixelStepper {
 public:
  Stepper(const PixelRnn& model, const Tensor& given, std::int64_t lanes)
      : lanes_(lanes),
        width_(model.seen_width()),
        height_(model.seen_height()),
        hidden_(model.hidden_),
        channels_(model.law().channels),
        wrap_(model.first_->options().wrap),
        own_(channel_groups(hidden_, channels_)),
        first_(*model.first_, lanes),
        head_(*model.head_, lanes),
        pixels_(first_.reach(), width_, first_.margin(), channels_, lanes),
        gates_(4 * hidden_ * lanes),
        skips_(2 * hidden_ * lanes),
        last_(2 * hidden_ * lanes) {
    for (const auto& layer : model.layers_) add(layer, given);
  }

  LaneRows& pixels() override { return pixels_; }

  void begin_row(std::int64_t row) override {
    if (wrap_ && row > 0)
      for (std::int64_t n = 1; n <= std::min(width_, first_.margin()); ++n)
        std::copy_n(pixels_.at(row - 1, width_ - n), channels_ * lanes_, pixels_.at(row, -n));
    for (auto& layer : layers_) begin(layer.scans.front(), row);
  }

  const float* outputs(std::int64_t row, std::int64_t column, std::int64_t channel) override {
    first_.run(pixels_, row, column, channel, layers_.front().in.at(row, column));
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      auto& layer = layers_[l];
      step(layer.scans.front(), layer.in, row, column, channel);
      const float* h = with_right(layer, row, column, channel);
      float* out = l + 1 < layers_.size() ? layers_[l + 1].in.at(row, column) : last_.data();
      layer.up.run(h, channel, out, {.start = layer.in.at(row, column)});
      if (layer.skips)
        layer.skip.run(h, channel, skips_.data(), {.start = l == 0 ? nullptr : skips_.data()});
    }
    if (layers_.front().skips) add_skips(channel);
    return head_.run(last_.data(), channel);
  }

  void end_row(std::int64_t row) override {
    if (layers_.front().scans.size() == 1 || row == height_ - 1) return;
    for (auto& layer : layers_) {
      begin(layer.scans.back(), row);
      for (std::int64_t column = width_; column-- > 0;)
        for (std::int64_t channel = 0; channel < channels_; ++channel)
          step(layer.scans.back(), layer.in, row, column, channel);
    }
  }

 private:
  struct Scan {
    LaneConv input, states;
    LaneRows h, c;
    LaneMemory label;
    std::vector<LaneMemory> h0, c0;  // of each row, or of each column
    LstmPath path;
  };
  struct Layer {
    std::vector<Scan> scans;
    LaneConv up, skip;
    bool skips = false;
    LaneRows in;      // the row that the layer reads
    LaneMemory both;  // h of both scans at the pixel, of the channels so far
  };

  void add(const PixelRnn::Layer& from, const Tensor& given) {
    Layer layer;
    for (const auto& scan : from.scans) layer.scans.push_back(make_scan(scan, given));
    layer.up = LaneConv(*from.up, lanes_);
    layer.skips = !from.skip.is_empty();
    if (layer.skips) layer.skip = LaneConv(*from.skip, lanes_);
    layer.in = LaneRows(1, width_, 1, 2 * hidden_, lanes_);
    layer.both = LaneMemory(hidden_ * lanes_);
    layers_.push_back(std::move(layer));
  }

  Scan make_scan(const PixelRnn::Scan& from, const Tensor& given) const {
    Scan scan{LaneConv(*from.input, lanes_),
              LaneConv(from.K.transpose(1, 2), taps_of(from.path), from.input->options().out, lanes_),
              LaneRows(2, width_, 1, hidden_, lanes_),
              LaneRows(2, width_, 1, hidden_, lanes_),
              given.defined() ? lane_columns(given.matmul(from.label), lanes_) : LaneMemory(),
              {}, {}, from.path};
    if (!from.h0.defined()) return scan;
    for (std::int64_t n = 0; n < from.h0.size(0); ++n) {
      scan.h0.push_back(lane_columns(from.h0[n], lanes_));
      scan.c0.push_back(lane_columns(from.c0[n], lanes_));
    }
    if (from.path == LstmPath::rows)
      for (std::int64_t column = 0; column < width_; ++column) start(scan, -1, column, column);
    return scan;
  }

  void start(Scan& scan, std::int64_t row, std::int64_t column, std::int64_t place) const {
    const auto at = static_cast<std::size_t>(place);
    std::copy_n(scan.h0[at].data(), hidden_ * lanes_, scan.h.at(row, column));
    std::copy_n(scan.c0[at].data(), hidden_ * lanes_, scan.c.at(row, column));
  }

  // The initial state of a row, before its first cell.
  void begin(Scan& scan, std::int64_t row) const {
    if (scan.path == LstmPath::rows || scan.h0.empty()) return;
    start(scan, row, scan.path == LstmPath::diagonal ? -1 : width_, row);
  }

  void step(Scan& scan, const LaneRows& in, std::int64_t row, std::int64_t column,
            std::int64_t channel) {
    float* gates = gates_.data();
    scan.input.run(in, row, column, channel, gates, {.start = scan.label.data()});
    scan.states.run(scan.h, row, column, channel, gates, {.start = gates});
    const auto [first, count] = maps_of(own_, channel);
    const auto from = first * lanes_;
    const auto before = scan.path == LstmPath::rows       ? scan.c.at(row - 1, column)
                        : scan.path == LstmPath::diagonal ? scan.c.at(row, column - 1)
                                                          : scan.c.at(row, column + 1);
    simd::lane_lstm(gates + from, static_cast<std::size_t>(hidden_ * lanes_), before + from,
                    static_cast<std::size_t>(count * lanes_), scan.c.at(row, column) + from,
                    scan.h.at(row, column) + from);
  }

  // h of a cell and, of two scans, of the cell above in the one from the right.
  const float* with_right(Layer& layer, std::int64_t row, std::int64_t column,
                          std::int64_t channel) {
    const float* left = layer.scans.front().h.at(row, column);
    if (layer.scans.size() == 1 || row == 0) return left;
    const float* right = layer.scans.back().h.at(row - 1, column);
    const auto [first, count] = maps_of(own_, channel);
    for (auto i = first * lanes_; i < (first + count) * lanes_; ++i)
      layer.both.data()[i] = left[i] + right[i];
    return layer.both.data();
  }

  void add_skips(std::int64_t channel) {
    const auto [first, count] = maps_of(first_groups(), channel);
    for (auto i = first * lanes_; i < (first + count) * lanes_; ++i)
      last_.data()[i] += skips_.data()[i];
  }
  std::vector<std::int64_t> first_groups() const { return channel_groups(2 * hidden_, channels_); }

  std::int64_t lanes_, width_, height_, hidden_, channels_;
  bool wrap_;
  std::vector<std::int64_t> own_;
  LaneConv first_;
  LaneHead head_;
  LaneRows pixels_;
  LaneMemory gates_, skips_, last_;
  std::vector<Layer> layers_;
};

std::unique_ptr<PixelStepper> PixelRnn::stepper(const Tensor& given, std::int64_t lanes) {
  return std::make_unique<Stepper>(*this, given, lanes);
}

}  // namespace kiln
