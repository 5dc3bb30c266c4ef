#pragma once

#include <vector>

#include "kiln/kernels/lstm_scan_twin.h"
#include "kiln/nn/lane_network.h"

namespace kiln {

/// The weights of an LSTM over a picture's cells.
struct LaneLstmWeights {
  const MaskedConv2dImpl& input;  ///< From the maps that it reads to its gates, [4h].
  LstmTensors states;
  Tensor gates = {};  ///< [pictures, 4h] that are added to the gates of each; undefined: nothing.
  const MaskedConv2dImpl* guide = nullptr;  ///< From what each pixel is given to its gates, 1x1.
};

/// An LSTM over a picture, a cell at a time; lstm_scan in small steps.
class LaneLstm {
 public:
  LaneLstm(const LaneLstmWeights& weights, LstmPath path, std::int64_t width, std::int64_t channels,
           std::int64_t lanes);

  void begin_row(std::int64_t row);  ///< Before the first cell of a row.
  /// The units of `channel` at a cell, from the maps in `in`, and in `guide`, [maps, lanes], where
  /// each pixel is given something.
  void step(const LaneRows& in, std::int64_t row, std::int64_t column, std::int64_t channel,
            const float* guide = nullptr);
  /// h, [units, lanes]; of this row and the one before.
  const float* h(std::int64_t row, std::int64_t column) const { return h_.at(row, column); }
  const std::vector<std::int64_t>& groups() const { return groups_; }  ///< The units' channels.

 private:
  void start(std::int64_t row, std::int64_t column, std::size_t place);

  LstmPath path_;
  std::int64_t units_, lanes_;
  std::vector<std::int64_t> groups_;
  LaneConv input_, states_, guide_;
  LaneRows h_, c_;
  LaneMemory added_, gates_;
  std::vector<LaneMemory> h0_, c0_;  // of each column, or of each row
};

}  // namespace kiln
