#include "kiln/data/idx.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "kiln/core/error.h"
#include "kiln/data/byte_images.h"

namespace kiln {
namespace {

namespace fs = std::filesystem;

constexpr std::uint8_t kUnsignedBytes = 0x08;
constexpr std::size_t kMaxDimensions = 4, kMaxHeader = 4 + 4 * kMaxDimensions;
constexpr std::uint64_t kMaxBytes = std::uint64_t{1} << 48;
constexpr std::uint64_t kMaxItemBytes = std::uint64_t{1} << 28;
// Deflate cannot shrink bytes by more than this factor.
constexpr std::uint64_t kMaxDeflateRatio = 1032;

[[noreturn]] void refuse(const std::string& name, const std::string& reason) {
  throw IoError("data.idx", name + " " + reason);
}

void check_length(const std::string& name, const IdxHeader& header, std::uint64_t size) {
  const auto expected = header.data_offset + header.data_bytes;
  if (size != expected)
    refuse(name, fmt::format("is {} bytes long, but its header announces {} (sizes {}); get it "
                             "again",
                             size, expected, fmt::join(header.shape, " x ")));
}

IdxFile open_gzipped(const fs::path& path, std::uint64_t memory_limit) {
  const auto header = parse_idx_header(path.string(), gzip_prefix(path, kMaxHeader));
  const auto expected = header.data_offset + header.data_bytes;
  if (expected / kMaxDeflateRatio > fs::file_size(path))
    refuse(path.string(), fmt::format("cannot hold the {} bytes that its header announces (sizes "
                                      "{}); get it again",
                                      expected, fmt::join(header.shape, " x ")));
  auto bytes = inflate_gzip(path, expected, memory_limit);
  check_length(path.string(), header, bytes->size());
  return {header, std::move(bytes)};
}

std::vector<std::int32_t> read_labels(const IdxFile& images, const IdxFile& labels) {
  if (labels.header.shape.size() != 1)
    refuse(labels.bytes->name(), fmt::format("has {} dimensions, labels have 1; name a label file",
                                             labels.header.shape.size()));
  if (labels.header.shape[0] != images.header.shape[0])
    refuse(labels.bytes->name(),
           fmt::format("holds {} labels, but {} holds {} images; they do not belong together",
                       labels.header.shape[0], images.bytes->name(), images.header.shape[0]));
  std::vector<std::uint8_t> bytes(labels.header.data_bytes);
  labels.bytes->read(labels.header.data_offset, bytes);
  return {bytes.begin(), bytes.end()};
}

// One part of a source, opened but not yet knowing what the other parts hold.
struct Part {
  IdxFile images;
  std::vector<std::int32_t> labels;
};

std::vector<std::int64_t> image_shape(const IdxFile& file) {
  const auto& shape = file.header.shape;
  if (shape.size() != 3)
    refuse(file.bytes->name(),
           fmt::format("has {} dimensions (sizes {}), images have 3: items, height, width",
                       shape.size(), fmt::join(shape, " x ")));
  if (shape[0] == 0) refuse(file.bytes->name(), "holds no images");
  if (shape[1] == 0 || shape[2] == 0 ||
      static_cast<std::uint64_t>(shape[1]) * static_cast<std::uint64_t>(shape[2]) > kMaxItemBytes)
    refuse(file.bytes->name(),
           fmt::format("holds images of impossible size {} x {}", shape[1], shape[2]));
  return {1, shape[1], shape[2]};
}

ByteRecords records_of(const IdxFile& file) {
  const auto items = file.header.shape[0];
  return {.bytes = file.bytes,
          .offset = file.header.data_offset,
          .stride = file.header.data_bytes / static_cast<std::uint64_t>(items),
          .items = items};
}

Part open_part(IdxFile images, std::optional<IdxFile> labels) {
  image_shape(images);
  Part part{.images = std::move(images), .labels = {}};
  if (labels) part.labels = read_labels(part.images, *labels);
  return part;
}

// All parts agree in size, values and number of classes.
DataInfo common_info(const std::string& spec, const std::vector<const Part*>& parts) {
  DataInfo info;
  info.name = spec;
  info.shape = image_shape(parts[0]->images);
  ByteRange range;
  for (const auto* part : parts) {
    const auto shape = image_shape(part->images);
    if (shape != info.shape)
      refuse(part->images.bytes->name(),
             fmt::format("holds images of {} x {}, but {} of {} x {}; parts of one source agree",
                         shape[1], shape[2], parts[0]->images.bytes->name(), info.shape[1],
                         info.shape[2]));
    range.join(range_of(records_of(part->images), info.item_size()));
    for (const auto label : part->labels)
      info.classes = std::max<std::int64_t>(info.classes, label + 1);
  }
  info.values = range.only_0_and_255 ? Values::binary : Values::unit;
  info.levels = range.only_0_and_255 ? 2 : 256;
  return info;
}

DatasetPtr dataset_of(DataInfo info, Part part) {
  if (part.labels.empty()) info.classes = 0;
  return byte_images(std::move(info), {records_of(part.images)}, std::move(part.labels));
}

std::optional<Part> open_part(const IdxPaths& paths, std::uint64_t memory_limit) {
  if (paths.images.empty()) return std::nullopt;
  std::optional<IdxFile> labels;
  if (!paths.labels.empty()) labels = open_idx(paths.labels, memory_limit);
  return open_part(open_idx(paths.images, memory_limit), std::move(labels));
}

// FOLDER/PART-images-idx3-ubyte or FOLDER/PART-images.idx3-ubyte, raw or gzipped.
IdxPaths find_part(const fs::path& folder, const std::string& part) {
  for (const auto* name : {"-images-idx3-ubyte", "-images.idx3-ubyte"})
    for (const auto* ending : {"", ".gz"}) {
      const auto images = folder / (part + name + ending);
      if (fs::exists(images)) return {images, idx_labels_beside(images)};
    }
  return {};
}

}  // namespace

IdxHeader parse_idx_header(const std::string& name, std::span<const std::uint8_t> bytes) {
  if (bytes.size() < 4 || bytes[0] != 0 || bytes[1] != 0)
    refuse(name, "is no IDX file: it does not begin with two zero bytes");
  if (bytes[2] != kUnsignedBytes)
    refuse(name, fmt::format("is no IDX file of bytes: its type is 0x{:02x}, only 0x08 (unsigned "
                             "bytes) is read",
                             bytes[2]));
  const std::size_t dimensions = bytes[3];
  if (dimensions < 1 || dimensions > kMaxDimensions)
    refuse(name, fmt::format("has {} dimensions, 1 to {} are read", dimensions, kMaxDimensions));
  IdxHeader header{.shape = {}, .data_offset = 4 + 4 * dimensions, .data_bytes = 1};
  if (bytes.size() < header.data_offset)
    refuse(name, fmt::format("is cut short: {} bytes, its header alone takes {}", bytes.size(),
                             header.data_offset));
  for (std::size_t d = 0; d < dimensions; ++d) {
    std::uint64_t length = 0;  // big-endian
    for (std::size_t k = 0; k < 4; ++k) length = length << 8 | bytes[4 + 4 * d + k];
    header.shape.push_back(static_cast<std::int64_t>(length));
    // Below 2^48 bytes so far and length < 2^32: the product fits 80 bits, so divide instead.
    if (length != 0 && header.data_bytes > kMaxBytes / length)
      refuse(name, "has an impossible header: the product of its sizes overflows");
    header.data_bytes *= length;
  }
  return header;
}

IdxFile open_idx(ByteSourcePtr bytes) {
  std::vector<std::uint8_t> prefix(std::min<std::uint64_t>(bytes->size(), kMaxHeader));
  bytes->read(0, prefix);
  auto header = parse_idx_header(bytes->name(), prefix);
  check_length(bytes->name(), header, bytes->size());
  return {std::move(header), std::move(bytes)};
}

IdxFile open_idx(const fs::path& path, std::uint64_t memory_limit) {
  return is_gzip(path) ? open_gzipped(path, memory_limit) : open_idx(file_bytes(path));
}

fs::path idx_labels_beside(const fs::path& images) {
  auto name = images.filename().string();
  const auto replace = [&name](const std::string& from, const std::string& to) {
    const auto at = name.rfind(from);
    if (at != std::string::npos) name.replace(at, from.size(), to);
    return at != std::string::npos;
  };
  if (!replace("images", "labels") || !replace("idx3", "idx1")) return {};
  if (name.ends_with(".gz")) name.resize(name.size() - 3);
  for (const auto* ending : {"", ".gz"})
    if (const auto labels = images.parent_path() / (name + ending); fs::exists(labels))
      return labels;
  return {};
}

MnistPaths find_mnist(const fs::path& folder) {
  if (!fs::is_directory(folder))
    throw IoError("data.mnist", fmt::format("there is no folder {}", folder.string()));
  MnistPaths paths{.train = find_part(folder, "train"),
                   .valid = find_part(folder, "valid"),
                   .test = find_part(folder, "t10k")};
  if (paths.test.images.empty()) paths.test = find_part(folder, "test");
  if (paths.train.images.empty())
    throw IoError("data.mnist",
                  fmt::format("{} holds no train-images-idx3-ubyte (nor .gz); give the folder of "
                              "MNIST's files, or one file with idx:FILE",
                              folder.string()));
  return paths;
}

Splits open_idx_splits(const std::string& spec, const MnistPaths& paths,
                       std::uint64_t memory_limit) {
  auto train = open_part(paths.train, memory_limit);
  auto valid = open_part(paths.valid, memory_limit);
  auto test = open_part(paths.test, memory_limit);
  std::vector<const Part*> parts;
  for (const auto* part : {&train, &valid, &test})
    if (*part) parts.push_back(&**part);
  const auto info = common_info(spec, parts);
  Splits splits{.train = dataset_of(info, std::move(*train)), .valid = nullptr, .test = nullptr};
  if (valid) splits.valid = dataset_of(info, std::move(*valid));
  if (test) splits.test = dataset_of(info, std::move(*test));
  return splits;
}

DatasetPtr idx_dataset(const std::string& spec, ByteSourcePtr images, ByteSourcePtr labels) {
  std::optional<IdxFile> label_file;
  if (labels) label_file = open_idx(std::move(labels));
  auto part = open_part(open_idx(std::move(images)), std::move(label_file));
  const auto info = common_info(spec, {&part});
  return dataset_of(info, std::move(part));
}

}  // namespace kiln
