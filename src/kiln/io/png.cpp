#include <fmt/format.h>
#include <png.h>
#include <zlib.h>

#include <csetjmp>
#include <cstdio>
#include <cstring>

#include "kiln/core/error.h"
#include "kiln/io/atomic_file.h"
#include "kiln/io/deep_image.h"
#include "kiln/io/image_codecs.h"

namespace kiln {
namespace {

constexpr std::size_t kSignatureBytes = 8, kHeaderBytes = 33;
constexpr std::uint64_t kDeflateRatio = 1032;  // most that one byte of deflate can become

std::uint32_t big_endian(const std::uint8_t* bytes) {
  return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 |
         std::uint32_t{bytes[2]} << 8 | bytes[3];
}

// libpng reports errors by longjmp.  Every function that calls setjmp holds nothing that needs a
// destructor; what does lives in these two structs.
struct Reader {
  explicit Reader(ImageBytes all)
      : bytes(all), png(png_create_read_struct(PNG_LIBPNG_VER_STRING, this, fail, ignore)) {
    if (png) info = png_create_info_struct(png);
    if (!info) throw std::bad_alloc();
  }
  ~Reader() { png_destroy_read_struct(&png, &info, nullptr); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  static void ignore(png_structp, png_const_charp) {}
  [[noreturn]] static void fail(png_structp png, png_const_charp text) {
    auto* self = static_cast<Reader*>(png_get_error_ptr(png));
    std::snprintf(self->message, sizeof self->message, "%s", text);
    png_longjmp(png, 1);
  }
  static void give(png_structp png, png_bytep out, std::size_t count) {
    auto* self = static_cast<Reader*>(png_get_io_ptr(png));
    if (count > self->bytes.size() - self->at) png_error(png, "the file ends too early");
    std::memcpy(out, self->bytes.data() + self->at, count);
    self->at += count;
  }

  ImageBytes bytes;
  std::size_t at = 0;
  char message[160] = "";
  png_structp png;
  png_infop info = nullptr;
};

bool start_reading(Reader& reader) {
  if (setjmp(png_jmpbuf(reader.png))) return false;
  png_set_read_fn(reader.png, &reader, Reader::give);
  // Colour profiles, times and texts are not needed: skipping them unread is faster and safer.
  png_set_keep_unknown_chunks(reader.png, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
  png_read_info(reader.png, reader.info);
  return true;
}

// Asks for 8-bit samples, or where the file is `deep` for its 16: palettes and few-bit greys
// expanded, tRNS as alpha.
bool choose_samples(Reader& reader, bool deep) {
  if (setjmp(png_jmpbuf(reader.png))) return false;
  if (!deep) png_set_scale_16(reader.png);
  png_set_expand(reader.png);
  png_set_interlace_handling(reader.png);
  png_read_update_info(reader.png, reader.info);
  return true;
}

bool read_rows(Reader& reader, png_bytepp rows) {
  if (setjmp(png_jmpbuf(reader.png))) return false;
  png_read_image(reader.png, rows);
  png_read_end(reader.png, nullptr);
  return true;
}

std::vector<png_bytep> row_pointers(Image& image) {
  std::vector<png_bytep> rows(static_cast<std::size_t>(image.height));
  const auto stride = std::ssize(image.pixels) / image.height;
  for (std::size_t y = 0; y < rows.size(); ++y)
    rows[y] = image.pixels.data() + static_cast<std::int64_t>(y) * stride;
  return rows;
}

struct Writer {
  Writer() : png(png_create_write_struct(PNG_LIBPNG_VER_STRING, this, fail, Reader::ignore)) {
    if (png) info = png_create_info_struct(png);
    if (!info) throw std::bad_alloc();
  }
  ~Writer() { png_destroy_write_struct(&png, &info); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  [[noreturn]] static void fail(png_structp png, png_const_charp) { png_longjmp(png, 1); }
  static void take(png_structp png, png_bytep data, std::size_t count) {
    auto& bytes = static_cast<Writer*>(png_get_io_ptr(png))->bytes;
    bytes.insert(bytes.end(), data, data + count);
  }
  static void flush(png_structp) {}

  std::vector<std::uint8_t> bytes;
  png_structp png;
  png_infop info = nullptr;
};

// `image` tells the size; its rows may hold samples of 8 or 16 bits.
bool write_all(Writer& writer, const Image& image, int depth, png_bytepp rows, png_textp texts,
               int count) {
  if (setjmp(png_jmpbuf(writer.png))) return false;
  png_set_write_fn(writer.png, &writer, Writer::take, Writer::flush);
  png_set_IHDR(writer.png, writer.info, static_cast<png_uint_32>(image.width),
               static_cast<png_uint_32>(image.height), depth,
               image.channels == 1 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_set_text(writer.png, writer.info, texts, count);
  png_write_info(writer.png, writer.info);
  png_write_image(writer.png, rows);
  png_write_end(writer.png, nullptr);
  return true;
}

void check_text(const std::string& key, const std::string& value) {
  const bool printable = key.find_first_of(std::string_view("\0\n\r\t", 4)) == std::string::npos;
  const bool trimmed = !key.empty() && key.front() != ' ' && key.back() != ' ';
  if (!printable || !trimmed || key.size() > 79 || key.find("  ") != std::string::npos)
    throw ConfigError("png", fmt::format("'{}' cannot name a text of a PNG: 1 to 79 letters", key));
  if (value.find('\0') != std::string::npos)
    throw ConfigError("png", fmt::format("the text '{}' holds a zero byte", key));
}

void check_image(const Image& image) {
  const bool fits =
      image.width > 0 && image.height > 0 && image.width <= PNG_UINT_31_MAX &&
      image.height <= PNG_UINT_31_MAX && (image.channels == 1 || image.channels == 3) &&
      image.pixels.size() / static_cast<std::size_t>(image.channels) /
              static_cast<std::size_t>(image.width) ==
          static_cast<std::size_t>(image.height) &&
      image.pixels.size() % static_cast<std::size_t>(image.channels * image.width) == 0;
  if (!fits)
    throw ShapeError("png",
                     fmt::format("an image of {} x {} x {} cannot hold {} bytes", image.height,
                                 image.width, image.channels, image.pixels.size()));
}

// Walks the chunks, length, type, data, CRC-32 of type and data, up to the last, IEND; `visit` is
// given the type's place and the data's length.  Only `strict` checks more CRCs than IEND's.
template <class Visit>
void walk_chunks(const std::string& name, ImageBytes bytes, bool strict, Visit&& visit) {
  std::size_t at = kSignatureBytes;
  for (;;) {
    if (bytes.size() - at < 12) refuse_image("png", name, "is cut short");
    const std::size_t length = big_endian(&bytes[at]);
    if (length > bytes.size() - at - 12) refuse_image("png", name, "is cut short");
    const auto* type = &bytes[at + 4];
    const bool last = std::memcmp(type, "IEND", 4) == 0;
    if ((strict || last) &&
        ::crc32(0, type, static_cast<uInt>(length + 4)) != big_endian(type + 4 + length))
      refuse_image("png", name, "is damaged: a chunk's CRC does not match");
    visit(type, length);
    if (last) return;
    at += length + 12;
  }
}

}  // namespace

// The IHDR chunk stands first, at a fixed place.
Image decode_png_header(const std::string& name, ImageBytes bytes) {
  if (bytes.size() < kHeaderBytes || std::memcmp(bytes.data() + 12, "IHDR", 4) != 0)
    refuse_image("png", name, "is cut short or damaged: it has no header");
  const bool colour = bytes[25] & PNG_COLOR_MASK_COLOR;
  return checked_size("png", name, big_endian(&bytes[16]), big_endian(&bytes[20]), colour ? 3 : 1);
}

namespace {

// The samples as libpng gives them: a byte each, or two, the higher first.
Image decode_samples(const std::string& name, ImageBytes bytes, bool deep) {
  Image image = decode_png_header(name, bytes);
  Reader reader(bytes);
  const auto damaged = [&] {
    refuse_image("png", name, fmt::format("is cut short or damaged ({})", reader.message));
  };
  if (!start_reading(reader)) damaged();
  const std::uint64_t packed_row = png_get_rowbytes(reader.png, reader.info);
  if (packed_row * static_cast<std::uint64_t>(image.height) / kDeflateRatio > bytes.size())
    refuse_image("png", name, "is cut short: too few bytes for its size");
  if (!choose_samples(reader, deep)) damaged();
  allocate_pixels(image, png_get_channels(reader.png, reader.info));
  if (deep) image.pixels.resize(2 * image.pixels.size());
  auto rows = row_pointers(image);
  if (!read_rows(reader, rows.data())) damaged();
  walk_chunks(name, bytes, false,
              [](const std::uint8_t*, std::size_t) {});  // newer libpng forgives IEND
  return image;
}

// What encode_png() does, whatever the depth of the rows.
std::vector<std::uint8_t> encode_samples(const Image& image, int depth,
                                         const std::map<std::string, std::string>& text) {
  std::vector<png_text> texts;
  for (const auto& [key, value] : text) {
    check_text(key, value);
    png_text one{};
    one.compression = PNG_TEXT_COMPRESSION_NONE;
    one.key = const_cast<char*>(key.c_str());  // libpng copies both
    one.text = const_cast<char*>(value.c_str());
    texts.push_back(one);
  }
  auto& pixels = const_cast<Image&>(image);  // libpng's writer takes pointers to non-const rows
  auto rows = row_pointers(pixels);
  Writer writer;
  if (!write_all(writer, image, depth, rows.data(), texts.data(), static_cast<int>(texts.size())))
    throw std::bad_alloc();  // all that is left to fail
  return std::move(writer.bytes);
}

}  // namespace

Image decode_png(const std::string& name, ImageBytes bytes) {
  auto image = decode_samples(name, bytes, false);
  if (image.channels == 2 || image.channels == 4) lay_over_black(image);
  return image;
}

std::optional<DeepImage> read_deep_png(const std::filesystem::path& path) {
  constexpr std::uint64_t kFileLimit = std::uint64_t{1} << 29;
  constexpr std::uint32_t kMost = 65535;
  const auto bytes = read_file(path, kFileLimit);
  constexpr std::size_t kDepthAt = 24;
  const bool deep =
      bytes.size() > kDepthAt && png_sig_cmp(bytes.data(), 0, 8) == 0 && bytes[kDepthAt] == 16;
  if (!deep) return std::nullopt;
  const auto image = decode_samples(path.string(), bytes, true);
  const bool alpha = image.channels == 2 || image.channels == 4;
  const auto stride = static_cast<std::size_t>(image.channels), colours = stride - (alpha ? 1 : 0);
  DeepImage found{
      .width = image.width, .height = image.height, .channels = static_cast<std::int64_t>(colours)};
  const auto sample = [&](std::size_t at) {
    return std::uint32_t{image.pixels[2 * at]} << 8 | image.pixels[2 * at + 1];
  };
  for (std::size_t pixel = 0; 2 * pixel < image.pixels.size(); pixel += stride) {
    const std::uint64_t over = alpha ? sample(pixel + colours) : kMost;
    for (std::size_t c = 0; c < colours; ++c)
      found.samples.push_back(
          static_cast<std::uint16_t>((sample(pixel + c) * over + kMost / 2) / kMost));
  }
  return found;
}

void write_png(const std::filesystem::path& path, const DeepImage& image,
               const std::map<std::string, std::string>& text) {
  Image rows{.width = image.width, .height = image.height, .channels = image.channels};
  for (const auto sample : image.samples)
    rows.pixels.push_back(static_cast<std::uint8_t>(sample >> 8));
  check_image(rows);
  rows.pixels.clear();
  for (const auto sample : image.samples) {
    rows.pixels.push_back(static_cast<std::uint8_t>(sample >> 8));
    rows.pixels.push_back(static_cast<std::uint8_t>(sample & 255));
  }
  write_file_atomically(path, encode_samples(rows, 16, text));
}

std::vector<std::uint8_t> encode_png(const Image& image,
                                     const std::map<std::string, std::string>& text) {
  check_image(image);
  return encode_samples(image, 8, text);
}

void write_png(const std::filesystem::path& path, const Image& image,
               const std::map<std::string, std::string>& text) {
  write_file_atomically(path, encode_png(image, text));
}

std::map<std::string, std::string> decode_png_text(const std::string& name, ImageBytes bytes) {
  decode_png_header(name, bytes);
  std::map<std::string, std::string> texts;
  walk_chunks(name, bytes, true, [&](const std::uint8_t* type, std::size_t length) {
    const std::string data(type + 4, type + 4 + length);
    const std::size_t zero = data.find('\0');
    if (std::memcmp(type, "tEXt", 4) == 0 && zero != std::string::npos)
      texts[data.substr(0, zero)] = data.substr(zero + 1);
  });
  return texts;
}

std::map<std::string, std::string> read_png_text(const std::filesystem::path& path) {
  return decode_png_text(path.string(), read_file(path, std::uint64_t{1} << 29));
}

}  // namespace kiln
