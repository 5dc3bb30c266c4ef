#pragma once

#include <zlib.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace kiln {

/// Makes PNG files of every kind from the specification alone (ISO/IEC 15948), without libpng.
struct PngBuilder {
  std::uint32_t width = 0, height = 0;
  int depth = 8;        ///< Bits of a sample.
  int colour_type = 0;  ///< 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha.
  bool interlaced = false;
  std::string palette, transparency;  ///< Contents of PLTE and tRNS.
  std::function<unsigned(std::uint32_t x, std::uint32_t y, int channel)> sample;

  int channels() const {
    return colour_type == 2 ? 3 : colour_type == 4 ? 2 : colour_type == 6 ? 4 : 1;
  }

  static void put_u32(std::string& out, std::size_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
  }

  static std::string chunk(const std::string& type, const std::string& data) {
    std::string out;
    put_u32(out, data.size());
    const std::string body = type + data;
    out += body;
    put_u32(out, ::crc32(0, reinterpret_cast<const Bytef*>(body.data()),
                         static_cast<uInt>(body.size())));
    return out;
  }

  /// One pass over the pixels (x0 + i dx, y0 + j dy): filter byte 0, then packed samples.
  std::string pass(std::uint32_t x0, std::uint32_t y0, std::uint32_t dx, std::uint32_t dy) const {
    std::string rows;
    if (x0 >= width) return rows;
    for (std::uint32_t y = y0; y < height; y += dy) {
      rows += '\0';
      unsigned pending = 0;
      int bits = 0;
      for (std::uint32_t x = x0; x < width; x += dx)
        for (int c = 0; c < channels(); ++c) {
          pending = pending << depth | sample(x, y, c);
          for (bits += depth; bits >= 8; bits -= 8)
            rows += static_cast<char>(pending >> (bits - 8));
        }
      if (bits > 0) rows += static_cast<char>(pending << (8 - bits));
    }
    return rows;
  }

  std::string raw_rows() const {
    if (!interlaced) return pass(0, 0, 1, 1);
    return pass(0, 0, 8, 8) + pass(4, 0, 8, 8) + pass(0, 4, 4, 8) + pass(2, 0, 4, 4) +
           pass(0, 2, 2, 4) + pass(1, 0, 2, 2) + pass(0, 1, 1, 2);  // Adam7
  }

  std::vector<std::uint8_t> build() const {
    const std::string rows = raw_rows();
    std::string packed(::compressBound(rows.size()), '\0');
    uLongf size = packed.size();
    ::compress(reinterpret_cast<Bytef*>(packed.data()), &size,
               reinterpret_cast<const Bytef*>(rows.data()), rows.size());
    packed.resize(size);
    std::string header;
    put_u32(header, width), put_u32(header, height);
    for (const int value : {depth, colour_type, 0, 0, int{interlaced}})
      header += static_cast<char>(value);
    std::string file = "\x89PNG\r\n\x1a\n" + chunk("IHDR", header);
    if (!palette.empty()) file += chunk("PLTE", palette);
    if (!transparency.empty()) file += chunk("tRNS", transparency);
    file += chunk("IDAT", packed) + chunk("IEND", "");
    return {file.begin(), file.end()};
  }
};

}  // namespace kiln
