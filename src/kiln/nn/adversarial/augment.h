#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kiln/core/rng.h"
#include "kiln/core/tensor.h"

namespace kiln {

/// Random changes of images that a gradient passes through, the same law for data and samples, in
/// the critic's turn and in the generator's: a critic with few data cannot learn them by heart, and
/// the generator does not learn the changes.  Zhao, Liu, Lin, Zhu & Han 2020, arXiv:2006.10738.
/// Each item draws its own:
///
///   color        + b, b uniform in [-1/2, 1/2); then each pixel's distance from its mean over the
///                channels times s in [0, 2), where there are three; then each number's distance
///                from the item's mean times c in [1/2, 3/2)
///   translation  by whole pixels up to an eighth of each side, 0 where nothing was
///   cutout       a rectangle of half the sides becomes 0; its centre is any pixel
///
/// x [B, C, H, W] -> the same shape.  Zero is grey where images are in [-1, 1].
class Augmentation {
 public:
  /// "color,translation,cutout", any of them, done in this order; "" changes nothing.  Throws
  /// ConfigError with `where` for other names.
  static Augmentation parse(std::string_view where, const std::string& names);

  bool any() const { return color_ || translation_ || cutout_; }
  Tensor operator()(const Tensor& x, Rng& rng) const;

 private:
  bool color_ = false, translation_ = false, cutout_ = false;
};

}  // namespace kiln
