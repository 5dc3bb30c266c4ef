#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "kiln/core/options.h"
#include "kiln/data/dataset.h"

namespace kiln {

enum class Crop { none, centre };

inline std::vector<std::pair<Crop, std::string_view>> enum_names(Crop) {
  return {{Crop::none, "none"}, {Crop::centre, "centre"}};
}

struct ImageFolderOptions {
  std::optional<std::int64_t> size;
  std::optional<std::int64_t> channels;
  std::optional<Crop> crop;
  double memory = 2;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    visit("size", self.size,
          Field{.help = "side in pixels; auto: all pictures have one size already",
                .low = 1,
                .high = 4096});
    visit("channels", self.channels,
          Field{.help = "1 or 3; auto: 3 if any picture has colours", .low = 1, .high = 3});
    visit("crop", self.crop,
          Field{.help = "centre: the largest centred square; auto: centre if size= is given"});
    visit("memory", self.memory,
          Field{.help = "GiB of decoded pictures to hold in memory; more are decoded when needed",
                .low = 0,
                .high = 65536});
  }
};

/// PNG, JPEG, WebP, PGM and PPM pictures under a folder.  Sub-folders name classes; sub-folders
/// train, valid (or val) and test, where there are any, are parts that hold pictures or classes.
///
/// Every picture is decoded once at opening, so that a broken one is found before anything else
/// happens. Throws IoError naming it; with `skip_bad` it is left out and counted.  Throws
/// ConfigError when pictures differ in size and size= is not given.
Splits open_image_folder(const std::string& spec, const std::filesystem::path& folder,
                         const ImageFolderOptions& options, bool skip_bad);

}  // namespace kiln
