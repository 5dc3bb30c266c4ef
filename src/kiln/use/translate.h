#pragma once

#include <string>

#include "kiln/io/deep_image.h"
#include "kiln/io/image.h"
#include "kiln/models/directed_pair.h"
#include "kiln/use/judged_data.h"

namespace kiln {

/// A picture of any size, and of any number of channels, as the run makes one of the other kind of
/// it; the same for the same seed, whatever was translated before.  Throws ConfigError for a
/// direction that the run does not know and for more than 2^22 pixels, `name` being the picture's.
Image translate_picture(const TrainedModel& run, const std::string& name, const Image& picture,
                        const std::string& direction, std::uint64_t seed, torch::Device device);

/// The same of a picture with samples of 16 bits; what is made has 16 bits, too.
DeepImage translate_picture(const TrainedModel& run, const std::string& name,
                            const DeepImage& picture, const std::string& direction,
                            std::uint64_t seed, torch::Device device);

/// Pictures of some data beside what is made of them.
struct TranslatedItems {
  std::string data;      ///< "SPEC (test)".
  std::int64_t items;    ///< How many.
  TranslationRows rows;  ///< In the model's values.
};
/// `count` items, evenly spread over the data.
TranslatedItems translate_items(const TrainedModel& run, const std::string& data,
                                const std::string& split, const std::string& direction,
                                std::int64_t count, std::uint64_t seed, torch::Device device);

}  // namespace kiln
