#include "kiln/data/image_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "kiln/core/error.h"
#include "kiln/core/error_text.h"
#include "kiln/data/picture_list.h"
#include "kiln/io/image.h"

namespace kiln {
namespace {

// How a file becomes an item.  Without `channels` grey pictures among coloured ones stay grey here.
struct Preparation {
  std::optional<std::int64_t> size, channels;
  bool crop = false;

  Image operator()(const std::filesystem::path& path) const {
    auto image = read_image(path);
    if (crop) image = centre_square(image);
    if (size) image = resize(image, *size, *size);
    return channels ? with_channels(image, *channels) : image;
  }
};

// What decoding a picture told.  `image` has its pixels only while memory lasts.
struct Decoded {
  Image image;
  std::string error;
  bool only_0_and_255 = false;
};

// Decodes files in threads.
class Decoder {
 public:
  Decoder(const std::vector<PictureList::File>& files, Preparation prepare, double memory_gib)
      : files_(files),
        prepare_(prepare),
        memory_limit_(static_cast<std::uint64_t>(memory_gib * 0x1p30)),
        decoded_(files.size()) {}

  std::vector<Decoded> run() {
    const auto count = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 16);
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < std::min(count, files_.size()); ++i)
      threads.emplace_back([this] { work(); });
    threads.clear();  // joins
    if (memory_used_ > memory_limit_)
      for (auto& item : decoded_) std::vector<std::uint8_t>().swap(item.image.pixels);
    return std::move(decoded_);
  }
  bool fits_memory() const { return memory_used_ <= memory_limit_; }

 private:
  // Every file is looked at, so that all broken ones are named, whatever the threads' timing.
  void work() {
    for (;;) {
      const auto index = next_++;
      if (index >= files_.size()) return;
      decode(decoded_[index], files_[index].path);
    }
  }

  void decode(Decoded& item, const std::filesystem::path& path) {
    try {
      const auto alone = alone_if_large(path);
      item.image = prepare_(path);
    } catch (const std::exception& error) {
      item.error = error.what();
      return;
    }
    auto& pixels = item.image.pixels;
    item.only_0_and_255 =
        std::all_of(pixels.begin(), pixels.end(), [](auto p) { return p == 0 || p == 255; });
    memory_used_ += pixels.size();
    if (!fits_memory()) std::vector<std::uint8_t>().swap(pixels);
  }

  // Of large pictures one is decoded at a time: each takes ten bytes a pixel on the way.
  std::unique_lock<std::mutex> alone_if_large(const std::filesystem::path& path) {
    const auto header = read_image_header(path);
    std::unique_lock lock(large_, std::defer_lock);
    if (header.width * header.height > kLargePixels) lock.lock();
    return lock;
  }

  static constexpr std::int64_t kLargePixels = 1 << 24;
  const std::vector<PictureList::File>& files_;
  Preparation prepare_;
  std::mutex large_;
  std::uint64_t memory_limit_;
  std::vector<Decoded> decoded_;
  std::atomic<std::size_t> next_ = 0;
  std::atomic<std::uint64_t> memory_used_ = 0;
};

class Pictures : public Dataset {
 public:
  Pictures(const std::string& spec, PictureList list, const ImageFolderOptions& options,
           bool skip_bad);

  const DataInfo& info() const override { return info_; }
  std::int64_t size() const override { return std::ssize(files_); }
  std::int64_t read(std::int64_t index, std::span<float> x) const override;
  std::vector<std::int64_t> items_of(PictureList::Part part) const;

 private:
  void keep_sound(std::vector<PictureList::File> files, std::vector<Decoded> decoded,
                  bool skip_bad);
  Image at(std::size_t row) const;

  DataInfo info_;
  Preparation prepare_;
  std::vector<PictureList::File> files_;
  std::vector<Image> images_;  // decoded; without pixels when they do not fit the memory
  bool in_memory_ = true;
};

Preparation preparation_of(const ImageFolderOptions& options) {
  const auto crop = options.crop.value_or(options.size ? Crop::centre : Crop::none);
  return {.size = options.size, .channels = options.channels, .crop = crop == Crop::centre};
}

Pictures::Pictures(const std::string& spec, PictureList list, const ImageFolderOptions& options,
                   bool skip_bad)
    : prepare_(preparation_of(options)) {
  if (options.channels == 2) throw ConfigError("data.images.channels", "must be 1 or 3, got 2");
  info_.name = spec;
  info_.class_names = std::move(list.class_names);
  info_.classes = std::ssize(info_.class_names);
  if (!list.other_kinds.empty())
    info_.notes.push_back(
        fmt::format("passed over {}: save them as PNG or JPEG", list.other_kinds));
  Decoder decoder(list.files, prepare_, options.memory);
  auto decoded = decoder.run();
  in_memory_ = decoder.fits_memory();
  keep_sound(std::move(list.files), std::move(decoded), skip_bad);
  const auto& first = images_.front();
  const bool colour = std::any_of(images_.begin(), images_.end(),
                                  [](const Image& image) { return image.channels == 3; });
  info_.shape = {colour ? 3 : 1, first.height, first.width};
}

constexpr std::int64_t kMostNamed = 20;

// Names every broken file, as far as they were looked at.
void refuse_broken(const std::vector<Decoded>& decoded) {
  std::string text;
  std::int64_t count = 0;
  for (const auto& item : decoded)
    if (!item.error.empty() && ++count <= kMostNamed)
      text += (count > 1 ? "; " : "") + without_tag(item.error);
  if (count == 0) return;
  if (count > kMostNamed) text += fmt::format("; and {} more", count - kMostNamed);
  throw IoError("data.images", fmt::format("{}; repair or remove {}, or leave broken pictures out "
                                           "with --skip-bad",
                                           text, count == 1 ? "the file" : "these files"));
}

// Files and images without the broken ones, the values they hold, and a check of their sizes.
void Pictures::keep_sound(std::vector<PictureList::File> files, std::vector<Decoded> decoded,
                          bool skip_bad) {
  bool only_0_and_255 = true;
  if (!skip_bad) refuse_broken(decoded);
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (!decoded[i].error.empty()) {
      ++info_.skipped;
      if (info_.skipped <= kMostNamed)
        info_.notes.push_back("left out: " + without_tag(decoded[i].error));
      continue;
    }
    only_0_and_255 = only_0_and_255 && decoded[i].only_0_and_255;
    files_.push_back(std::move(files[i]));
    images_.push_back(std::move(decoded[i].image));
    const auto &first = images_.front(), &last = images_.back();
    if (last.width != first.width || last.height != first.height)
      throw ConfigError(
          "data.images",
          fmt::format("pictures differ in size: {} is {} x {}, {} is {} x {}; bring them to one "
                      "size with size=, as in size=64",
                      files_.front().path.string(), first.width, first.height,
                      files_.back().path.string(), last.width, last.height));
  }
  if (files_.empty())
    throw IoError("data.images",
                  fmt::format("{}: none of {} pictures can be read", info_.name, info_.skipped));
  info_.values = only_0_and_255 ? Values::binary : Values::unit;
  info_.levels = only_0_and_255 ? 2 : 256;
}

Image Pictures::at(std::size_t row) const {
  if (in_memory_) return with_channels(images_[row], info_.shape[0]);
  const auto image = with_channels(prepare_(files_[row].path), info_.shape[0]);
  if (image.height != info_.shape[1] || image.width != info_.shape[2])
    throw IoError("data.images",
                  fmt::format("{} has changed since it was opened", files_[row].path.string()));
  return image;
}

std::int64_t Pictures::read(std::int64_t index, std::span<float> x) const {
  KILN_ASSERT(index >= 0 && index < size() && std::ssize(x) == info_.item_size());
  const auto row = static_cast<std::size_t>(index);
  const auto image = at(row);
  const auto channels = static_cast<std::size_t>(image.channels);
  const auto area = image.pixels.size() / channels;
  for (std::size_t i = 0; i < area; ++i)
    for (std::size_t c = 0; c < channels; ++c)
      x[c * area + i] = static_cast<float>(image.pixels[i * channels + c]) / 255;
  return files_[row].label;
}

std::vector<std::int64_t> Pictures::items_of(PictureList::Part part) const {
  std::vector<std::int64_t> items;
  for (std::size_t i = 0; i < files_.size(); ++i)
    if (files_[i].part == part) items.push_back(static_cast<std::int64_t>(i));
  return items;
}

}  // namespace

Splits open_image_folder(const std::string& spec, const std::filesystem::path& folder,
                         const ImageFolderOptions& options, bool skip_bad) {
  const auto pictures = std::make_shared<Pictures>(spec, list_pictures(folder), options, skip_bad);
  const auto part = [&](PictureList::Part name) -> DatasetPtr {
    auto items = pictures->items_of(name);
    return items.empty() ? nullptr : subset(pictures, std::move(items));
  };
  Splits splits{.train = part(PictureList::train),
                .valid = part(PictureList::valid),
                .test = part(PictureList::test)};
  if (!splits.train)
    throw IoError("data.images",
                  fmt::format("{}: none of the training pictures can be read", folder.string()));
  return splits;
}

}  // namespace kiln
