#pragma once

#include <cstddef>

/// The vector code under lstm_scan.h.  Sees no LibTorch.
///
/// What binds.  A cell of h units takes 4h inputs from each of two or three cells before it: 8 h^2
/// or 12 h^2 multiply-adds, and five functions for each unit.  With h = 16 that is a few hundred
/// nanoseconds, which tensor code pays many times over for each of its calls.  Here vector lanes
/// are units; the four gates of a block of 16 units of several pictures stay in registers while the
/// inputs go by, so one load of a weight serves several pictures, and a cell's functions are
/// computed where its sums already are.  Pictures go through in step, without a barrier.
///
/// The gradient goes through the cells backwards.  A cell's share of dK is added up row by row,
/// while the row is still in the second cache.
///
/// Pictures are B x H x W cells; h units, padded to a multiple of 16.  Arrays of cells are
/// "framed": [B, H + 1, W + 2, n], where row 0 and the first and last column stand for what is
/// outside of the picture: the initial state, or 0.  Gates of a block of 16 units lie together,
/// o, f, i, g: [blocks, 4, 16].
namespace kiln::simd {

inline constexpr std::size_t kLstmBlock = 16;

struct LstmScan {
  std::size_t height, width, units;  ///< Of all pictures; units a multiple of 16.
  bool diagonal;  ///< Takes the cell above and the one before; else the three cells above.
  bool mirrored;  ///< From right to left; diagonal only.

  std::size_t taps() const { return diagonal ? 2 : 3; }
  std::size_t frame_row() const { return width + 2; }
  std::size_t frame() const { return (height + 1) * frame_row(); }  ///< Cells of a picture.
};

/// K of the taps, packed for the vectors.  Taps of a diagonal scan: above, before; of a row scan:
/// above left, above, above right.
struct LstmForward {
  const float* gates;  ///< [B, H, W, 4 units]: what the input adds, bias and all.
  const float* K;      ///< [taps, units / 16, units, 4, 16].
  float* h;            ///< [B, H + 1, W + 2, units], framed, the frame filled.
  float* c;            ///< The same.
  float* active;       ///< [B, H, W, 4 units]: gates behind their functions.
};
/// Pictures [first, first + count).
void lstm_forward(const LstmScan& scan, const LstmForward& arrays, std::size_t first,
                  std::size_t count);

struct LstmBackward {
  const float* d_out;  ///< [B, H, W, units].
  const float* KT;     ///< [taps, units / 16, 4 units, 16]: K with inputs and outputs exchanged.
  const float *h, *c;  ///< As lstm_forward left them.
  const float* active;
  /// [B, H + 2, W + 2, 4 units], 0 where outside: row 0 and row H + 1, first and last column.
  float* d_gates;
  float* d_frame_h;  ///< [B, H + 1, W + 2, units]: written where h has an initial state.
  float* d_frame_c;
  float* dK;  ///< [taps, units / 16, units, 4, 16]: of these pictures, added to.
};
void lstm_backward(const LstmScan& scan, const LstmBackward& arrays, std::size_t first,
                   std::size_t count);

/// How many pictures go through in step: a thread does best with multiples.
std::size_t lstm_pictures();

}  // namespace kiln::simd
