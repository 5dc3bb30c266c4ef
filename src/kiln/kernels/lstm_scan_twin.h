#pragma once

#include "kiln/core/tensor.h"

namespace kiln {

/// In which way an LSTM goes over a picture.
enum class LstmPath {
  rows,            ///< All of a row at once; a cell takes three of the row above.
  diagonal,        ///< From left to right; a cell takes the one above and the one before.
  diagonal_mirror  ///< The same from right to left.
};

/// The weights of a scan.  h units; taps: above left, above, above right of rows; above, before of
/// diagonals.
struct LstmTensors {
  Tensor K;   ///< [taps, h, 4h]: from the units of a cell to the gates of another.
  Tensor h0;  ///< States before the first: [W, h] above the first row, or [H, h] before the first
  Tensor c0;  ///< cell of each row.  Undefined: 0.
};

/// Gates o, f, i, g behind each other [..., 4h] -> as the kernel takes them, [..., 4h'], with h'
/// the next multiple of 16: blocks of 16 units with their four gates.  Units beyond h stay 0 where
/// what is added to their gates is 0.
Tensor lstm_packed(const Tensor& gates);
Tensor lstm_unpacked(const Tensor& packed, std::int64_t units);  ///< [..., 4h'] -> [..., 4h].

/// arXiv:1601.06759, section 3.1 and 3.2, by LibTorch's operations.  gates [B, H, W, 4h'], packed:
/// what the picture adds to the gates of each cell, bias and all -> h of each cell, [B, H, W, h].
///   c = sigmoid(f) c_before + sigmoid(i) tanh(g),   h = sigmoid(o) tanh(c)
/// c_before is the state of the cell above, of rows, or of the one before.  Diagonals are made by
/// skewing: row r is shifted by r, so that what a cell takes lies in the column before.
Tensor lstm_scan_twin(const Tensor& gates, const LstmTensors& lstm, LstmPath path);

/// [B, H, W, n] -> [B, H, H + W - 1, n]: row r is moved r places to the right, 0 elsewhere.
Tensor skewed(const Tensor& cells);
Tensor unskewed(const Tensor& cells, std::int64_t width);  ///< Back.

}  // namespace kiln
