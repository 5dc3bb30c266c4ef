#pragma once

#include "kiln/data/synthetic/generated.h"

namespace kiln {

/// Keys of `digits`.
struct DigitsOptions : PartOptions {};

/// Handwriting-like digits: grey images [1, 28, 28] of ink on an empty ground, ten classes, each
/// written in several styles with a new slant, thickness, pressure and wobble every time.  As in
/// MNIST the ink fills a box of about 20 pixels and its centre of mass is in the middle.
class DigitsGenerator : public Generator {
 public:
  DataInfo info() const override;
  std::int64_t make(Philox& rng, std::span<float> x) const override;
};

}  // namespace kiln
