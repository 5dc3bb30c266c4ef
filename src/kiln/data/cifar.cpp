#include "kiln/data/cifar.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "kiln/core/error.h"
#include "kiln/data/byte_images.h"

namespace kiln {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kPictureBytes = 3 * 32 * 32, kRecordBytes = 1 + kPictureBytes;
const std::array<const char*, 10> kClassNames{"airplane", "automobile", "bird",  "cat",  "deer",
                                              "dog",      "frog",       "horse", "ship", "truck"};

[[noreturn]] void refuse(const std::string& name, const std::string& reason) {
  throw IoError("data.cifar10", name + " " + reason);
}

ByteRecords records_of(const ByteSourcePtr& file) {
  if (file->size() == 0 || file->size() % kRecordBytes != 0)
    refuse(file->name(), fmt::format("is {} bytes long, not a whole number of records of {}; get "
                                     "CIFAR-10's binary version (data_batch_1.bin ...)",
                                     file->size(), kRecordBytes));
  return {.bytes = file,
          .offset = 1,
          .stride = kRecordBytes,
          .items = static_cast<std::int64_t>(file->size() / kRecordBytes)};
}

void append_labels(const ByteRecords& records, std::vector<std::int32_t>& labels) {
  constexpr std::int64_t kBlock = 256;  // records read at once
  std::vector<std::uint8_t> block;
  for (std::int64_t first = 0; first < records.items; first += kBlock) {
    const auto count = std::min(kBlock, records.items - first);
    block.resize(static_cast<std::size_t>(count * kRecordBytes));
    records.bytes->read(static_cast<std::uint64_t>(first * kRecordBytes), block);
    for (std::int64_t i = 0; i < count; ++i) {
      const auto label = block[static_cast<std::size_t>(i * kRecordBytes)];
      if (label >= kClassNames.size())
        refuse(records.bytes->name(),
               fmt::format("has label {} at record {}, labels go from 0 to 9; is it CIFAR-10's "
                           "binary version?",
                           label, first + i));
      labels.push_back(label);
    }
  }
}

std::vector<ByteSourcePtr> training_files(const fs::path& folder) {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const auto name = entry.path().filename().string();
    if (name.starts_with("data_batch_") && name.ends_with(".bin")) paths.push_back(entry.path());
  }
  if (paths.empty())
    refuse(folder.string(),
           "holds no data_batch_*.bin; give the folder of CIFAR-10's binary version, or one file");
  std::sort(paths.begin(), paths.end());
  std::vector<ByteSourcePtr> files;
  for (const auto& path : paths) files.push_back(file_bytes(path));
  return files;
}

}  // namespace

DatasetPtr cifar10_dataset(const std::string& spec, const std::vector<ByteSourcePtr>& files) {
  DataInfo info;
  info.name = spec;
  info.shape = {3, 32, 32};
  info.values = Values::unit;
  info.levels = 256;
  info.classes = std::ssize(kClassNames);
  info.class_names.assign(kClassNames.begin(), kClassNames.end());
  std::vector<ByteRecords> parts;
  std::vector<std::int32_t> labels;
  for (const auto& file : files) {
    parts.push_back(records_of(file));
    append_labels(parts.back(), labels);
  }
  return byte_images(std::move(info), std::move(parts), std::move(labels));
}

Splits open_cifar10(const std::string& spec, const fs::path& path) {
  Splits splits;
  if (!fs::is_directory(path)) {
    splits.train = cifar10_dataset(spec, {file_bytes(path)});
    return splits;
  }
  splits.train = cifar10_dataset(spec, training_files(path));
  if (const auto test = path / "test_batch.bin"; fs::exists(test))
    splits.test = cifar10_dataset(spec, {file_bytes(test)});
  return splits;
}

}  // namespace kiln
