#pragma once

// jpeglib.h uses FILE and size_t but includes neither.
#include <stdio.h>

#include <jpeglib.h>

#include <cstdint>
#include <cstdlib>
#include <vector>

namespace kiln {

/// Kinds of JPEG that tests and fuzz seeds need.
struct JpegOptions {
  J_COLOR_SPACE space = JCS_RGB;
  bool progressive = false;
  bool scan_per_channel = false;
  bool arithmetic = false;
};

/// Rows of smooth ramps, which JPEG keeps within a few levels.
inline std::vector<std::uint8_t> ramps(unsigned width, unsigned height, unsigned channels) {
  std::vector<std::uint8_t> pixels;
  for (unsigned y = 0; y < height; ++y)
    for (unsigned x = 0; x < width; ++x)
      for (unsigned c = 0; c < channels; ++c)
        pixels.push_back(static_cast<std::uint8_t>(c == 0 ? 5 * x : c == 1 ? 7 * y : 40 * c));
  return pixels;
}

inline std::vector<std::uint8_t> encode_jpeg(unsigned width, unsigned height, unsigned channels,
                                             const std::vector<std::uint8_t>& pixels,
                                             const JpegOptions& options) {
  jpeg_compress_struct info;
  jpeg_error_mgr errors;
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* buffer = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &buffer, &size);
  info.image_width = width, info.image_height = height;
  info.input_components = static_cast<int>(channels), info.in_color_space = options.space;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, 97, TRUE);
  for (int c = 0; c < info.num_components; ++c)
    info.comp_info[c].h_samp_factor = info.comp_info[c].v_samp_factor = 1;
  if (options.progressive) jpeg_simple_progression(&info);
  const jpeg_scan_info scans[] = {
      {1, {0}, 0, 63, 0, 0}, {1, {1}, 0, 63, 0, 0}, {1, {2}, 0, 63, 0, 0}};
  if (options.scan_per_channel) info.scan_info = scans, info.num_scans = 3;
  info.arith_code = options.arithmetic;
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < height) {
    auto* row =
        const_cast<std::uint8_t*>(&pixels[std::size_t{info.next_scanline} * width * channels]);
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  const std::vector<std::uint8_t> bytes(buffer, buffer + size);
  std::free(buffer);
  return bytes;
}

}  // namespace kiln
