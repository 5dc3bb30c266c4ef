#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace kiln {

/// The picture files of a folder: parts one after the other, each sorted by class and path.
struct PictureList {
  enum Part { train, valid, test };
  struct File {
    std::filesystem::path path;
    std::int32_t label = -1;  ///< Of class_names.
    Part part = train;
  };
  std::vector<File> files;
  std::string other_kinds;  ///< Pictures that are not read: "2 .gif, 1 .tiff"; or empty.
  std::vector<std::string> class_names;  ///< Sorted; empty when pictures lie in no sub-folders.
};

/// Whether a name ends as those of the pictures that are read do.
bool has_picture_ending(const std::filesystem::path& path);

/// Finds pictures by their file names' endings; hidden files are passed over.  Throws IoError for a
/// folder that is missing, holds no pictures, or holds some both inside and outside sub-folders.
PictureList list_pictures(const std::filesystem::path& folder);

}  // namespace kiln
