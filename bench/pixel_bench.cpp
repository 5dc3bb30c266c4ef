// PixelRNN and PixelCNN: training steps and sampling against the same networks as plain tensor
// code, 28 x 28 pixels of 0 and 1.  Best of several rounds, taken in turn in one process; the
// ratios are what counts.
#include <fmt/core.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>

#include "bench/race.h"
#include "kiln/core/threads.h"
#include "kiln/kernels/gated_tanh.h"
#include "kiln/kernels/lstm_scan_twin.h"
#include "kiln/models/autoregressive/gated_pixel_cnn.h"
#include "kiln/models/autoregressive/pixel_cnn.h"
#include "kiln/models/autoregressive/pixel_cnn_pp.h"
#include "kiln/models/autoregressive/pixel_rnn.h"
#include "kiln/train/optimizer.h"

namespace {

using namespace kiln;

constexpr std::int64_t kSide = 28, kPixels = kSide * kSide, kBatch = 16;

// ---- The networks as one writes them with LibTorch: whole kernels with masks, no fused layers.

struct Plain {
  explicit Plain(const PixelModel& model) : all(model.named_parameters()) {}
  Tensor at(const std::string& name) const { return all[name]; }
  // A convolution of the whole kernel, its forbidden weights multiplied by 0.
  Tensor conv(const std::string& name, const Tensor& x, bool itself = true) const {
    const auto weight = at(name + ".weight");
    const auto rows = weight.size(2), columns = weight.size(3);
    auto mask = torch::ones_like(weight);
    if (rows > 1 || columns > 1) {
      mask.slice(2, rows / 2 + 1).zero_();
      mask.select(2, rows / 2).slice(2, columns / 2 + (itself ? 1 : 0)).zero_();
    }
    return torch::conv2d(x, weight * mask, at(name + ".bias"), 1, {rows / 2, columns / 2});
  }
  Tensor head(Tensor x, std::int64_t hidden_layers) const {
    for (std::int64_t l = 0; l <= hidden_layers; ++l)
      x = conv(fmt::format("head.{}", l), torch::relu(x));
    return x;
  }
  torch::OrderedDict<std::string, Tensor> all;
};

Tensor plain_cnn(const Plain& p, const Tensor& x, std::int64_t layers) {
  auto y = p.conv("first", x, false);
  for (std::int64_t l = 1; l <= layers; ++l) {
    const auto name = fmt::format("block{}_", l);
    const auto in = torch::relu(p.conv(name + "in", torch::relu(y)));
    y = y + p.conv(name + "out", torch::relu(p.conv(name + "middle", in)));
  }
  return p.head(y, 2);
}

Tensor plain_gated(const Plain& p, const Tensor& x, std::int64_t layers) {
  auto v = x, h = x;
  Tensor skips;
  for (std::int64_t l = 1; l <= layers; ++l) {
    const auto name = fmt::format("layer{}_", l);
    const auto vertical = p.at(name + "vertical.weight"), level = p.at(name + "horizontal.weight");
    const auto up = vertical.size(2) - 1, side = vertical.size(3) / 2, left = level.size(3) - 1;
    const auto a_v = torch::conv2d(torch::constant_pad_nd(v, {side, side, up, 0}), vertical,
                                   p.at(name + "vertical.bias"));
    auto mask = torch::ones_like(level);
    if (l == 1) mask.select(3, left).zero_();
    const auto a_h =
        torch::conv2d(torch::constant_pad_nd(h, {left, 0}), level * mask,
                      p.at(name + "horizontal.bias")) +
        torch::conv2d(torch::constant_pad_nd(a_v, {0, 0, 1, -1}), p.at(name + "link.weight"));
    const auto g = gated_tanh_twin(a_h), skip = p.conv(name + "skip", g);
    skips = l == 1 ? skip : skips + skip;
    if (l == layers) break;
    v = gated_tanh_twin(a_v);
    const auto next = p.conv(name + "residual", g);
    h = l == 1 ? next : h + next;
  }
  return p.head(skips, 1);
}

Tensor plain_rnn(const Plain& p, const Tensor& x, std::int64_t layers, bool rows) {
  // The diagonal network finds the end of the row above to the left of a row.
  const auto ends = torch::constant_pad_nd(x, {0, 0, 1, -1}).slice(3, -3);
  auto y = rows ? p.conv("first", x, false)
                : p.conv("first", torch::cat({ends, x}, 3), false).slice(3, 3);
  const auto scan = [&](const std::string& name, LstmPath path) {
    const auto gates = p.conv(name + "_input", y).permute({0, 2, 3, 1});
    return lstm_scan_twin(lstm_packed(gates),
                          {p.at(name + "_K"), p.at(name + "_h0"), p.at(name + "_c0")}, path)
        .permute({0, 3, 1, 2});
  };
  for (std::int64_t l = 1; l <= layers; ++l) {
    const auto name = fmt::format("layer{}", l);
    if (rows) {
      y = y + p.conv(name + "_up", scan(name, LstmPath::rows));
      continue;
    }
    const auto right = scan(name + "_right", LstmPath::diagonal_mirror);
    y = y + p.conv(name + "_up", scan(name + "_left", LstmPath::diagonal) +
                                     torch::constant_pad_nd(right, {0, 0, 1, -1}));
  }
  return p.head(y, 2);
}

// ---- The race

struct Entry {
  std::string name;
  std::shared_ptr<PixelModel> model;
  std::function<Tensor(const Plain&, const Tensor&)> plain;  // scaled -> logits
  double multiply_adds;  // of a pixel, forwards, where the mask allows them
};

template <class M, class Options>
Entry entry(std::string name, Options o, double multiply_adds,
            std::function<Tensor(const Plain&, const Tensor&)> plain) {
  o.data_dim = kPixels, o.channels = 1, o.height = kSide, o.width = kSide, o.states = 2;
  return {std::move(name), std::make_shared<M>(o), std::move(plain), multiply_adds};
}

std::vector<Entry> entries() {
  std::vector<Entry> list;
  PixelRnnOptions row;
  row.kind = PixelRnnKind::row;
  const double h = 16, w = 32;
  list.push_back(
      entry<PixelRnn>("Row LSTM, h 16, 7 layers", row,
                      24 * w + 7 * (2 * w * 4 * h + 3 * h * 4 * h + h * w) + 2 * w * w + w,
                      [](const Plain& p, const Tensor& x) { return plain_rnn(p, x, 7, true); }));
  list.push_back(
      entry<PixelRnn>("Diagonal BiLSTM, h 16, 7 layers", PixelRnnOptions{},
                      24 * w + 7 * (2 * (w * 4 * h + 2 * h * 4 * h) + h * w) + 2 * w * w + w,
                      [](const Plain& p, const Tensor& x) { return plain_rnn(p, x, 7, false); }));
  PixelCnnOptions cnn;
  cnn.hidden = 32, cnn.layers = 7, cnn.head = 64;
  list.push_back(
      entry<PixelCnn>("PixelCNN, 64 maps, 7 blocks", cnn,
                      24. * 64 + 7 * (64. * 32 + 5 * 32. * 32 + 32. * 64) + 2 * 64. * 64 + 64,
                      [](const Plain& p, const Tensor& x) { return plain_cnn(p, x, 7); }));
  GatedPixelCnnOptions gated;
  gated.maps = 64, gated.layers = 8, gated.head = 64;
  list.push_back(entry<GatedPixelCnn>(
      "Gated PixelCNN, 64 maps, 8 layers", gated,
      28. * 128 + 128 * 128 + 3. * 128 + 2 * 64 * 64 +
          7 * (6. * 64 * 128 + 128 * 128 + 2. * 64 * 128 + 2 * 64 * 64) + 64. * 64 + 64,
      [](const Plain& p, const Tensor& x) { return plain_gated(p, x, 8); }));
  return list;
}

Tensor some_pictures(std::int64_t count) {
  Rng rng(1);
  return rng.bernoulli(torch::full({count, 1, kSide, kSide}, 0.13));
}

std::function<void()> training(PixelModel& model, const std::function<Tensor()>& loss) {
  const auto parameters = model.players()[0].parameters;
  std::vector<Tensor> inputs;
  for (const auto& p : parameters) inputs.push_back(p.tensor);
  const auto optimizer = std::make_shared<Optimizer>(parameters, OptimizerOptions{});
  return [=] { optimizer->step(torch::autograd::grad({loss()}, inputs), 1e-6); };
}

Tensor plain_loss(const Entry& e, const Tensor& x) {
  const auto logits = e.plain(Plain(*e.model), 2 * x - 1);
  return torch::binary_cross_entropy_with_logits(logits, x, {}, {}, at::Reduction::Sum) /
         static_cast<double>(x.size(0));
}

// How far the two ways differ: what is raced must be the same thing.
double difference(const Entry& e) {
  torch::NoGradGuard no_grad;
  const auto x = some_pictures(2);
  return (e.plain(Plain(*e.model), 2 * x - 1) - e.model->logits(x)).abs().max().item<double>();
}

void race_training(const Entry& e, double peak) {
  const auto x = some_pictures(kBatch);
  Rng rng(1);
  const auto player = e.model->players()[0];
  std::vector<Contestant> list{
      {"Kiln", training(*e.model, [&] { return player.objective({x}, rng).loss; }), 2},
      {"plain", training(*e.model, [&] { return plain_loss(e, x); })}};
  race(list, 4);
  const double flops = 3 * 2 * e.multiply_adds * kPixels * kBatch;
  fmt::print("{:<36}{:>9.1f} ms{:>10.1f} ms{:>8.1f}x{:>8.0f}% of peak{:>12.1e} apart\n", e.name,
             list[0].best, list[1].best, list[1].best / list[0].best,
             100 * flops / list[0].best * 1e3 / peak, difference(e));
}

void race_sampling(const Entry& e, double peak) {
  torch::NoGradGuard no_grad;
  constexpr std::int64_t kCount = 64;
  Rng rng(1);
  const auto x = some_pictures(kCount), uniform = rng.uniform({kCount, kPixels});
  std::vector<Contestant> list{{"Kiln", [&] { e.model->draw(Batch{uniform}); }, 2},
                               {"a pass", [&] { e.plain(Plain(*e.model), x); }}};
  race(list, 3);
  const double flops = 2 * e.multiply_adds * kPixels * kCount;
  fmt::print("{:<36}{:>9.1f} ms{:>10.0f} ms{:>8.0f}x{:>8.0f}% of peak\n", e.name, list[0].best,
             list[1].best * kPixels, list[1].best * kPixels / list[0].best,
             100 * flops / list[0].best * 1e3 / peak);
}

// PixelCNN++ of 32 x 32 colours; a pass is Kiln's own, which is plain tensor code.
void race_colours() {
  torch::NoGradGuard no_grad;
  PixelCnnPpOptions o;
  o.data_dim = 3 * 32 * 32, o.channels = 3, o.height = 32, o.width = 32, o.states = 256;
  o.maps = 64, o.blocks = 5;
  PixelCnnPp model(o);
  constexpr std::int64_t kCount = 16;
  Rng rng(1);
  const auto uniform = rng.uniform({kCount, o.data_dim});
  const auto x = rng.integers(256, {kCount, o.data_dim}).to(torch::kFloat32);
  std::vector<Contestant> list{{"Kiln", [&] { model.draw(Batch{uniform}); }},
                               {"a pass", [&] { model.logits(x); }, 2}};
  race(list, 2);
  fmt::print(
      "\nPixelCNN++, 64 maps, 5 blocks, 3 resolutions: 16 samples of 32 x 32 colours, a pass for "
      "each of 1024 pixels\n{:>45.1f} ms{:>10.0f} ms{:>8.0f}x\n",
      list[0].best, list[1].best * 1024, list[1].best * 1024 / list[0].best);
}

}  // namespace

int main(int argc, char** argv) {
  start_race(argc, argv);
  const double peak = measure_peak();
  fmt::print("peak: {:.0f} GFLOP/s in a matrix product\n", peak / 1e9);
  std::vector<Entry> list;  // pixel_bench [THREADS [NAME]]: those whose name begins so
  for (auto& e : entries())
    if (argc < 3 || e.name.starts_with(argv[2])) list.push_back(std::move(e));
  fmt::print("\ntraining step with Adam, batch {}\n", kBatch);
  for (const auto& e : list) race_training(e, peak);
  fmt::print("\n64 samples; the naive way is a plain pass for each of 784 pixels\n");
  for (const auto& e : list) race_sampling(e, peak);
  if (argc < 3 || std::string_view("PixelCNN++").starts_with(argv[2])) race_colours();
}
