#include <fmt/format.h>
// jpeglib.h uses FILE and size_t but includes neither.
#include <stdio.h>

#include <jerror.h>
#include <jpeglib.h>

#include <csetjmp>
#include <utility>

#include "kiln/core/error.h"
#include "kiln/io/exif.h"
#include "kiln/io/image_codecs.h"

namespace kiln {
namespace {

constexpr int kScanLimit = 200;  // a file may repeat scans to waste time
// Huffman codes take a bit at least for each block of 8 x 8 in each channel, and the channel with
// most blocks has one for 128 pixels at least.
constexpr std::uint64_t kPixelsPerByte = 1024;

// libjpeg reports errors by a call that must not return: it jumps.  Functions that call setjmp hold
// nothing that needs a destructor.
struct Reader {
  explicit Reader(ImageBytes all) : bytes(all) {
    info.err = jpeg_std_error(&errors);
    info.client_data = this;
    errors.error_exit = fail;
    errors.emit_message = warn;
    progress.progress_monitor = watch;
  }
  ~Reader() { jpeg_destroy_decompress(&info); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  [[noreturn]] static void fail(j_common_ptr common) {
    auto* self = static_cast<Reader*>(common->client_data);
    self->errors.format_message(common, self->message);
    std::longjmp(self->jump, 1);
  }
  // Damaged data are only warned of and filled with grey; here they are errors.  Two warnings are
  // about harmless habits of some writers.
  static void warn(j_common_ptr common, int level) {
    const int code = common->err->msg_code;
    if (level < 0 && code != JWRN_EXTRANEOUS_DATA && code != JWRN_ADOBE_XFORM) fail(common);
  }
  static void watch(j_common_ptr common) {
    auto* self = static_cast<Reader*>(common->client_data);
    if (self->info.input_scan_number <= kScanLimit) return;
    std::snprintf(self->message, sizeof self->message, "more than %d scans", kScanLimit);
    std::longjmp(self->jump, 1);
  }

  ImageBytes bytes;
  jpeg_decompress_struct info{};
  jpeg_error_mgr errors{};
  jpeg_progress_mgr progress{};
  std::jmp_buf jump;
  char message[JMSG_LENGTH_MAX] = "";
};

bool read_header(Reader& reader) {
  if (setjmp(reader.jump)) return false;
  jpeg_create_decompress(&reader.info);
  reader.info.client_data = &reader;
  reader.info.progress = &reader.progress;
  jpeg_mem_src(&reader.info, reader.bytes.data(), reader.bytes.size());
  jpeg_save_markers(&reader.info, JPEG_APP0 + 1, 0xffff);
  jpeg_read_header(&reader.info, TRUE);
  return true;
}

bool read_rows(Reader& reader, std::uint8_t* out) {
  if (setjmp(reader.jump)) return false;
  jpeg_start_decompress(&reader.info);
  const std::size_t stride = std::size_t{reader.info.output_width} *
                             static_cast<std::size_t>(reader.info.output_components);
  while (reader.info.output_scanline < reader.info.output_height) {
    JSAMPROW row = out + reader.info.output_scanline * stride;
    jpeg_read_scanlines(&reader.info, &row, 1);
  }
  jpeg_finish_decompress(&reader.info);
  return true;
}

int orientation_of(const Reader& reader) {
  for (const auto* marker = reader.info.marker_list; marker; marker = marker->next)
    if (const auto found = exif_orientation({marker->data, marker->data_length}); found != 1)
      return found;
  return 1;
}

[[noreturn]] void refuse_damaged(const std::string& name, const Reader& reader) {
  refuse_image("jpeg", name, fmt::format("is cut short or damaged ({})", reader.message));
}

Image open(const std::string& name, Reader& reader) {
  if (!read_header(reader)) refuse_damaged(name, reader);
  const auto space = reader.info.jpeg_color_space;
  if (space == JCS_UNKNOWN)
    refuse_image("jpeg", name,
                 fmt::format("has {} unknown colour channels; save it as RGB or grey",
                             reader.info.num_components));
  return checked_size("jpeg", name, reader.info.image_width, reader.info.image_height,
                      space == JCS_GRAYSCALE ? 1 : 3);
}

// R = (1 - C)(1 - K), and so on.  Files with Adobe's marker store the inks inverted.
void ink_to_light(Image& image, bool inverted) {
  std::size_t out = 0;
  for (std::size_t at = 0; at < image.pixels.size(); at += 4) {
    const auto light = [&](std::size_t ink) {
      return unsigned{image.pixels[at + ink]} ^ (inverted ? 0u : 255u);
    };
    const unsigned black = light(3);
    for (std::size_t ink = 0; ink < 3; ++ink)
      image.pixels[out++] = static_cast<std::uint8_t>((light(ink) * black + 127) / 255);
  }
  image.pixels.resize(out);
  image.channels = 3;
}

}  // namespace

Image decode_jpeg_header(const std::string& name, ImageBytes bytes) {
  Reader reader(bytes);
  auto image = open(name, reader);
  if (orientation_of(reader) >= 5) std::swap(image.width, image.height);
  return image;
}

Image decode_jpeg(const std::string& name, ImageBytes bytes) {
  Reader reader(bytes);
  Image image = open(name, reader);
  const int orientation = orientation_of(reader);  // libjpeg forgets it when all rows are read
  if (reader.info.arith_code) refuse_image("jpeg", name, "has arithmetic coding; save it without");
  if (static_cast<std::uint64_t>(image.width * image.height) / kPixelsPerByte > bytes.size())
    refuse_image("jpeg", name, "is cut short: too few bytes for its size");
  const auto space = reader.info.jpeg_color_space;
  const bool inks = space == JCS_CMYK || space == JCS_YCCK;
  reader.info.out_color_space = inks ? JCS_CMYK : image.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  allocate_pixels(image, inks ? 4 : image.channels);
  if (!read_rows(reader, image.pixels.data())) refuse_damaged(name, reader);
  if (inks) ink_to_light(image, reader.info.saw_Adobe_marker);
  return upright(image, orientation);
}

}  // namespace kiln
