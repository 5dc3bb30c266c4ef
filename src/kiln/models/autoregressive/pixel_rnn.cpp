#include "kiln/models/autoregressive/pixel_rnn.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <cmath>

#include "kiln/core/check.h"

namespace kiln {
namespace {

constexpr std::int64_t kFirstKernel = 7;

// [B, H, W, n] one row further down: row r takes r - 1, the first row 0.
Tensor down(const Tensor& cells) { return torch::constant_pad_nd(cells, {0, 0, 0, 0, 1, -1}); }

// A convolution that reads a pixel, and perhaps the one before, of cells [B, H, W, n].
Tensor at_cells(MaskedConv2d& conv, const Tensor& cells) {
  const auto weights = conv->tap_weights();  // [taps, out, in]
  const auto read = weights.size(0) == 1
                        ? cells
                        : torch::cat({torch::constant_pad_nd(cells, {0, 0, 1, -1}), cells}, 3);
  return torch::matmul(read, weights.transpose(1, 2).flatten(0, 1)) + conv->bias;
}

// The same, for the gates of an LSTM as its kernel takes them.
Tensor gates_at_cells(MaskedConv2d& conv, const Tensor& cells) {
  const auto weights = conv->tap_weights();
  const auto read = weights.size(0) == 1
                        ? cells
                        : torch::cat({torch::constant_pad_nd(cells, {0, 0, 1, -1}), cells}, 3);
  const auto packed = lstm_packed(weights.transpose(1, 2).flatten(0, 1));  // [taps in, 4h']
  const auto flat = torch::addmm(lstm_packed(conv->bias), read.flatten(0, 2), packed);
  return flat.reshape({cells.size(0), cells.size(1), cells.size(2), -1});
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
      first_(register_module("first", MaskedConv2d(MaskedConvOptions{
                                          .in = channel_groups(o.channels, o.channels),
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
  Scan scan{register_module(name + "_input",
                            MaskedConv2d(MaskedConvOptions{
                                .in = channel_groups(2 * o.hidden, o.channels),
                                .out = repeated(channel_groups(o.hidden, o.channels), 4),
                                .columns = rows ? 3 : 1})),
            register_parameter(name + "_K", torch::randn({taps, o.hidden, 4 * o.hidden}) /
                                                std::sqrt(static_cast<double>(taps * o.hidden))),
            {}, {}, {}, path};
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
    const auto skip = torch::matmul(h, layer.skip->tap_weights()[0].t());
    skips = skips.defined() ? skips + skip : skip;
  }
  if (skips.defined()) y = y + skips;
  return head_(y.permute({0, 3, 1, 2}));
}

std::vector<RecipeFor<PixelRnnOptions>> PixelRnn::recipes() {
  return {{"all data",
           always<PixelRnnOptions>,
           {{"batch", "16"},
            {"epochs", "10"},
            {"least_steps", "3000"},
            {"schedule", "cosine"},
            {"learning_rate", "0.001"},
            {"ema", "0.999"}}}};
}

}  // namespace kiln
