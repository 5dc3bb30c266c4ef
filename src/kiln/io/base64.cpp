#include "kiln/io/base64.h"

#include <string_view>

namespace kiln {

std::string base64(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const auto part = bytes.subspan(at, std::min<std::size_t>(3, bytes.size() - at));
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 3; ++i) bits = bits << 8 | (i < part.size() ? part[i] : 0u);
    for (std::size_t i = 0; i < 4; ++i)
      text += i <= part.size() ? alphabet[bits >> (18 - 6 * i) & 63] : '=';
  }
  return text;
}

}  // namespace kiln
