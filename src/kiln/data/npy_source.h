#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "kiln/core/options.h"
#include "kiln/data/byte_source.h"
#include "kiln/data/dataset.h"

namespace kiln {

enum class ImageLayout { chw, hwc };

inline std::vector<std::pair<ImageLayout, std::string_view>> enum_names(ImageLayout) {
  return {{ImageLayout::chw, "chw"}, {ImageLayout::hwc, "hwc"}};
}

/// Of an array whose first axis counts items: [N, D] rows, [N, H, W] grey pictures, [N, C, H, W] or
/// [N, H, W, C] pictures.
struct ArrayOptions {
  std::optional<ImageLayout> layout;
  std::optional<Values> values;
  double memory = 2;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    visit("layout", self.layout,
          Field{.help = "order of four axes; auto: where the 1 or 3 channels are"});
    visit("values", self.values,
          Field{.help = "kind of numbers; auto: binary if only 0 and 1 (or 0 and 255), unit for "
                        "bytes and pictures in [0, 1], signed_unit for pictures in [-1, 1], "
                        "states for whole numbers from 0 to 65535, else real"});
    visit("memory", self.memory,
          Field{.help = "GiB of unpacked data to hold in memory; more goes to a temporary file",
                .low = 0,
                .high = 65536});
  }
};

struct NpyOptions {
  std::string labels = "none";
  ArrayOptions array;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    visit("labels", self.labels, Field{.help = ".npy file of labels; or none"});
    ArrayOptions::fields(self.array, visit);
  }
};

struct NpzOptions {
  std::string key = "only";
  std::string labels = "none";
  ArrayOptions array;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    visit("key", self.key, Field{.help = "name of the array; only: there is one besides labels"});
    visit("labels", self.labels, Field{.help = "name of the array of labels; or none"});
    ArrayOptions::fields(self.array, visit);
  }
};

/// The array of a .npy file, left on disk, or one of a .npz archive, unpacked.  Every number is
/// looked at once at opening.  Throws IoError naming the file and the index of a number that is NaN
/// or infinite; with `skip_bad` such items are left out and counted.
DatasetPtr open_npy(const std::string& spec, const std::filesystem::path& path,
                    const NpyOptions& options, bool skip_bad);
DatasetPtr open_npz(const std::string& spec, const std::filesystem::path& path,
                    const NpzOptions& options, bool skip_bad);

/// The same for .npy bytes at hand; `labels` may be null.
DatasetPtr array_dataset(const std::string& spec, ByteSourcePtr array, const ByteSourcePtr& labels,
                         const ArrayOptions& options, bool skip_bad);

}  // namespace kiln
