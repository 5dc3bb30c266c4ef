#include "kiln/io/webp_film.h"

#include <fmt/format.h>
#include <webp/encode.h>
#include <webp/mux.h>

#include <cmath>

#include "kiln/core/error.h"

namespace kiln {
namespace {

constexpr std::string_view kWhere = "webp.film";
constexpr std::int64_t kMostSide = WEBP_MAX_DIMENSION;

void check_range(const char* name, double value, double low, double high) {
  if (value >= low && value <= high) return;
  throw ConfigError(kWhere,
                    fmt::format("{} must be between {} and {}, got {}", name, low, high, value));
}

// The encoder fails where memory ends, and for nothing else that add() lets through.
[[noreturn]] void fail(WebPAnimEncoder* encoder) {
  throw IoError(kWhere,
                fmt::format("cannot encode the film: {}", WebPAnimEncoderGetError(encoder)));
}

WebPAnimEncoder* new_encoder(const Image& frame) {
  WebPAnimEncoderOptions options;
  WebPAnimEncoderOptionsInit(&options);
  options.anim_params.loop_count = 0;  // without end
  auto* encoder =
      WebPAnimEncoderNew(static_cast<int>(frame.width), static_cast<int>(frame.height), &options);
  if (!encoder) throw IoError(kWhere, "cannot encode the film: memory is used up");
  return encoder;
}

WebPConfig config_of(const WebpFilmOptions& options) {
  WebPConfig config;
  WebPConfigInit(&config);
  config.lossless = options.quality ? 0 : 1;
  // Lossless, this is the effort: at the default's one the files are as small as they get.
  config.quality = static_cast<float>(options.quality.value_or(75));
  return config;
}

// The pixels as the encoder takes them.
struct Picture : WebPPicture {
  explicit Picture(const Image& frame) {
    WebPPictureInit(this);
    use_argb = 1;
    width = static_cast<int>(frame.width), height = static_cast<int>(frame.height);
    imported = WebPPictureImportRGB(this, frame.pixels.data(), 3 * width) != 0;
  }
  ~Picture() { WebPPictureFree(this); }
  Picture(const Picture&) = delete;
  Picture& operator=(const Picture&) = delete;
  bool imported = false;
};

void check_frame(const Image& frame) {
  if (frame.width < 1 || frame.height < 1 || frame.width > kMostSide || frame.height > kMostSide)
    throw ShapeError(kWhere, fmt::format("a film is 1 to {} pixels wide and high, got {} x {}",
                                         kMostSide, frame.width, frame.height));
  if ((frame.channels != 1 && frame.channels != 3) ||
      std::ssize(frame.pixels) != frame.width * frame.height * frame.channels)
    throw ShapeError(kWhere,
                     fmt::format("{} numbers are no frame of {} x {} pixels in {} channels",
                                 frame.pixels.size(), frame.width, frame.height, frame.channels));
}

}  // namespace

WebpFilm::WebpFilm(const WebpFilmOptions& options) : options_(options) {
  check_range("frames_per_second", options.frames_per_second, 0.1, 100);
  check_range("hold", options.hold, 0.001, 3600);
  if (options.quality) check_range("quality", *options.quality, 0, 100);
}

WebpFilm::~WebpFilm() { WebPAnimEncoderDelete(encoder_); }

int WebpFilm::start_of(std::int64_t frame) const {
  return static_cast<int>(
      std::lround(1000 * static_cast<double>(frame) / options_.frames_per_second));
}

void WebpFilm::add(const Image& frame) {
  check_frame(frame);
  if (!encoder_) {
    encoder_ = new_encoder(frame);
    width_ = frame.width, height_ = frame.height;
  }
  if (frame.width != width_ || frame.height != height_)
    throw ShapeError(kWhere, fmt::format("frames must have one size, got {} x {} after {} x {}",
                                         frame.width, frame.height, width_, height_));
  encode(with_channels(frame, 3));
  ++frames_;
}

void WebpFilm::encode(const Image& frame) {
  Picture picture(frame);
  const auto config = config_of(options_);
  if (!picture.imported || !WebPAnimEncoderAdd(encoder_, &picture, start_of(frames_), &config))
    fail(encoder_);
}

std::vector<std::uint8_t> WebpFilm::finish() {
  if (frames_ < 2)
    throw ConfigError(kWhere, fmt::format("needs two frames at least, got {}", frames_));
  const auto end = start_of(frames_ - 1) + static_cast<int>(std::lround(1000 * options_.hold));
  WebPData data{};
  if (!WebPAnimEncoderAdd(encoder_, nullptr, end, nullptr) ||
      !WebPAnimEncoderAssemble(encoder_, &data))
    fail(encoder_);
  std::vector<std::uint8_t> bytes(data.bytes, data.bytes + data.size);
  WebPDataClear(&data);
  return bytes;
}

}  // namespace kiln
