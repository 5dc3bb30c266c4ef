#pragma once

#include <cstdint>
#include <vector>

#include "kiln/nn/masked_conv.h"

namespace kiln {

// Parts of networks that make pictures one number at a time, many pictures side by side: "lanes",
// a multiple of 16.  A column is [maps, lanes], all maps at one pixel.

/// Memory of float32 that vectors can be read from at full speed.
class LaneMemory {
 public:
  LaneMemory() = default;
  explicit LaneMemory(std::int64_t numbers);  ///< Zeros.
  float* data() const { return data_; }

 private:
  Tensor memory_;
  float* data_ = nullptr;
};

/// The last rows of some maps.  What lies outside of the picture is 0.
class LaneRows {
 public:
  LaneRows() = default;
  /// `rows` are kept; columns from -margin to width + margin - 1 may be read.
  LaneRows(std::int64_t rows, std::int64_t width, std::int64_t margin, std::int64_t maps,
           std::int64_t lanes);

  /// The column of maps at a pixel: row from -rows + 1 up, none further back than `rows` before
  /// the newest.
  float* at(std::int64_t row, std::int64_t column) const {
    const auto place = (row + rows_) % rows_ * (width_ + 2 * margin_) + column + margin_;
    return memory_.data() + place * size_;
  }
  std::int64_t width() const { return width_; }

 private:
  std::int64_t rows_ = 1, width_ = 0, margin_ = 0, size_ = 0;
  LaneMemory memory_;
};

/// What a product adds to and what it does with the sum.
struct LaneSum {
  const float* start = nullptr;  ///< [maps, lanes] that is added; may be the output.
  bool relu = false;
};

/// A masked convolution at one pixel: the maps of one channel, so that they can be made once that
/// channel's turn has come.
class LaneConv {
 public:
  LaneConv() = default;
  LaneConv(const MaskedConv2dImpl& conv, std::int64_t lanes);
  /// One of weights [taps, out, in] and a bias [out] or none; `groups`: the channel of each output.
  LaneConv(const Tensor& weights, const Tensor& bias, std::vector<Tap> taps,
           const std::vector<std::int64_t>& groups, std::int64_t lanes);

  /// out [maps, lanes]: those of `channel` are written.
  void run(const LaneRows& in, std::int64_t row, std::int64_t column, std::int64_t channel,
           float* out, const LaneSum& sum = {}) const;
  /// The same for a kernel of one pixel, which reads a column.
  void run(const float* in, std::int64_t channel, float* out, const LaneSum& sum = {}) const;

  std::int64_t reach() const;   ///< Rows that it reads, its own among them.
  std::int64_t margin() const;  ///< Columns that it reads to a side.

 private:
  struct Part {  // neighbouring maps of one channel
    std::int64_t channel, first, count;
    LaneMemory weights, bias;
  };
  void pack(const Tensor& weights, const Tensor& bias, const std::vector<std::int64_t>& groups);
  void run(const std::vector<const float*>& taps, std::int64_t channel, float* out,
           const LaneSum& sum) const;

  std::vector<Tap> taps_;
  std::vector<Part> parts_;
  std::int64_t inputs_ = 0, lanes_ = 0;
};

/// The same numbers in every lane: [n] or [lanes used, n] -> [n, lanes].
LaneMemory lane_columns(const Tensor& numbers, std::int64_t lanes);

/// The maps [first, first + count) of each channel among maps that `groups` sorts by channel.
struct MapRange {
  std::int64_t first, count;
};
MapRange maps_of(const std::vector<std::int64_t>& groups, std::int64_t channel);

}  // namespace kiln
