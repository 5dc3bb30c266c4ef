#pragma once

#include <gtest/gtest.h>
#include <webp/demux.h>

#include <cstdint>
#include <span>
#include <vector>

#include "kiln/io/image.h"

namespace kiln {

/// An animated WebP as another program sees it.
struct PlayedFilm {
  std::vector<Image> frames = {};  ///< RGB.
  std::vector<int> ends = {};      ///< ms, of each frame.
  std::uint32_t loops = 1;         ///< 0: without end.
  bool opaque = true;
};

/// Plays a film with libwebp's own decoder.
inline PlayedFilm play(std::span<const std::uint8_t> bytes) {
  PlayedFilm film;
  const WebPData data{bytes.data(), bytes.size()};
  auto* decoder = WebPAnimDecoderNew(&data, nullptr);
  WebPAnimInfo info{};
  EXPECT_TRUE(decoder && WebPAnimDecoderGetInfo(decoder, &info)) << "no animated WebP";
  film.loops = info.loop_count;
  while (decoder && WebPAnimDecoderHasMoreFrames(decoder)) {
    std::uint8_t* rgba = nullptr;
    int end = 0;
    if (!WebPAnimDecoderGetNext(decoder, &rgba, &end)) {
      ADD_FAILURE() << "frame " << film.frames.size() << " is damaged";
      break;
    }
    Image frame{.width = info.canvas_width, .height = info.canvas_height, .channels = 3};
    const std::size_t pixels = std::size_t{info.canvas_width} * info.canvas_height;
    for (std::size_t i = 0; i < pixels; ++i) {
      frame.pixels.insert(frame.pixels.end(), rgba + 4 * i, rgba + 4 * i + 3);
      film.opaque = film.opaque && rgba[4 * i + 3] == 255;
    }
    film.frames.push_back(std::move(frame));
    film.ends.push_back(end);
  }
  WebPAnimDecoderDelete(decoder);
  return film;
}

}  // namespace kiln
