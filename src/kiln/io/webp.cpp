#include <webp/decode.h>

#include "kiln/io/image_codecs.h"

namespace kiln {
namespace {

WebPBitstreamFeatures features_of(const std::string& name, ImageBytes bytes) {
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(bytes.data(), bytes.size(), &features) != VP8_STATUS_OK)
    refuse_image("webp", name, "is cut short or damaged");
  if (features.has_animation) refuse_image("webp", name, "is an animation; save one frame of it");
  return features;
}

Image size_of(const std::string& name, const WebPBitstreamFeatures& features) {
  return checked_size("webp", name, static_cast<std::uint64_t>(features.width),
                      static_cast<std::uint64_t>(features.height), 3);
}

}  // namespace

Image decode_webp_header(const std::string& name, ImageBytes bytes) {
  return size_of(name, features_of(name, bytes));
}

Image decode_webp(const std::string& name, ImageBytes bytes) {
  const auto features = features_of(name, bytes);
  Image image = size_of(name, features);
  allocate_pixels(image, features.has_alpha ? 4 : 3);
  const auto decode = features.has_alpha ? WebPDecodeRGBAInto : WebPDecodeRGBInto;
  const auto stride = static_cast<int>(image.width * image.channels);
  if (!decode(bytes.data(), bytes.size(), image.pixels.data(), image.pixels.size(), stride))
    refuse_image("webp", name, "is cut short or damaged");
  if (features.has_alpha) lay_over_black(image);
  return image;
}

}  // namespace kiln
