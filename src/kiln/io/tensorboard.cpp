#include "kiln/io/tensorboard.h"

#include <cstring>
#include <limits>
#include <optional>
#include <string>

#include "kiln/io/atomic_file.h"
#include "kiln/io/crc32c.h"

namespace kiln {
namespace {

// A record: length (8 bytes), its masked CRC (4), the event, its masked CRC (4).
constexpr std::size_t kBeforeEvent = 12, kAfterEvent = 4;

template <class Number>
std::string little_endian(Number number) {
  std::string bytes(sizeof number, '\0');
  std::memcpy(bytes.data(), &number, sizeof number);
  return bytes;
}

// CRCs of data that hold CRCs are weak, so TensorFlow's records turn and shift them.
std::uint32_t masked_crc(std::string_view bytes) {
  const std::uint32_t crc = crc32c(bytes);
  return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

std::string record(const std::string& event) {
  const std::string length = little_endian(std::uint64_t{event.size()});
  return length + little_endian(masked_crc(length)) + event + little_endian(masked_crc(event));
}

// Protocol buffers' wire format: a field's number and kind, then its value.
enum class Wire { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value > 127; value >>= 7) bytes += static_cast<char>(value | 128);
  return bytes += static_cast<char>(value);
}

std::string key(unsigned field, Wire wire) { return varint(field << 3 | unsigned(wire)); }

std::string integer_field(unsigned field, std::int64_t value) {
  return key(field, Wire::varint) + varint(static_cast<std::uint64_t>(value));
}

std::string bytes_field(unsigned field, std::string_view bytes) {
  return key(field, Wire::bytes) + varint(bytes.size()) + std::string(bytes);
}

std::string wall_time_field(double wall_time) {
  return key(1, Wire::fixed64) + little_endian(wall_time);
}

// Event { wall_time = 1, step = 2, summary = 5 { value = 1 { tag = 1, ... } } }
std::string summary_event(std::string_view tag, std::int64_t step, double wall_time,
                          const std::string& value) {
  return wall_time_field(wall_time) + integer_field(2, step) +
         bytes_field(5, bytes_field(1, bytes_field(1, tag) + value));
}

std::optional<std::uint64_t> read_varint(std::string_view& bytes) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes[0]);
    bytes.remove_prefix(1);
    value |= std::uint64_t{byte & 127u} << shift;
    if (byte < 128) return value;
  }
  return std::nullopt;
}

// The step of an event; 0 if it has none, as protocol buffers have it.
std::int64_t step_of(std::string_view event) {
  while (!event.empty()) {
    const auto field_key = read_varint(event);
    if (!field_key) break;
    const auto wire = static_cast<Wire>(*field_key & 7);
    std::optional<std::uint64_t> skip;
    if (wire == Wire::varint) {
      const auto value = read_varint(event);
      if (*field_key >> 3 == 2 && value) return static_cast<std::int64_t>(*value);
      skip = value ? std::optional<std::uint64_t>(0) : std::nullopt;
    } else {
      skip = wire == Wire::fixed64 ? 8 : wire == Wire::fixed32 ? 4 : read_varint(event);
    }
    if (!skip || *skip > event.size()) break;
    event.remove_prefix(static_cast<std::size_t>(*skip));
  }
  return 0;
}

// Bytes of the whole, undamaged records at the start of `file` up to the first step above `step`.
std::size_t good_bytes(std::string_view file, std::int64_t step) {
  std::size_t good = 0;
  for (std::string_view rest = file; rest.size() >= kBeforeEvent + kAfterEvent;
       rest = file.substr(good)) {
    std::uint64_t length = 0;
    std::memcpy(&length, rest.data(), sizeof length);
    if (rest.substr(8, 4) != little_endian(masked_crc(rest.substr(0, 8)))) break;
    if (length > rest.size() - kBeforeEvent - kAfterEvent) break;
    const auto event = rest.substr(kBeforeEvent, static_cast<std::size_t>(length));
    const auto crc = rest.substr(kBeforeEvent + event.size(), kAfterEvent);
    if (crc != little_endian(masked_crc(event)) || step_of(event) > step) break;
    good += kBeforeEvent + event.size() + kAfterEvent;
  }
  return good;
}

}  // namespace

TensorboardWriter::TensorboardWriter(const std::filesystem::path& path) : file_(path) {
  file_.cut_to(good_bytes(read_text_file(path, std::uint64_t{1} << 32),
                          std::numeric_limits<std::int64_t>::max()));
  if (file_.size() == 0) file_.append(record(wall_time_field(0) + bytes_field(3, "brain.Event:2")));
}

void TensorboardWriter::scalar(std::string_view tag, std::int64_t step, double value,
                               double wall_time) {
  const auto simple_value = key(2, Wire::fixed32) + little_endian(static_cast<float>(value));
  file_.append(record(summary_event(tag, step, wall_time, simple_value)));
}

// Image { height = 1, width = 2, colorspace = 3 (channels), encoded_image_string = 4 }
void TensorboardWriter::image(std::string_view tag, std::int64_t step, const Image& image,
                              double wall_time) {
  const auto png = encode_png(image);
  const auto content = integer_field(1, image.height) + integer_field(2, image.width) +
                       integer_field(3, image.channels) +
                       bytes_field(4, {reinterpret_cast<const char*>(png.data()), png.size()});
  file_.append(record(summary_event(tag, step, wall_time, bytes_field(4, content))));
}

void truncate_events_after_step(const std::filesystem::path& path, std::int64_t step) {
  if (!std::filesystem::exists(path)) return;
  const auto good = good_bytes(read_text_file(path, std::uint64_t{1} << 32), step);
  AppendFile(path).cut_to(good);
}

}  // namespace kiln
