#include <fmt/format.h>

#include "kiln/io/image_codecs.h"

namespace kiln {
namespace {

// Netpbm's P2, P3 (text) and P5, P6 (binary).
class Parser {
 public:
  Parser(const std::string& name, ImageBytes bytes) : name_(name), bytes_(bytes) {}

  Image read_header() {
    const auto kind = bytes_[1];
    text_ = kind == '2' || kind == '3';
    const std::uint64_t width = number("width"), height = number("height");
    const Image image =
        checked_size("pnm", name_, width, height, kind == '2' || kind == '5' ? 1 : 3);
    max_ = number("maximum");
    if (max_ < 1 || max_ > 65535)
      refuse_image("pnm", name_, fmt::format("has the maximum {}, not 1 to 65535", max_));
    return image;
  }

  void read_pixels(Image& image) {
    const auto samples = static_cast<std::uint64_t>(image.width * image.height * image.channels);
    ++at_;  // one white space ends the header
    const std::uint64_t least = text_ ? samples * 2 - 1 : samples * sample_bytes();
    if (at_ > bytes_.size() || bytes_.size() - at_ < least)
      refuse_image("pnm", name_, "is cut short: too few bytes for its size");
    allocate_pixels(image, image.channels);
    for (auto& pixel : image.pixels) pixel = scaled(text_ ? number("sample") : binary_sample());
  }

 private:
  std::size_t sample_bytes() const { return max_ > 255 ? 2 : 1; }

  std::uint64_t binary_sample() {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sample_bytes(); ++i) value = value << 8 | bytes_[at_++];
    return value;
  }

  std::uint8_t scaled(std::uint64_t sample) const {
    if (sample > max_)
      refuse_image("pnm", name_,
                   fmt::format("has the sample {} above its maximum {}", sample, max_));
    return static_cast<std::uint8_t>((sample * 255 + max_ / 2) / max_);
  }

  // White space and comments (from # to the end of the line), then a decimal number.
  std::uint64_t number(const char* what) {
    while (at_ < bytes_.size() && (is_space(bytes_[at_]) || bytes_[at_] == '#')) {
      if (bytes_[at_] == '#')
        while (at_ < bytes_.size() && bytes_[at_] != '\n') ++at_;
      else
        ++at_;
    }
    const std::size_t start = at_;
    std::uint64_t value = 0;
    for (; at_ < bytes_.size() && bytes_[at_] >= '0' && bytes_[at_] <= '9'; ++at_)
      if (value < kTooLarge) value = value * 10 + (bytes_[at_] - std::uint64_t{'0'});
    if (at_ == start) refuse_image("pnm", name_, fmt::format("is cut short or has no {}", what));
    return value;
  }

  static bool is_space(std::uint8_t c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

  static constexpr std::uint64_t kTooLarge = std::uint64_t{1} << 32;
  const std::string& name_;
  ImageBytes bytes_;
  std::size_t at_ = 2;
  bool text_ = false;
  std::uint64_t max_ = 0;
};

}  // namespace

Image decode_pnm_header(const std::string& name, ImageBytes bytes) {
  return Parser(name, bytes).read_header();
}

Image decode_pnm(const std::string& name, ImageBytes bytes) {
  Parser parser(name, bytes);
  Image image = parser.read_header();
  parser.read_pixels(image);
  return image;
}

}  // namespace kiln
