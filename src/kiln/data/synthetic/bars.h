#pragma once

#include "kiln/data/synthetic/generated.h"

namespace kiln {

/// Keys of `bars`.
struct BarsOptions : PartOptions {
  std::int64_t size = 4;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    visit("size", self.size, Field{.help = "pixels a side", .low = 1, .high = 64});
    PartOptions::fields(self, visit);
  }
};

/// Bars and stripes: binary images [1, S, S].  A fair coin chooses rows (class 0) or columns
/// (class 1), another one per line turns it on.
class BarsGenerator : public Generator {
 public:
  explicit BarsGenerator(const BarsOptions& options) : size_(options.size) {}
  DataInfo info() const override;
  std::int64_t make(Philox& rng, std::span<float> x) const override;

 private:
  std::int64_t size_;
};

/// Exact log-probability of a binary image of S x S pixels, nats; -inf when neither its rows nor
/// its columns are all of one value.  Throws ShapeError unless `image` has S * S numbers.
double bars_log_prob(std::int64_t size, std::span<const float> image);

}  // namespace kiln
