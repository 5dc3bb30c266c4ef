#include "kiln/kernels/winograd_simd.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kiln/kernels/winograd_simd.cpp"
#include <hwy/foreach_target.h>
#include "kiln/kernels/simd_math-inl.h"
#include "kiln/kernels/simd_targets.h"

HWY_BEFORE_NAMESPACE();
namespace kiln::simd::HWY_NAMESPACE {
namespace {

// Numbers a side of what a tile reads, holds and writes.
constexpr std::size_t kPatch = 6, kTile = 4;

// `count` channels of one pixel; the rest of the vector is 0.
HWY_INLINE Vec Load(const float* at, std::size_t count) {
  return count == kLanes ? hn::LoadU(kTag, at) : LoadFirst(at, count);
}
HWY_INLINE void Store(Vec v, float* at, std::size_t count) {
  if (count == kLanes)
    hn::StoreU(v, kTag, at);
  else
    StoreFirst(v, at, count);
}

// Six or four vectors `step` apart in memory.
struct Line {
  Vec* at;
  std::size_t step;
  HWY_INLINE Vec& operator[](std::size_t i) const { return at[i * step]; }
};

// B^T d: the points are 0, 1, -1, 2, -2 and infinity.
HWY_INLINE void Patch(const Line& d, const Line& to) {
  const Vec d1 = d[1], d2 = d[2], d3 = d[3], d4 = d[4];
  const Vec four = Splat(4.0f), five = Splat(5.0f);
  const Vec even = hn::NegMulAdd(four, d2, d4), odd = hn::NegMulAdd(four, d1, d3);
  const Vec near = hn::Sub(d4, d2), twice = hn::Mul(Splat(2.0f), hn::Sub(d3, d1));
  to[0] = hn::MulAdd(four, d[0], hn::NegMulAdd(five, d2, d4));
  to[5] = hn::MulAdd(four, d1, hn::NegMulAdd(five, d3, d[5]));
  to[1] = hn::Add(even, odd);
  to[2] = hn::Sub(even, odd);
  to[3] = hn::Add(near, twice);
  to[4] = hn::Sub(near, twice);
}

// A y.
HWY_INLINE void Spread(const Line& y, const Line& to) {
  const Vec y0 = y[0], y1 = y[1], y2 = y[2], y3 = y[3];
  const Vec even = hn::Add(y0, y2), odd = hn::Add(y1, y3);
  const Vec far_even = hn::MulAdd(Splat(4.0f), y2, y0);
  const Vec far_odd = hn::MulAdd(Splat(8.0f), y3, hn::Add(y1, y1));
  to[0] = y0;
  to[1] = hn::Add(even, odd);
  to[2] = hn::Sub(even, odd);
  to[3] = hn::Add(far_even, far_odd);
  to[4] = hn::Sub(far_even, far_odd);
  to[5] = y3;
}

// A^T m.
HWY_INLINE void Gather(const Line& m, const Line& to) {
  const Vec sum = hn::Add(m[1], m[2]), difference = hn::Sub(m[1], m[2]);
  const Vec far_sum = hn::Add(m[3], m[4]), far_difference = hn::Sub(m[3], m[4]);
  to[0] = hn::Add(m[0], hn::Add(sum, far_sum));
  to[1] = hn::MulAdd(Splat(2.0f), far_difference, difference);
  to[2] = hn::MulAdd(Splat(4.0f), far_sum, sum);
  to[3] = hn::MulAdd(Splat(8.0f), far_difference, hn::Add(difference, m[5]));
}

// Where a tile lies: of which picture, and its upper left pixel.
struct Place {
  std::size_t picture, row, column;
};

HWY_INLINE Place PlaceOf(const WinogradMaps& maps, std::size_t tile) {
  const std::size_t within = tile % maps.tiles();
  return {tile / maps.tiles(), within / maps.tiles_across() * kTile,
          within % maps.tiles_across() * kTile};
}

// Of the kSide pixels a side from `before` before a tile's first one on, those that are there:
// [begin, end).
struct Inside {
  std::size_t begin, end;
};
template <std::size_t kSide>
HWY_INLINE Inside InsideOf(std::size_t first, std::size_t before, std::size_t size) {
  return {first < before ? before - first : 0, HWY_MIN(kSide, size + before - first)};
}

// `kSide` x `kSide` pixels from `before` before the tile on, for `count` channels from c on.
template <std::size_t kSide>
class Window {
 public:
  HWY_INLINE Window(const WinogradMaps& maps, const Place& place, std::size_t before)
      : rows_(InsideOf<kSide>(place.row, before, maps.height)),
        columns_(InsideOf<kSide>(place.column, before, maps.width)),
        row_step_(maps.width * maps.channels),
        step_(maps.channels),
        whole_(rows_.begin + columns_.begin == 0 && rows_.end == kSide && columns_.end == kSide),
        first_(((place.picture * maps.height + place.row) * maps.width + place.column) * step_ -
               before * (row_step_ + step_)) {}

  // Pixels beyond the edges are 0.
  HWY_INLINE void Read(const float* pictures, std::size_t c, std::size_t count, Vec* to) const {
    if (whole_ && count == kLanes) return ReadWhole(pictures + c, to);
    for (std::size_t i = 0; i < kSide; ++i)
      for (std::size_t j = 0; j < kSide; ++j)
        to[i * kSide + j] = Holds(i, j) ? Load(pictures + At(i, j) + c, count) : hn::Zero(kTag);
  }

  HWY_INLINE void Write(const Vec* from, std::size_t c, std::size_t count, float* pictures) const {
    for (std::size_t i = rows_.begin; i < rows_.end; ++i)
      for (std::size_t j = columns_.begin; j < columns_.end; ++j)
        Store(from[i * kSide + j], pictures + At(i, j) + c, count);
  }

 private:
  HWY_INLINE void ReadWhole(const float* pictures, Vec* to) const {
    KILN_UNROLL for (std::size_t i = 0; i < kSide; ++i)
        KILN_UNROLL for (std::size_t j = 0; j < kSide; ++j) to[i * kSide + j] =
            hn::LoadU(kTag, pictures + At(i, j));
  }
  HWY_INLINE bool Holds(std::size_t i, std::size_t j) const {
    return i >= rows_.begin && i < rows_.end && j >= columns_.begin && j < columns_.end;
  }
  // Counted modulo 2^64: the window may begin before the pictures do.
  HWY_INLINE std::size_t At(std::size_t i, std::size_t j) const {
    return first_ + i * row_step_ + j * step_;
  }

  Inside rows_, columns_;
  std::size_t row_step_, step_;
  bool whole_;
  std::size_t first_;
};

// Both sides of a square by `map`, from kFrom to kTo numbers a side.
template <std::size_t kFrom, std::size_t kTo, class Map>
HWY_INLINE void BothSides(Vec* square, Vec* to, const Map& map) {
  Vec between[kTo * kFrom];
  KILN_UNROLL for (std::size_t j = 0; j < kFrom; ++j)
      map(Line{square + j, kFrom}, Line{between + j, kFrom});
  KILN_UNROLL for (std::size_t i = 0; i < kTo; ++i)
      map(Line{between + i * kFrom, 1}, Line{to + i * kTo, 1});
}

// From the windows of tiles to their numbers in the planes.
template <std::size_t kSide, class Map>
HWY_INLINE void ToPlanes(const WinogradMaps& maps, const float* pictures,
                         const WinogradTiles& tiles, std::size_t before, const Map& map,
                         float* planes) {
  const std::size_t plane = tiles.stride * maps.channels;
  for (std::size_t t = 0; t < tiles.count; ++t) {
    const Window<kSide> window(maps, PlaceOf(maps, tiles.first + t), before);
    for (std::size_t c = 0; c < maps.channels; c += kLanes) {
      const std::size_t count = HWY_MIN(kLanes, maps.channels - c);
      Vec pixels[kSide * kSide], numbers[kPatch * kPatch];
      window.Read(pictures, c, count, pixels);
      BothSides<kSide, kPatch>(pixels, numbers, map);
      float* to = planes + t * maps.channels + c;
      for (std::size_t k = 0; k < kPatch * kPatch; ++k) Store(numbers[k], to + k * plane, count);
    }
  }
}

void ReadPatches(const WinogradMaps& maps, const float* pictures, const WinogradTiles& tiles,
                 float* planes) {
  ToPlanes<kPatch>(
      maps, pictures, tiles, 1, [](const Line& d, const Line& to) { Patch(d, to); }, planes);
}

void ReadTiles(const WinogradMaps& maps, const float* pictures, const WinogradTiles& tiles,
               float* planes) {
  ToPlanes<kTile>(
      maps, pictures, tiles, 0, [](const Line& y, const Line& to) { Spread(y, to); }, planes);
}

void WriteTiles(const WinogradMaps& maps, const float* planes, const WinogradTiles& tiles,
                const float* bias, float* pictures) {
  const std::size_t plane = tiles.stride * maps.channels;
  for (std::size_t t = 0; t < tiles.count; ++t) {
    const Window<kTile> window(maps, PlaceOf(maps, tiles.first + t), 0);
    for (std::size_t c = 0; c < maps.channels; c += kLanes) {
      const std::size_t count = HWY_MIN(kLanes, maps.channels - c);
      Vec numbers[kPatch * kPatch], pixels[kTile * kTile];
      const float* from = planes + t * maps.channels + c;
      for (std::size_t k = 0; k < kPatch * kPatch; ++k) numbers[k] = Load(from + k * plane, count);
      BothSides<kPatch, kTile>(numbers, pixels,
                               [](const Line& m, const Line& to) { Gather(m, to); });
      const Vec added = bias ? Load(bias + c, count) : hn::Zero(kTag);
      for (Vec& pixel : pixels) pixel = hn::Add(pixel, added);
      window.Write(pixels, c, count, pictures);
    }
  }
}

}  // namespace
}  // namespace kiln::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace kiln::simd {

HWY_EXPORT(ReadPatches);
HWY_EXPORT(ReadTiles);
HWY_EXPORT(WriteTiles);

void winograd_patches(const WinogradMaps& maps, const float* pictures, const WinogradTiles& tiles,
                      float* planes) {
  HWY_DYNAMIC_DISPATCH(ReadPatches)(maps, pictures, tiles, planes);
}

void winograd_spread(const WinogradMaps& maps, const float* pictures, const WinogradTiles& tiles,
                     float* planes) {
  HWY_DYNAMIC_DISPATCH(ReadTiles)(maps, pictures, tiles, planes);
}

void winograd_gather(const WinogradMaps& maps, const float* planes, const WinogradTiles& tiles,
                     const float* bias, float* pictures) {
  HWY_DYNAMIC_DISPATCH(WriteTiles)(maps, planes, tiles, bias, pictures);
}

}  // namespace kiln::simd
#endif  // HWY_ONCE
