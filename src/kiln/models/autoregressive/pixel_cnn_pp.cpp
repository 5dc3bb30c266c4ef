#include "kiln/models/autoregressive/pixel_cnn_pp.h"

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>

#include "kiln/core/check.h"
#include "kiln/kernels/lane_ops_simd.h"
#include "kiln/nn/logistic_law.h"

namespace kiln {
namespace {

constexpr ShiftedKernel kAbove{2, 3, -1, -1}, kAboveLeft{2, 2, -1, -1};

const PixelCnnPpOptions& checked_sizes(const PixelCnnPpOptions& o) {
  checked("pixel_cnn_pp", o);
  const auto unit = std::int64_t{1} << (o.resolutions - 1);
  if (o.height % unit || o.width % unit)
    throw ConfigError(
        "pixel_cnn_pp.resolutions",
        fmt::format("{} resolutions need a height and width that {} divides, got {} x "
                    "{}; use fewer, or size= in the data source",
                    o.resolutions, unit, o.height, o.width));
  return o;
}

ShiftedConv conv(std::int64_t in, std::int64_t out, const ShiftedKernel& kernel,
                 std::int64_t stride = 1, bool transposed = false) {
  return ShiftedConv(ShiftedConvOptions{
      .in = in, .out = out, .kernel = kernel, .stride = stride, .transposed = transposed});
}

}  // namespace

PixelCnnPp::PixelCnnPp(const PixelCnnPpOptions& o)
    : PixelModel("pixel_cnn_pp", checked_sizes(o),
                 std::make_unique<LogisticLaw>(o.channels, o.levels(), o.components)),
      first_u_(register_module("first_u", conv(o.channels + 1, o.maps, {2, 3, -2, -1}))),
      first_above_(register_module("first_above", conv(o.channels + 1, o.maps, {1, 3, -1, -1}))),
      first_left_(register_module("first_left", conv(o.channels + 1, o.maps, {2, 1, -1, -1}))),
      last_(register_module("last", conv(o.maps, law().outputs(), {}))),
      started_(register_buffer("started", torch::zeros({}, torch::kInt64))) {
  for (std::int64_t s = 0; s < o.resolutions; ++s) add_level(o, s);
}

void PixelCnnPp::add_level(const PixelCnnPpOptions& o, std::int64_t number) {
  const bool last = number == o.resolutions - 1;
  const auto fill = [&](Stream& stream, const std::string& name, const ShiftedKernel& kernel,
                        std::int64_t side_up, std::int64_t side_down) {
    const auto block = [&](const char* way, std::int64_t n, std::int64_t side) {
      return register_module(fmt::format("level{}_{}_{}{}", number, name, way, n),
                             GatedResnet(GatedResnetOptions{.maps = o.maps,
                                                            .side = side,
                                                            .kernel = kernel,
                                                            .dropout = o.dropout,
                                                            .given = o.given_size()}));
    };
    for (std::int64_t n = 0; n < o.blocks; ++n) stream.up.push_back(block("up", n, side_up));
    for (std::int64_t n = 0; n < o.blocks + (last ? 0 : 1); ++n)
      stream.down.push_back(block("down", n, side_down));
    if (number > 0)
      stream.downsample = register_module(fmt::format("level{}_{}_in", number, name),
                                          conv(o.maps, o.maps, kernel, 2));
    if (!last)
      stream.upsample = register_module(
          fmt::format("level{}_{}_back", number, name),
          conv(o.maps, o.maps, {kernel.rows, kernel.columns, 0, kernel.columns == 3 ? -1 : 0}, 2,
               true));
  };
  Level level;
  fill(level.u, "u", kAbove, 0, o.maps);
  fill(level.ul, "ul", kAboveLeft, o.maps, 2 * o.maps);
  levels_.push_back(std::move(level));
}

Tensor PixelCnnPp::maps(const Tensor& scaled, const Tensor& given) {
  // A map of ones tells what is picture and what is not.
  const auto x = torch::cat({scaled, torch::ones_like(scaled.narrow(1, 0, 1))}, 1);
  auto u = first_u_(x), ul = first_above_(x) + first_left_(x);
  std::vector<std::pair<Tensor, Tensor>> nodes;
  for (auto& level : levels_) {
    if (level.u.downsample) u = level.u.downsample(u), ul = level.ul.downsample(ul);
    nodes.emplace_back(u, ul);
    for (std::size_t n = 0; n < level.u.up.size(); ++n) {
      u = level.u.up[n](u, Tensor(), given, dropping_);
      ul = level.ul.up[n](ul, u, given, dropping_);
      nodes.emplace_back(u, ul);
    }
  }
  nodes.pop_back();  // where the way down begins
  for (auto level = levels_.rbegin(); level != levels_.rend(); ++level) {
    if (level->u.upsample) u = level->u.upsample(u), ul = level->ul.upsample(ul);
    for (std::size_t n = 0; n < level->u.down.size(); ++n) {
      const auto [u_node, ul_node] = nodes.back();
      nodes.pop_back();
      u = level->u.down[n](u, u_node, given, dropping_);
      ul = level->ul.down[n](ul, torch::cat({u, ul_node}, 1), given, dropping_);
    }
  }
  return last_(torch::elu(ul));
}

// Maps are dropped for its lifetime.
class PixelCnnPp::Dropping {
 public:
  Dropping(PixelCnnPp& model, Rng& rng) : model_(model) { model_.dropping_ = &rng; }
  ~Dropping() { model_.dropping_ = nullptr; }
  Dropping(const Dropping&) = delete;
  Dropping& operator=(const Dropping&) = delete;

 private:
  PixelCnnPp& model_;
};

std::vector<Player> PixelCnnPp::players() {
  return {{.name = "model",
           .parameters = trainable(),
           .objective =
               [this](const Batch& batch, Rng& rng) {
                 const Dropping scope(*this, rng);
                 return Objective{.loss = -log_prob(batch).mean()};
               },
           .optimizer = {.beta1 = 0.95, .beta2 = 0.9995}}};
}

void PixelCnnPp::begin_round(const Batch& batch, Rng& rng) {
  PixelModel::begin_round(batch, rng);
  if (started_.item<std::int64_t>() != 0) return;
  torch::NoGradGuard no_grad;
  const auto each = [&](bool yes) {
    for (const auto& module : modules())
      if (auto* conv = module->as<ShiftedConvImpl>()) conv->start_from_data(yes);
  };
  each(true);
  logits(batch);
  each(false);
  started_.fill_(1);
}

// Levels go on by every second pixel of every second row of the one above.  The u stream needs
// rows above alone: a row of it is made before the row's first pixel.
class PixelCnnPp::Stepper : public PixelStepper {
 public:
  Stepper(const PixelCnnPp& model, const Tensor& given, std::int64_t lanes)
      : lanes_(lanes),
        channels_(model.law().channels()),
        width_(model.seen_width()),
        maps_(model.last_->weight_v.size(1)),
        first_u_(model.first_u_->lane(lanes)),
        first_above_(model.first_above_->lane(lanes)),
        first_left_(model.first_left_->lane(lanes)),
        last_(model.last_->lane(lanes)),
        pixels_(3, width_, 1, channels_ + 1, lanes),
        both_(2 * maps_ * lanes),
        activated_(maps_ * lanes),
        out_(model.last_->bias.size(0) * lanes) {
    for (std::size_t s = 0; s < model.levels_.size(); ++s) {
      const auto width = width_ >> s;
      levels_.push_back({Stream(model.levels_[s].u, given, width, maps_, lanes),
                         Stream(model.levels_[s].ul, given, width, maps_, lanes), width});
    }
  }

  LaneRows& pixels() override { return pixels_; }

  void begin_row(std::int64_t row) override {
    for (std::int64_t column = 0; column < width_; ++column)
      std::fill_n(pixels_.at(row, column) + channels_ * lanes_, lanes_, 1.0f);
    const auto top = levels_at(row);
    for (std::size_t s = 0; s < top; ++s) u_up(s, row >> s);
    for (std::size_t s = top; s-- > 0;) u_down(s, row >> s);
  }

  const float* outputs(std::int64_t row, std::int64_t column, std::int64_t channel) override {
    if (channel > 0) return out_.data();  // a pixel's outputs do not depend on the pixel
    const auto top = levels_at(row | column);
    for (std::size_t s = 0; s < top; ++s) ul_up(s, row >> s, column >> s);
    for (std::size_t s = top; s-- > 0;) ul_down(s, row >> s, column >> s);
    simd::lane_elu(levels_.front().ul.back().at(row, column),
                   static_cast<std::size_t>(maps_ * lanes_), activated_.data());
    last_.run(activated_.data(), 0, out_.data());
    return out_.data();
  }

 private:
  // One stream of a level: nodes on the way up, the first of which the level begins with, and on
  // the way down.
  struct Stream {
    Stream(const PixelCnnPp::Stream& from, const Tensor& given, std::int64_t width,
           std::int64_t maps, std::int64_t lanes) {
      for (const auto& block : from.up) up.emplace_back(*block, given, width, lanes);
      for (const auto& block : from.down) down.emplace_back(*block, given, width, lanes);
      for (std::size_t n = 0; n <= up.size(); ++n) nodes.emplace_back(2, width, 1, maps, lanes);
      for (std::size_t n = 0; n < down.size(); ++n)
        down_nodes.emplace_back(1, width, 1, maps, lanes);
      if (from.downsample) downsample = from.downsample->lane(lanes);
      if (!from.upsample) return;
      start = LaneRows(1, width, 1, maps, lanes);
      for (std::int64_t place = 0; place < 4; ++place)
        upsample.push_back(from.upsample->lane_at(place / 2, place % 2, lanes));
    }
    const LaneRows& back() const { return down_nodes.back(); }

    std::vector<LaneGatedResnet> up, down;
    std::vector<LaneRows> nodes, down_nodes;
    LaneConv downsample;
    std::vector<LaneConv> upsample;  // by the remainders of row and column by two
    LaneRows start;                  // where the way down begins, behind the lower level
  };
  struct Level {
    Stream u, ul;
    std::int64_t width;
  };

  // How many levels have a pixel here: all whose step divides the number.
  std::size_t levels_at(std::int64_t number) const {
    std::size_t count = 1;
    while (count < levels_.size() && number % (std::int64_t{1} << count) == 0) ++count;
    return count;
  }

  void u_up(std::size_t s, std::int64_t row) {
    auto& u = levels_[s].u;
    for (std::int64_t column = 0; column < levels_[s].width; ++column) {
      if (s == 0)
        first_u_.run(pixels_, row, column, 0, u.nodes[0].at(row, column));
      else
        u.downsample.run(levels_[s - 1].u.nodes.back(), 2 * row, 2 * column, 0,
                         u.nodes[0].at(row, column));
    }
    for (std::size_t n = 0; n < u.up.size(); ++n)
      whole_row(u.up[n], row, levels_[s].width, u.nodes[n], nullptr, u.nodes[n + 1]);
  }

  void u_down(std::size_t s, std::int64_t row) {
    auto& u = levels_[s].u;
    const auto* from = &u.nodes.back();
    if (s + 1 < levels_.size()) {
      for (std::int64_t column = 0; column < levels_[s].width; ++column)
        back_from(levels_[s + 1].u, u, row, column);
      from = &u.start;
    }
    for (std::size_t n = 0; n < u.down.size(); ++n) {
      whole_row(u.down[n], row, levels_[s].width, *from, &skipped(u, s, n), u.down_nodes[n]);
      from = &u.down_nodes[n];
    }
  }

  // The node of the way up that a block on the way down reads: the lowest level begins with its
  // last one and does not read it.
  const LaneRows& skipped(const Stream& stream, std::size_t s, std::size_t n) const {
    const bool lowest = s + 1 == levels_.size();
    return stream.nodes[stream.nodes.size() - 1 - n - (lowest ? 1 : 0)];
  }

  void back_from(const Stream& lower, const Stream& to, std::int64_t row, std::int64_t column) {
    to.upsample[static_cast<std::size_t>(row % 2 * 2 + column % 2)].run(
        lower.back(), row / 2, column / 2, 0, to.start.at(row, column));
  }

  static void whole_row(LaneGatedResnet& block, std::int64_t row, std::int64_t width,
                        const LaneRows& in, const LaneRows* side, const LaneRows& out) {
    for (std::int64_t c = 0; c < width; ++c) block.enter(row, c, in.at(row, c));
    for (std::int64_t c = 0; c < width; ++c)
      block.middle(row, c, side ? side->at(row, c) : nullptr);
    for (std::int64_t c = 0; c < width; ++c) block.leave(row, c, in.at(row, c), out.at(row, c));
  }

  void ul_up(std::size_t s, std::int64_t row, std::int64_t column) {
    auto& ul = levels_[s].ul;
    float* first = ul.nodes[0].at(row, column);
    if (s == 0) {
      first_above_.run(pixels_, row, column, 0, first);
      first_left_.run(pixels_, row, column, 0, first, {.start = first});
    } else {
      ul.downsample.run(levels_[s - 1].ul.nodes.back(), 2 * row, 2 * column, 0, first);
    }
    for (std::size_t n = 0; n < ul.up.size(); ++n)
      pixel(ul.up[n], row, column, ul.nodes[n], levels_[s].u.nodes[n + 1].at(row, column),
            ul.nodes[n + 1]);
  }

  void ul_down(std::size_t s, std::int64_t row, std::int64_t column) {
    auto& ul = levels_[s].ul;
    const auto* from = &ul.nodes.back();
    if (s + 1 < levels_.size()) {
      back_from(levels_[s + 1].ul, ul, row, column);
      from = &ul.start;
    }
    const auto size = maps_ * lanes_;
    for (std::size_t n = 0; n < ul.down.size(); ++n) {
      std::copy_n(levels_[s].u.down_nodes[n].at(row, column), size, both_.data());
      std::copy_n(skipped(ul, s, n).at(row, column), size, both_.data() + size);
      pixel(ul.down[n], row, column, *from, both_.data(), ul.down_nodes[n]);
      from = &ul.down_nodes[n];
    }
  }

  static void pixel(LaneGatedResnet& block, std::int64_t row, std::int64_t column,
                    const LaneRows& in, const float* side, const LaneRows& out) {
    block.enter(row, column, in.at(row, column));
    block.middle(row, column, side);
    block.leave(row, column, in.at(row, column), out.at(row, column));
  }

  std::int64_t lanes_, channels_, width_, maps_;
  LaneConv first_u_, first_above_, first_left_, last_;
  LaneRows pixels_;
  LaneMemory both_, activated_, out_;
  std::vector<Level> levels_;
};

std::unique_ptr<PixelStepper> PixelCnnPp::stepper(const Tensor& given, std::int64_t lanes) {
  return std::make_unique<Stepper>(*this, given, lanes);
}

std::vector<RecipeFor<PixelCnnPpOptions>> PixelCnnPp::recipes() {
  return {{"all data",
           always<PixelCnnPpOptions>,
           {{"batch", "16"},
            {"epochs", "10"},
            {"least_steps", "3000"},
            {"schedule", "cosine"},
            {"learning_rate", "0.001"},
            {"ema", "0.9995"}}}};
}

}  // namespace kiln
