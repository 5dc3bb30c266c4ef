#include "kiln/data/npy_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "kiln/core/error.h"
#include "kiln/core/text.h"
#include "kiln/data/value_range.h"
#include "kiln/io/npy.h"

namespace kiln {
namespace {

constexpr std::size_t kMaxPrefix = (std::size_t{1} << 16) + 12;  // a header and what is before it
constexpr std::uint64_t kMaxBytes = std::uint64_t{1} << 42;
constexpr std::int64_t kMaxClasses = 10000;
constexpr std::int64_t kMostNumbers = 1 << 26;  // of one item: no model takes as many
constexpr std::int64_t kReadAtOnce = 1 << 16;   // numbers, while all are looked at
constexpr std::int64_t kHeldNumbers = 1 << 24;  // of all items together: 64 MiB

[[noreturn]] void refuse(const std::string& name, const std::string& reason) {
  throw IoError("data.npy", name + " " + reason);
}

// An array in a file and how to read parts of it.
struct ArrayFile {
  ByteSourcePtr bytes;
  NpyHeader header;

  explicit ArrayFile(ByteSourcePtr source) : bytes(std::move(source)) {
    std::vector<std::uint8_t> prefix(std::min<std::uint64_t>(bytes->size(), kMaxPrefix));
    bytes->read(0, prefix);
    header = parse_npy_header(bytes->name(), prefix.data(), prefix.size(), bytes->size());
  }
  std::string shape_text() const { return fmt::format("({})", fmt::join(header.shape, ", ")); }
  void read(std::int64_t first, std::span<float> x) const {
    const auto width = static_cast<std::uint64_t>(header.item_bytes);
    std::vector<std::uint8_t> raw(x.size() * width);
    bytes->read(header.data_offset + static_cast<std::uint64_t>(first) * width, raw);
    npy_to_float(header, raw.data(), std::ssize(x), x.data());
  }
};

std::vector<std::int32_t> read_labels(const ByteSourcePtr& bytes, std::int64_t items) {
  const ArrayFile file(bytes);
  if (file.header.shape.empty() || file.header.shape[0] != items || file.header.count() != items)
    refuse(bytes->name(), fmt::format("has the shape {}, labels of {} items need ({})",
                                      file.shape_text(), items, items));
  std::vector<float> numbers(static_cast<std::size_t>(items));
  file.read(0, numbers);
  std::vector<std::int32_t> labels;
  for (const float number : numbers) {
    if (!(number >= 0 && number < kMaxClasses && number == std::floor(number)))
      refuse(bytes->name(), fmt::format("holds {} at [{}]; labels are whole numbers from 0 to {}",
                                        number, labels.size(), kMaxClasses - 1));
    labels.push_back(static_cast<std::int32_t>(number));
  }
  return labels;
}

class ArrayData : public Dataset {
 public:
  ArrayData(const std::string& spec, ByteSourcePtr bytes, const ByteSourcePtr& label_bytes,
            const ArrayOptions& options, bool skip_bad);

  const DataInfo& info() const override { return info_; }
  std::int64_t size() const override { return file_.header.shape[0] - info_.skipped; }
  std::int64_t read(std::int64_t index, std::span<float> x) const override;

 private:
  void set_shape(const ArrayOptions& options);
  ValueRange look_at_all(bool skip_bad);
  void set_values(const ArrayOptions& options, const ValueRange& range);
  bool is_bytes() const { return file_.header.dtype == "|u1"; }
  std::int64_t place_of(std::int64_t index) const {
    return items_.empty() ? index : items_[static_cast<std::size_t>(index)];
  }
  void hold_if_small();
  void load(std::int64_t item, std::span<float> x) const;
  [[noreturn]] void refuse_number(std::int64_t item, std::span<const float> x) const;

  DataInfo info_;
  ArrayFile file_;
  std::vector<std::int64_t> items_;   // indices of the sound ones; empty where all are
  std::vector<std::int32_t> labels_;  // of all
  bool channels_last_ = false;
  float white_ = 1;          // the stored number that becomes 1
  std::vector<float> held_;  // all items as they are read, where they are few enough
};

ArrayData::ArrayData(const std::string& spec, ByteSourcePtr bytes, const ByteSourcePtr& label_bytes,
                     const ArrayOptions& options, bool skip_bad)
    : file_(std::move(bytes)) {
  info_.name = spec;
  set_shape(options);
  if (label_bytes) labels_ = read_labels(label_bytes, file_.header.shape[0]);
  if (!labels_.empty()) info_.classes = *std::max_element(labels_.begin(), labels_.end()) + 1;
  set_values(options, look_at_all(skip_bad));
  hold_if_small();
}

// A pass over items that lie in memory costs a fifth of one that reads them from a file one by one.
void ArrayData::hold_if_small() {
  const auto width = info_.item_size();
  if (width > kHeldNumbers / size()) return;
  std::vector<float> held(static_cast<std::size_t>(size() * width));
  for (std::int64_t i = 0; i < size(); ++i)
    load(place_of(i), std::span(held).subspan(static_cast<std::size_t>(i * width),
                                              static_cast<std::size_t>(width)));
  held_ = std::move(held);
}

// Items first: [N], [N, D], [N, H, W] or four axes with one or three channels.
void ArrayData::set_shape(const ArrayOptions& options) {
  const auto& shape = file_.header.shape;
  const auto& name = file_.bytes->name();
  if (shape.empty() || shape.size() > 4)
    refuse(name, fmt::format("has the shape {}; 1 to 4 axes are read, the first counts items",
                             file_.shape_text()));
  if (shape.size() > 1 && file_.header.count() / std::max<std::int64_t>(1, shape[0]) > kMostNumbers)
    refuse(name, fmt::format("has the shape {}: an item of it has more than {} numbers; the first "
                             "axis counts items",
                             file_.shape_text(), kMostNumbers));
  if (file_.header.count() == 0)
    refuse(name, fmt::format("has the shape {}, which holds nothing", file_.shape_text()));
  const auto is_channels = [](std::int64_t length) { return length == 1 || length == 3; };
  if (shape.size() == 1) info_.shape = {1};
  if (shape.size() == 2) info_.shape = {shape[1]};
  if (shape.size() == 3) info_.shape = {1, shape[1], shape[2]};
  if (shape.size() < 4) return;
  channels_last_ = options.layout ? *options.layout == ImageLayout::hwc
                                  : !is_channels(shape[1]) && is_channels(shape[3]);
  info_.shape = {shape[1], shape[2], shape[3]};
  if (channels_last_) info_.shape = {shape[3], shape[1], shape[2]};
  if (!is_channels(info_.shape[0]))
    refuse(name, fmt::format("has the shape {} and so {} channels; pictures have 1 or 3, first or "
                             "last (layout=)",
                             file_.shape_text(), info_.shape[0]));
}

void ArrayData::refuse_number(std::int64_t item, std::span<const float> x) const {
  const auto found = std::find_if(x.begin(), x.end(), [](float v) { return !std::isfinite(v); });
  auto rest = found - x.begin();
  std::string index;
  for (std::size_t axis = file_.header.shape.size(); axis-- > 1;) {
    index = fmt::format(", {}{}", rest % file_.header.shape[axis], index);
    rest /= file_.header.shape[axis];
  }
  refuse(file_.bytes->name(),
         fmt::format("holds {} at [{}{}]; repair the array, or leave such items out with "
                     "--skip-bad",
                     *found, item, index));
}

// Finds the items whose numbers are all finite, and the range of those.  Many items are read at
// once: an array may hold a thousand million of a byte each.
ValueRange ArrayData::look_at_all(bool skip_bad) {
  ValueRange range;
  const auto width = info_.item_size(), count = file_.header.shape[0];
  const auto at_once = std::clamp<std::int64_t>(kReadAtOnce / width, 1, count);
  std::vector<float> block(static_cast<std::size_t>(at_once * width));
  std::vector<std::int64_t> broken;
  for (std::int64_t first = 0; first < count; first += at_once) {
    const auto rows = std::min(at_once, count - first);
    const auto numbers = std::span(block).first(static_cast<std::size_t>(rows * width));
    file_.read(first * width, numbers);
    for (std::int64_t row = 0; row < rows; ++row) {
      const auto x =
          numbers.subspan(static_cast<std::size_t>(row * width), static_cast<std::size_t>(width));
      const bool sound = std::all_of(x.begin(), x.end(), [](float v) { return std::isfinite(v); });
      if (sound) {
        range.add(x);
        continue;
      }
      if (!skip_bad) refuse_number(first + row, x);
      broken.push_back(first + row);
    }
  }
  info_.skipped = std::ssize(broken);
  if (info_.skipped == count) refuse(file_.bytes->name(), "has no sound items");
  if (broken.empty()) return range;
  auto next = broken.begin();
  for (std::int64_t item = 0; item < count; ++item)
    if (next != broken.end() && *next == item)
      ++next;
    else
      items_.push_back(item);
  return range;
}

void ArrayData::set_values(const ArrayOptions& options, const ValueRange& numbers) {
  ValueRange range = numbers;
  const bool as_stored = options.values == Values::real || options.values == Values::states;
  if (is_bytes() && !range.only_0_and_1 && !as_stored) {
    white_ = 255;
    range.low /= white_, range.high /= white_;
    range.only_0_and_1 = numbers.only_0_and_255;
  }
  auto usual = Values::real;
  if (range.only_0_and_1)
    usual = Values::binary;
  else if (white_ == 255 || (info_.is_image() && range.allows(Values::unit)))
    usual = Values::unit;
  else if (info_.is_image() && range.allows(Values::signed_unit))
    usual = Values::signed_unit;
  else if (range.only_states)
    usual = Values::states;
  info_.values = check_values("data.npy", file_.bytes->name(), range, options.values, usual);
  info_.levels = levels_of(info_.values, range);
  if (info_.values != Values::binary && white_ == 255) info_.levels = 256;
}

std::int64_t ArrayData::read(std::int64_t index, std::span<float> x) const {
  KILN_ASSERT(index >= 0 && index < size() && std::ssize(x) == info_.item_size());
  const auto item = place_of(index);
  if (held_.empty())
    load(item, x);
  else
    std::copy_n(held_.begin() + index * info_.item_size(), x.size(), x.begin());
  return labels_.empty() ? -1 : labels_[static_cast<std::size_t>(item)];
}

void ArrayData::load(std::int64_t item, std::span<float> x) const {
  file_.read(item * info_.item_size(), x);
  if (white_ != 1)
    for (auto& value : x) value /= white_;
  if (channels_last_) {
    const std::vector<float> interleaved(x.begin(), x.end());
    const auto channels = static_cast<std::size_t>(info_.shape[0]), area = x.size() / channels;
    for (std::size_t i = 0; i < x.size(); ++i)
      x[i % channels * area + i / channels] = interleaved[i];
  }
}

std::uint64_t memory_bytes_of(const ArrayOptions& options) {
  return static_cast<std::uint64_t>(options.memory * 0x1p30);
}

ByteSourcePtr unpacked(const std::filesystem::path& path, const std::string& name,
                       const ArrayOptions& options) {
  SpillBuffer buffer(path.string() + ":" + name, memory_bytes_of(options));
  unpack_npz_member(path, name, kMaxBytes, [&buffer](auto piece) { buffer.append(piece); });
  return buffer.finish();
}

// The array that key= names, or the only one that holds no labels.
std::string chosen_name(const std::filesystem::path& path, const NpzOptions& options) {
  auto names = npz_names(path);
  if (std::find(names.begin(), names.end(), options.key) != names.end()) return options.key;
  if (options.key != "only")
    throw ConfigError("data.npz",
                      fmt::format("{} has no array '{}'{} It has: {}", path.string(), options.key,
                                  did_you_mean(options.key, names), join(names, ", ")));
  std::erase(names, options.labels);
  if (names.size() != 1)
    throw ConfigError("data.npz", fmt::format("{} holds {} arrays; name one with key=. It has: {}",
                                              path.string(), names.size(), join(names, ", ")));
  return names.front();
}

}  // namespace

DatasetPtr array_dataset(const std::string& spec, ByteSourcePtr array, const ByteSourcePtr& labels,
                         const ArrayOptions& options, bool skip_bad) {
  return std::make_shared<ArrayData>(spec, std::move(array), labels, options, skip_bad);
}

DatasetPtr open_npy(const std::string& spec, const std::filesystem::path& path,
                    const NpyOptions& options, bool skip_bad) {
  const auto labels = options.labels == "none" ? nullptr : file_bytes(options.labels);
  return array_dataset(spec, file_bytes(path), labels, options.array, skip_bad);
}

DatasetPtr open_npz(const std::string& spec, const std::filesystem::path& path,
                    const NpzOptions& options, bool skip_bad) {
  auto array = unpacked(path, chosen_name(path, options), options.array);
  const auto labels =
      options.labels == "none" ? nullptr : unpacked(path, options.labels, options.array);
  return array_dataset(spec, std::move(array), labels, options.array, skip_bad);
}

}  // namespace kiln
