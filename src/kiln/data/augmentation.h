#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "kiln/core/options.h"
#include "kiln/core/philox.h"
#include "kiln/data/dataset.h"

namespace kiln {

/// Data augmentation: random changes of the geometry of training pictures, new ones every epoch.
/// All pictures of an item are changed alike.  pix2pix's random jitter and mirroring
/// (arXiv:1611.07004, section 6.2) are a jitter of 30 for pictures of 256 pixels, and flip.
struct DataAugmentation {
  bool flip = false;        ///< From right to left, with probability 1/2.
  std::int64_t shift = 0;   ///< Moved by up to so many pixels each way: random crops after padding.
  std::int64_t jitter = 0;  ///< Enlarged by so many pixels, a window of the old size cut out.

  bool any() const { return flip || shift > 0 || jitter > 0; }
  std::string describe() const;  ///< ", mirrored at random, moved by up to 4 pixels"; or "".

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    visit("flip", self.flip, Field{.help = "training pictures are mirrored with probability 1/2"});
    visit("shift", self.shift,
          Field{.help = "they are moved by up to so many pixels", .low = 0, .high = 4096});
    visit("jitter", self.jitter,
          Field{.help = "they are enlarged by so many pixels, and a window cut out at random",
                .low = 0,
                .high = 4096});
  }
};

/// Throws ConfigError unless `info`'s items are pictures, fields included, of one height and width
/// above the shift, and for states where jitter would mix them.
void check_augmentation(const DataAugmentation& augmentation, const DataInfo& info);

/// Changes one item [info.stored_size()] in place, in the source's values; parts that are as they
/// are stay so.  Beyond a picture's edge lies its mirror image.  Jitter enlarges bilinearly; grey
/// levels stay levels.  `info` has passed check_augmentation(); `rng` is the item's own stream for
/// the epoch.
void augment_item(const DataAugmentation& augmentation, const DataInfo& info, std::span<float> item,
                  Philox& rng);

}  // namespace kiln
