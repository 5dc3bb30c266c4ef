#include "kiln/kernels/lstm_scan_simd.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kiln/kernels/lstm_scan_simd.cpp"
#include <hwy/foreach_target.h>
#include "kiln/kernels/gates-inl.h"
#include "kiln/kernels/simd_targets.h"

HWY_BEFORE_NAMESPACE();
namespace kiln::simd::HWY_NAMESPACE {
namespace {

constexpr std::size_t kVectors = kLstmBlock / kLanes;  // of a block of units
constexpr std::size_t kStep = kLanes == 16 ? 4 : 1;    // pictures in step

using Offset = std::ptrdiff_t;

// Where a scan goes and what a cell takes, in cells of the frame.
struct Path {
  explicit Path(const LstmScan& s)
      : scan(s), row(static_cast<Offset>(s.frame_row())), before(s.mirrored ? 1 : -1) {
    if (s.diagonal) {
      tap[0] = -row, tap[1] = before, carry = before;
    } else {
      tap[0] = -row - 1, tap[1] = -row, tap[2] = -row + 1, carry = -row;
    }
  }
  std::size_t column(std::size_t step) const {
    return scan.mirrored ? scan.width - 1 - step : step;
  }
  // Of a picture's cell in the frame of h and c, in that of d_gates and in the arrays without one.
  std::size_t framed(std::size_t picture, std::size_t r, std::size_t c) const {
    return picture * scan.frame() + (r + 1) * scan.frame_row() + c + 1;
  }
  std::size_t wide(std::size_t picture, std::size_t r, std::size_t c) const {
    return picture * (scan.height + 2) * scan.frame_row() + (r + 1) * scan.frame_row() + c + 1;
  }
  std::size_t plain(std::size_t picture, std::size_t r, std::size_t c) const {
    return (picture * scan.height + r) * scan.width + c;
  }

  const LstmScan& scan;
  Offset row, before, carry, tap[3];
};

// Where the numbers of another cell begin, `size` to each.
HWY_INLINE std::size_t Moved(std::size_t cell, Offset by, std::size_t size) {
  return static_cast<std::size_t>(static_cast<Offset>(cell) + by) * size;
}

// ---- Forward

// Gates of one block of units at one cell of kPictures pictures.
template <std::size_t kPictures>
HWY_INLINE void Cell(const Path& path, const LstmForward& a, std::size_t first, std::size_t r,
                     std::size_t c, std::size_t block) {
  const std::size_t units = path.scan.units, gates = 4 * units, at = block * 4 * kLstmBlock;
  Vec sum[kPictures][4][kVectors];
  KILN_UNROLL for (std::size_t p = 0; p < kPictures; ++p) {
    const float* g = a.gates + path.plain(first + p, r, c) * gates + at;
    KILN_UNROLL for (std::size_t n = 0; n < 4; ++n)
        KILN_UNROLL for (std::size_t v = 0; v < kVectors; ++v) sum[p][n][v] =
            hn::LoadU(kTag, g + n * kLstmBlock + v * kLanes);
  }
  const float* w = a.K + block * units * 4 * kLstmBlock;
  for (std::size_t t = 0; t < path.scan.taps(); ++t) {
    const float* in[kPictures];
    for (std::size_t p = 0; p < kPictures; ++p)
      in[p] = a.h + Moved(path.framed(first + p, r, c), path.tap[t], units);
    const float* wk = w + t * units * gates;
    for (std::size_t k = 0; k < units; ++k, wk += 4 * kLstmBlock)
      KILN_UNROLL for (std::size_t n = 0; n < 4; ++n)
          KILN_UNROLL for (std::size_t v = 0; v < kVectors; ++v) {
        const Vec weight = hn::LoadU(kTag, wk + n * kLstmBlock + v * kLanes);
        KILN_UNROLL for (std::size_t p = 0; p < kPictures; ++p) sum[p][n][v] =
            hn::MulAdd(Splat(in[p][k]), weight, sum[p][n][v]);
      }
  }
  KILN_UNROLL for (std::size_t p = 0; p < kPictures; ++p)
      KILN_UNROLL for (std::size_t v = 0; v < kVectors; ++v) {
    const std::size_t unit = block * kLstmBlock + v * kLanes;
    const std::size_t cell = path.framed(first + p, r, c);
    float* out = a.active + path.plain(first + p, r, c) * gates + at + v * kLanes;
    const Vec o = Sigmoid(sum[p][0][v]), f = Sigmoid(sum[p][1][v]), i = Sigmoid(sum[p][2][v]);
    const Vec g = Tanh(sum[p][3][v]);
    const Vec before = hn::LoadU(kTag, a.c + Moved(cell, path.carry, units) + unit);
    const Vec state = hn::MulAdd(f, before, hn::Mul(i, g));
    hn::StoreU(o, kTag, out);
    hn::StoreU(f, kTag, out + kLstmBlock);
    hn::StoreU(i, kTag, out + 2 * kLstmBlock);
    hn::StoreU(g, kTag, out + 3 * kLstmBlock);
    hn::StoreU(state, kTag, a.c + cell * units + unit);
    hn::StoreU(hn::Mul(o, Tanh(state)), kTag, a.h + cell * units + unit);
  }
}

template <std::size_t kPictures>
void ForwardSome(const Path& path, const LstmForward& a, std::size_t first) {
  const auto& s = path.scan;
  for (std::size_t r = 0; r < s.height; ++r)
    for (std::size_t step = 0; step < s.width; ++step)
      for (std::size_t block = 0; block < s.units / kLstmBlock; ++block)
        Cell<kPictures>(path, a, first, r, path.column(step), block);
}

void Forward(const LstmScan& scan, const LstmForward& a, std::size_t first, std::size_t count) {
  const Path path(scan);
  std::size_t b = first;
  for (; b + kStep <= first + count; b += kStep) ForwardSome<kStep>(path, a, b);
  for (; b < first + count; ++b) ForwardSome<1>(path, a, b);
}

// ---- Backward

// dL/dh of a block of units at a cell: the sum over the cells that take it, K^T d_gates.
template <std::size_t kPictures>
HWY_INLINE void Pulled(const Path& path, const LstmBackward& a, std::size_t first, std::size_t r,
                       std::size_t c, std::size_t block, std::size_t taps_from,
                       Vec (&sum)[kPictures][kVectors]) {
  const std::size_t units = path.scan.units, gates = 4 * units;
  Vec odd[kPictures][kVectors];
  KILN_UNROLL for (std::size_t p = 0; p < kPictures; ++p)
      KILN_UNROLL for (std::size_t v = 0; v < kVectors; ++v) odd[p][v] = hn::Zero(kTag);
  for (std::size_t t = taps_from; t < path.scan.taps(); ++t) {
    const float* in[kPictures];
    for (std::size_t p = 0; p < kPictures; ++p)
      in[p] = a.d_gates + Moved(path.wide(first + p, r, c), -path.tap[t], gates);
    const float* w = a.KT + (t * units + block * kLstmBlock) * gates;
    for (std::size_t k = 0; k < gates; k += 2, w += 2 * kLstmBlock)
      KILN_UNROLL for (std::size_t v = 0; v < kVectors; ++v) {
        const Vec even_w = hn::LoadU(kTag, w + v * kLanes);
        const Vec odd_w = hn::LoadU(kTag, w + kLstmBlock + v * kLanes);
        KILN_UNROLL for (std::size_t p = 0; p < kPictures; ++p) {
          sum[p][v] = hn::MulAdd(Splat(in[p][k]), even_w, sum[p][v]);
          odd[p][v] = hn::MulAdd(Splat(in[p][k + 1]), odd_w, odd[p][v]);
        }
      }
  }
  KILN_UNROLL for (std::size_t p = 0; p < kPictures; ++p)
      KILN_UNROLL for (std::size_t v = 0; v < kVectors; ++v) sum[p][v] =
          hn::Add(sum[p][v], odd[p][v]);
}

// Where the gradient of the state waits for the cell that gave it: d_frame_c, which the cells
// themselves use on the way.
template <std::size_t kPictures>
HWY_INLINE void CellBack(const Path& path, const LstmBackward& a, std::size_t first, std::size_t r,
                         std::size_t c, std::size_t block) {
  const std::size_t units = path.scan.units, gates = 4 * units, at = block * 4 * kLstmBlock;
  const Vec one = Splat(1.0f);
  Vec d_h[kPictures][kVectors];
  KILN_UNROLL for (std::size_t p = 0; p < kPictures; ++p)
      KILN_UNROLL for (std::size_t v = 0; v < kVectors; ++v) d_h[p][v] = hn::LoadU(
          kTag, a.d_out + path.plain(first + p, r, c) * units + block * kLstmBlock + v * kLanes);
  Pulled<kPictures>(path, a, first, r, c, block, 0, d_h);
  KILN_UNROLL for (std::size_t p = 0; p < kPictures; ++p)
      KILN_UNROLL for (std::size_t v = 0; v < kVectors; ++v) {
    const std::size_t unit = block * kLstmBlock + v * kLanes;
    const std::size_t cell = path.framed(first + p, r, c);
    const float* active = a.active + path.plain(first + p, r, c) * gates + at + v * kLanes;
    float* out = a.d_gates + path.wide(first + p, r, c) * gates + at + v * kLanes;
    const Vec o = hn::LoadU(kTag, active), f = hn::LoadU(kTag, active + kLstmBlock);
    const Vec i = hn::LoadU(kTag, active + 2 * kLstmBlock);
    const Vec g = hn::LoadU(kTag, active + 3 * kLstmBlock);
    const Vec t = Tanh(hn::LoadU(kTag, a.c + cell * units + unit));
    const Vec before = hn::LoadU(kTag, a.c + Moved(cell, path.carry, units) + unit);
    const Vec waiting = hn::LoadU(kTag, a.d_frame_c + cell * units + unit);
    const Vec d = d_h[p][v];
    const Vec d_c = hn::MulAdd(hn::Mul(d, o), hn::NegMulAdd(t, t, one), waiting);
    hn::StoreU(hn::Mul(d_c, f), kTag, a.d_frame_c + Moved(cell, path.carry, units) + unit);
    const auto slope = [&](Vec s) { return hn::NegMulAdd(s, s, s); };
    hn::StoreU(hn::Mul(hn::Mul(d, t), slope(o)), kTag, out);
    hn::StoreU(hn::Mul(hn::Mul(d_c, before), slope(f)), kTag, out + kLstmBlock);
    hn::StoreU(hn::Mul(hn::Mul(d_c, g), slope(i)), kTag, out + 2 * kLstmBlock);
    hn::StoreU(hn::Mul(hn::Mul(d_c, i), hn::NegMulAdd(g, g, one)), kTag, out + 3 * kLstmBlock);
  }
}

// dK of a block of gates += h of the cells that are taken x d_gates of those that take, over a row.
HWY_INLINE void RowOfK(const Path& path, const LstmBackward& a, std::size_t picture, std::size_t r,
                       std::size_t tap, std::size_t block) {
  const std::size_t units = path.scan.units, gates = 4 * units, at = block * 4 * kLstmBlock;
  constexpr std::size_t kInputs = kLanes == 16 ? 4 : 1;
  float* dk = a.dK + (tap * units / kLstmBlock + block) * units * 4 * kLstmBlock;
  for (std::size_t k = 0; k < units; k += kInputs) {
    Vec sum[kInputs][4 * kVectors];
    KILN_UNROLL for (std::size_t q = 0; q < kInputs; ++q)
        KILN_UNROLL for (std::size_t v = 0; v < 4 * kVectors; ++v) sum[q][v] =
            hn::LoadU(kTag, dk + (k + q) * 4 * kLstmBlock + v * kLanes);
    const float* h = a.h + Moved(path.framed(picture, r, 0), path.tap[tap], units) + k;
    const float* d = a.d_gates + path.wide(picture, r, 0) * gates + at;
    for (std::size_t c = 0; c < path.scan.width; ++c, h += units, d += gates)
      KILN_UNROLL for (std::size_t v = 0; v < 4 * kVectors; ++v) {
        const Vec dv = hn::LoadU(kTag, d + v * kLanes);
        KILN_UNROLL for (std::size_t q = 0; q < kInputs; ++q) sum[q][v] =
            hn::MulAdd(Splat(h[q]), dv, sum[q][v]);
      }
    KILN_UNROLL for (std::size_t q = 0; q < kInputs; ++q)
        KILN_UNROLL for (std::size_t v = 0; v < 4 * kVectors; ++v)
            hn::StoreU(sum[q][v], kTag, dk + (k + q) * 4 * kLstmBlock + v * kLanes);
  }
}

// dL/dh of initial states: of the cells before a row's first one, or above the first row.
template <std::size_t kPictures>
void FrameBack(const Path& path, const LstmBackward& a, std::size_t first) {
  const auto& s = path.scan;
  const std::size_t count = s.diagonal ? s.height : s.width;
  for (std::size_t n = 0; n < count; ++n) {
    // Cells of the frame have row or column -1 or W; as unsigned numbers they wrap back.
    const std::size_t r = s.diagonal ? n : std::size_t(0) - 1;
    const std::size_t c = !s.diagonal ? n : s.mirrored ? s.width : std::size_t(0) - 1;
    for (std::size_t block = 0; block < s.units / kLstmBlock; ++block) {
      Vec sum[kPictures][kVectors];
      for (std::size_t p = 0; p < kPictures; ++p)
        for (std::size_t v = 0; v < kVectors; ++v) sum[p][v] = hn::Zero(kTag);
      Pulled<kPictures>(path, a, first, r, c, block, s.diagonal ? 1 : 0, sum);
      for (std::size_t p = 0; p < kPictures; ++p)
        for (std::size_t v = 0; v < kVectors; ++v)
          hn::StoreU(sum[p][v], kTag,
                     a.d_frame_h + path.framed(first + p, r, c) * s.units + block * kLstmBlock +
                         v * kLanes);
    }
  }
}

template <std::size_t kPictures>
void BackwardSome(const Path& path, const LstmBackward& a, std::size_t first) {
  const auto& s = path.scan;
  const std::size_t blocks = s.units / kLstmBlock;
  for (std::size_t r = s.height; r-- > 0;) {
    for (std::size_t step = s.width; step-- > 0;)
      for (std::size_t block = 0; block < blocks; ++block)
        CellBack<kPictures>(path, a, first, r, path.column(step), block);
    for (std::size_t tap = 0; tap < s.taps(); ++tap)
      for (std::size_t block = 0; block < blocks; ++block)
        for (std::size_t p = 0; p < kPictures; ++p) RowOfK(path, a, first + p, r, tap, block);
  }
  FrameBack<kPictures>(path, a, first);
}

void Backward(const LstmScan& scan, const LstmBackward& a, std::size_t first, std::size_t count) {
  const Path path(scan);
  std::size_t b = first;
  for (; b + kStep <= first + count; b += kStep) BackwardSome<kStep>(path, a, b);
  for (; b < first + count; ++b) BackwardSome<1>(path, a, b);
}

std::size_t Pictures() { return kStep; }

}  // namespace
}  // namespace kiln::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace kiln::simd {

HWY_EXPORT(Forward);
HWY_EXPORT(Backward);
HWY_EXPORT(Pictures);

void lstm_forward(const LstmScan& scan, const LstmForward& arrays, std::size_t first,
                  std::size_t count) {
  HWY_DYNAMIC_DISPATCH(Forward)(scan, arrays, first, count);
}

void lstm_backward(const LstmScan& scan, const LstmBackward& arrays, std::size_t first,
                   std::size_t count) {
  HWY_DYNAMIC_DISPATCH(Backward)(scan, arrays, first, count);
}

std::size_t lstm_pictures() { return HWY_DYNAMIC_DISPATCH(Pictures)(); }

}  // namespace kiln::simd
#endif  // HWY_ONCE
