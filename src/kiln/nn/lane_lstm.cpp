#include "kiln/nn/lane_lstm.h"

#include <torch/types.h>

#include <algorithm>

#include "kiln/kernels/lane_ops_simd.h"

namespace kiln {
namespace {

// Taps of K, in the order of its weights.
std::vector<Tap> taps_of(LstmPath path) {
  if (path == LstmPath::rows) return {{-1, -1}, {-1, 0}, {-1, 1}};
  return {{-1, 0}, {0, path == LstmPath::diagonal ? -1 : 1}};
}

}  // namespace

LaneLstm::LaneLstm(const LaneLstmWeights& weights, LstmPath path, std::int64_t width,
                   std::int64_t channels, std::int64_t lanes)
    : path_(path),
      units_(weights.states.K.size(1)),
      lanes_(lanes),
      groups_(channel_groups(units_, channels)),
      input_(weights.input, lanes),
      states_(weights.states.K.transpose(1, 2), {}, taps_of(path), weights.input.options().out,
              lanes),
      h_(2, width, 1, units_, lanes),
      c_(2, width, 1, units_, lanes),
      added_(weights.gates.defined() ? lane_columns(weights.gates, lanes) : LaneMemory()),
      gates_(4 * units_ * lanes) {
  if (weights.guide) guide_ = LaneConv(*weights.guide, lanes);
  const auto& states = weights.states;
  if (!states.h0.defined()) return;
  for (std::int64_t n = 0; n < states.h0.size(0); ++n) {
    h0_.push_back(lane_columns(states.h0[n], lanes));
    c0_.push_back(lane_columns(states.c0[n], lanes));
  }
  if (path == LstmPath::rows)
    for (std::int64_t column = 0; column < width; ++column)
      start(-1, column, static_cast<std::size_t>(column));
}

void LaneLstm::start(std::int64_t row, std::int64_t column, std::size_t place) {
  std::copy_n(h0_[place].data(), units_ * lanes_, h_.at(row, column));
  std::copy_n(c0_[place].data(), units_ * lanes_, c_.at(row, column));
}

void LaneLstm::begin_row(std::int64_t row) {
  if (path_ == LstmPath::rows || h0_.empty()) return;
  start(row, path_ == LstmPath::diagonal ? -1 : h_.width(), static_cast<std::size_t>(row));
}

void LaneLstm::step(const LaneRows& in, std::int64_t row, std::int64_t column, std::int64_t channel,
                    const float* guide) {
  float* gates = gates_.data();
  input_.run(in, row, column, channel, gates, {.start = added_.data()});
  states_.run(h_, row, column, channel, gates, {.start = gates});
  if (guide) guide_.run(guide, channel, gates, {.start = gates});
  const auto [first, count] = maps_of(groups_, channel);
  const auto from = first * lanes_;
  const auto* before = path_ == LstmPath::rows       ? c_.at(row - 1, column)
                       : path_ == LstmPath::diagonal ? c_.at(row, column - 1)
                                                     : c_.at(row, column + 1);
  simd::lane_lstm(gates + from, static_cast<std::size_t>(units_ * lanes_), before + from,
                  static_cast<std::size_t>(count * lanes_), c_.at(row, column) + from,
                  h_.at(row, column) + from);
}

}  // namespace kiln
