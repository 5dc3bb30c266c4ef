#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "kiln/io/image.h"

struct WebPAnimEncoder;

namespace kiln {

struct WebpFilmOptions {
  double frames_per_second = 5;
  double hold = 2;                ///< Seconds that the last frame stays.
  std::optional<double> quality;  ///< 0 to 100, the best; without it every pixel is kept.
};

/// A film as an animated WebP that begins again at its end, encoded frame by frame: no more than
/// two frames are held as pixels.  Frame i begins at i / frames_per_second, rounded to 1 ms.  Equal
/// neighbours become one longer frame.
class WebpFilm {
 public:
  /// Throws ConfigError unless 0.1 <= frames_per_second <= 100, 0.001 <= hold <= 3600 and the
  /// quality lies in [0, 100].
  explicit WebpFilm(const WebpFilmOptions& options = {});
  ~WebpFilm();
  WebpFilm(const WebpFilm&) = delete;
  WebpFilm& operator=(const WebpFilm&) = delete;

  /// Throws ShapeError for a frame of another size than the first, of pixels that do not fit its
  /// size, or of more than 16383 pixels on a side.  A grey frame is shown in greys.
  void add(const Image& frame);

  std::int64_t frames() const { return frames_; }  ///< That were added.

  /// The file's bytes, once all frames are there.  Throws ConfigError for fewer than two.
  std::vector<std::uint8_t> finish();

 private:
  int start_of(std::int64_t frame) const;  // ms
  void encode(const Image& frame);

  WebpFilmOptions options_;
  WebPAnimEncoder* encoder_ = nullptr;
  std::int64_t width_ = 0, height_ = 0, frames_ = 0;
};

}  // namespace kiln
