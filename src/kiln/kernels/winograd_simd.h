#pragma once

#include <cstddef>

namespace kiln::simd {

// The three maps of Winograd's F(4 x 4, 3 x 3), Lavin & Gray 2016, arXiv:1509.09308, section 4.1,
// each of both sides of a tile, for all channels at once.  A tile is 4 x 4 pixels of an output; its
// 36 numbers stand in planes: number k of tile t and channel c at planes[(k * stride + t) * C + c].

/// Pictures [B, H, W, C], cut into tiles from their upper left corner: rows(H) x rows(W) each, in
/// reading order, where rows(n) = (n + 3) / 4.  Beyond its edges a picture is 0.
struct WinogradMaps {
  std::size_t height, width, channels;

  std::size_t tiles_across() const { return (width + 3) / 4; }
  std::size_t tiles() const { return (height + 3) / 4 * tiles_across(); }  ///< Of one picture.
};

/// Some tiles of all pictures, and the planes that hold their numbers.
struct WinogradTiles {
  std::size_t first, count;
  std::size_t stride;  ///< Tiles in a plane.
};

/// B^T d B of the 6 x 6 pixels around each tile.
void winograd_patches(const WinogradMaps& maps, const float* pictures, const WinogradTiles& tiles,
                      float* planes);

/// A d A^T of the 4 x 4 pixels of each tile.
void winograd_spread(const WinogradMaps& maps, const float* pictures, const WinogradTiles& tiles,
                     float* planes);

/// A^T m A of each tile's 36 numbers, and `bias` [C] unless it is null, written to its pixels.
void winograd_gather(const WinogradMaps& maps, const float* planes, const WinogradTiles& tiles,
                     const float* bias, float* pictures);

}  // namespace kiln::simd
