#include "kiln/io/safetensors.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <span>
#include <string_view>

#include "kiln/core/error.h"
#include "kiln/io/atomic_file.h"

namespace kiln {
namespace {

using nlohmann::json;

constexpr std::uint64_t kHeaderLimit = 100'000'000;
constexpr std::uint64_t kFileLimit = std::uint64_t{1} << 36;
constexpr std::size_t kLengthBytes = 8;
constexpr std::string_view kMetadataKey = "__metadata__";
// A damaged checksum key must not pass for a file without a checksum: where the format key stands,
// the checksum key must stand too.
constexpr std::string_view kFormatKey = "kiln.format", kFormat = "1";
constexpr std::string_view kChecksumKey = "kiln.checksum";
constexpr std::string_view kChecksumOpening = "\"kiln.checksum\":\"";
constexpr std::size_t kChecksumDigits = 32;

[[noreturn]] void refuse(const std::string& name, std::string_view message) {
  throw IoError("safetensors", fmt::format("'{}': {}", name, message));
}

std::optional<std::uint64_t> item_bytes(std::string_view dtype) {
  static constexpr std::pair<std::string_view, std::uint64_t> sizes[] = {
      {"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"F8_E4M3", 1}, {"F8_E5M2", 1},
      {"I16", 2},  {"U16", 2}, {"F16", 2}, {"BF16", 2},    {"I32", 4},
      {"U32", 4},  {"F32", 4}, {"I64", 8}, {"U64", 8},     {"F64", 8}};
  for (const auto& [known, bytes] : sizes)
    if (known == dtype) return bytes;
  return std::nullopt;
}

// Bytes of an array, or nothing if its dtype is unknown or the product overflows.
std::optional<std::uint64_t> array_bytes(const RawTensor& tensor) {
  auto total = item_bytes(tensor.dtype);
  if (!total) return std::nullopt;
  for (const std::int64_t size : tensor.shape)
    if (size < 0 || __builtin_mul_overflow(*total, static_cast<std::uint64_t>(size), &*total))
      return std::nullopt;
  return total;
}

// XXH3 (128 bits) of the whole file, in hexadecimal, with zeros for the digits at `at`.
std::string digest(std::span<const std::uint8_t> bytes, std::size_t at) {
  const std::string zeros(kChecksumDigits, '0');
  const auto rest = bytes.subspan(at + kChecksumDigits);
  const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(XXH3_createState(),
                                                                       &XXH3_freeState);
  XXH3_128bits_reset(state.get());
  XXH3_128bits_update(state.get(), bytes.data(), at);
  XXH3_128bits_update(state.get(), zeros.data(), zeros.size());
  XXH3_128bits_update(state.get(), rest.data(), rest.size());
  const auto hash = XXH3_128bits_digest(state.get());
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

// Where the checksum's digits start in the header; npos if they do not fit in it.  A quote after a
// backslash is part of a string.
std::size_t find_checksum(std::string_view header) {
  std::size_t at = header.find(kChecksumOpening);
  while (at != std::string_view::npos && at > 0 && header[at - 1] == '\\')
    at = header.find(kChecksumOpening, at + 1);
  if (at == std::string_view::npos) return at;
  at += kChecksumOpening.size();
  return at + kChecksumDigits <= header.size() ? at : std::string_view::npos;
}

// Parses JSON in bounded memory and refuses what nlohmann would let pass: a key given twice.
json parse_header(const std::string& name, std::string_view text) {
  struct Level {
    std::set<std::string> keys;
    int items = 0;
  };
  std::vector<Level> levels;
  const auto watch = [&](int depth, json::parse_event_t event, json& value) {
    using Event = json::parse_event_t;
    if (depth > 3) refuse(name, "its header is nested too deeply");
    if (event == Event::object_start || event == Event::array_start) levels.emplace_back();
    if (event == Event::object_end || event == Event::array_end) levels.pop_back();
    if (event == Event::key && !levels.back().keys.insert(value.get<std::string>()).second)
      refuse(name, fmt::format("'{}' stands twice in its header", value.get<std::string>()));
    if (event == Event::value && depth == 3 && ++levels.back().items > 64)
      refuse(name, "its header has a list of more than 64 numbers");
    return true;
  };
  try {
    return json::parse(text.begin(), text.end(), watch);
  } catch (const json::exception& error) {
    refuse(name, fmt::format("its header is not JSON ({})", error.what()));
  }
}

struct Entry {
  RawTensor tensor;
  std::uint64_t begin = 0, end = 0;
};

std::vector<std::uint64_t> numbers(const std::string& name, const std::string& tensor,
                                   const json& list) {
  std::vector<std::uint64_t> values;
  if (!list.is_array()) refuse(name, fmt::format("'{}' has sizes that are not a list", tensor));
  for (const auto& item : list) {
    if (!item.is_number_unsigned() || item.get<std::uint64_t>() > INT64_MAX)
      refuse(name, fmt::format("'{}' has the size or offset {}", tensor, item.dump()));
    values.push_back(item.get<std::uint64_t>());
  }
  return values;
}

Entry read_entry(const std::string& name, const std::string& tensor, const json& value) {
  const bool complete = value.is_object() && value.size() == 3 && value.contains("dtype") &&
                        value.contains("shape") && value.contains("data_offsets");
  if (!complete || !value["dtype"].is_string())
    refuse(name, fmt::format("'{}' must have dtype, shape and data_offsets only", tensor));
  Entry entry{.tensor = {.name = tensor, .dtype = value["dtype"].get<std::string>()}};
  for (const std::uint64_t size : numbers(name, tensor, value["shape"]))
    entry.tensor.shape.push_back(static_cast<std::int64_t>(size));
  const auto offsets = numbers(name, tensor, value["data_offsets"]);
  if (offsets.size() != 2 || offsets[0] > offsets[1])
    refuse(name, fmt::format("'{}' must have two rising offsets", tensor));
  entry.begin = offsets[0], entry.end = offsets[1];
  if (!item_bytes(entry.tensor.dtype))
    refuse(name, fmt::format("'{}' has the unknown dtype '{}'", tensor, entry.tensor.dtype));
  const auto size = array_bytes(entry.tensor);
  if (!size) refuse(name, fmt::format("the shape of '{}' overflows", tensor));
  if (*size != entry.end - entry.begin)
    refuse(name, fmt::format("'{}' needs {} bytes, its offsets give {}", tensor, *size,
                             entry.end - entry.begin));
  return entry;
}

// The arrays must fill the data part exactly, one after the other.
void check_cover(const std::string& name, const std::vector<Entry>& entries,
                 std::uint64_t data_bytes) {
  std::uint64_t reached = 0;
  for (const auto& entry : entries) {
    if (entry.begin != reached)
      refuse(name, fmt::format("'{}' starts at byte {}, not {}: a hole or an overlap",
                               entry.tensor.name, entry.begin, reached));
    reached = entry.end;
  }
  if (reached != data_bytes)
    refuse(name, fmt::format("it has {} bytes of data, its header tells of {}; it was cut short or "
                             "written over",
                             data_bytes, reached));
}

std::map<std::string, std::string> read_metadata(const std::string& name, const json& header) {
  std::map<std::string, std::string> metadata;
  const auto found = header.find(kMetadataKey);
  if (found == header.end()) return metadata;
  if (!found->is_object()) refuse(name, "its __metadata__ is not an object");
  for (const auto& [key, value] : found->items()) {
    if (!value.is_string()) refuse(name, fmt::format("its metadata '{}' is not a text", key));
    metadata.emplace(key, value.get<std::string>());
  }
  return metadata;
}

// Compares and takes out Kiln's own two keys.
void check_checksum(const std::string& name, std::map<std::string, std::string>& metadata,
                    std::span<const std::uint8_t> bytes, std::string_view header) {
  const auto format = metadata.extract(std::string(kFormatKey));
  if (!format.empty() && format.mapped() != kFormat)
    refuse(name, fmt::format("it is of Kiln's format {}; this program reads {}", format.mapped(),
                             kFormat));
  const auto checksum = metadata.extract(std::string(kChecksumKey));
  if (checksum.empty() && !format.empty()) refuse(name, "its checksum is missing");
  if (checksum.empty()) return;
  const std::size_t at = find_checksum(header);
  if (at == std::string_view::npos || digest(bytes, kLengthBytes + at) != checksum.mapped())
    refuse(name, "its checksum does not match: the file was damaged or changed");
}

std::uint64_t read_length(const std::string& name, const std::vector<std::uint8_t>& bytes) {
  std::uint64_t length = 0;
  if (bytes.size() < kLengthBytes + 2)
    refuse(name, fmt::format("it has {} bytes: too short for a safetensors file", bytes.size()));
  for (std::size_t i = 0; i < kLengthBytes; ++i) length |= std::uint64_t{bytes[i]} << (8 * i);
  if (length > kHeaderLimit || length > bytes.size() - kLengthBytes)
    refuse(name, fmt::format("its header claims {} bytes of {}; not a safetensors file, or cut "
                             "short",
                             length, bytes.size()));
  if (bytes[kLengthBytes] != '{') refuse(name, "its header does not start with '{'");
  return length;
}

json describe(const SafetensorsFile& file, const std::vector<const RawTensor*>& tensors) {
  json header = json::object(), metadata = json::object();
  for (const auto& [key, value] : file.metadata) metadata[key] = value;
  metadata[std::string(kFormatKey)] = kFormat;
  metadata[std::string(kChecksumKey)] = std::string(kChecksumDigits, '0');
  header[std::string(kMetadataKey)] = std::move(metadata);
  std::uint64_t reached = 0;
  for (const auto* tensor : tensors) {
    const auto size = array_bytes(*tensor);
    if (!size || *size != tensor->bytes.size())
      throw ShapeError("safetensors",
                       fmt::format("'{}' ({}) has {} bytes, which do not fit its "
                                   "dtype and shape",
                                   tensor->name, tensor->dtype, tensor->bytes.size()));
    if (header.contains(tensor->name))
      throw ShapeError("safetensors", fmt::format("two arrays are named '{}'", tensor->name));
    header[tensor->name] = {{"dtype", tensor->dtype},
                            {"shape", tensor->shape},
                            {"data_offsets", {reached, reached + *size}}};
    reached += *size;
  }
  return header;
}

// Padded with spaces so that the data start at a multiple of 8.
std::string padded_text(const json& header) {
  std::string text;
  try {
    text = header.dump();
  } catch (const json::exception& error) {
    throw ShapeError("safetensors", fmt::format("a name is not UTF-8 ({})", error.what()));
  }
  text.resize((text.size() + 7) / 8 * 8, ' ');
  if (text.size() > kHeaderLimit)
    throw ShapeError("safetensors", fmt::format("a header of {} bytes is too long", text.size()));
  return text;
}

}  // namespace

SafetensorsFile parse_safetensors(const std::string& name, const std::vector<std::uint8_t>& bytes) {
  const std::uint64_t length = read_length(name, bytes);
  const auto* text = reinterpret_cast<const char*>(bytes.data()) + kLengthBytes;
  const std::string_view header_text(text, static_cast<std::size_t>(length));
  const json header = parse_header(name, header_text);
  std::vector<Entry> entries;
  for (const auto& [key, value] : header.items())
    if (key != kMetadataKey) entries.push_back(read_entry(name, key, value));
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  check_cover(name, entries, bytes.size() - kLengthBytes - length);

  SafetensorsFile file{.metadata = read_metadata(name, header), .tensors = {}};
  check_checksum(name, file.metadata, bytes, header_text);
  const auto* data = bytes.data() + kLengthBytes + length;
  for (auto& entry : entries) {
    entry.tensor.bytes.assign(data + entry.begin, data + entry.end);
    file.tensors.push_back(std::move(entry.tensor));
  }
  return file;
}

std::vector<std::uint8_t> encode_safetensors(const SafetensorsFile& file) {
  std::vector<const RawTensor*> tensors;
  for (const auto& tensor : file.tensors) tensors.push_back(&tensor);
  // Widest first: then every array starts at a multiple of its item size, as readers expect.
  std::stable_sort(tensors.begin(), tensors.end(), [](const RawTensor* a, const RawTensor* b) {
    return item_bytes(a->dtype) > item_bytes(b->dtype);
  });
  const std::string text = padded_text(describe(file, tensors));
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i < kLengthBytes; ++i)
    bytes.push_back(static_cast<std::uint8_t>(text.size() >> (8 * i)));
  bytes.insert(bytes.end(), text.begin(), text.end());
  for (const auto* tensor : tensors)
    bytes.insert(bytes.end(), tensor->bytes.begin(), tensor->bytes.end());
  const std::size_t at = find_checksum(text);
  KILN_ASSERT(at != std::string::npos);
  std::ranges::copy(digest(bytes, kLengthBytes + at),
                    bytes.begin() + static_cast<std::ptrdiff_t>(kLengthBytes + at));
  return bytes;
}

SafetensorsFile read_safetensors(const std::filesystem::path& path) {
  return parse_safetensors(path.string(), read_file(path, kFileLimit));
}

void write_safetensors(const std::filesystem::path& path, const SafetensorsFile& file) {
  write_file_atomically(path, encode_safetensors(file));
}

}  // namespace kiln
