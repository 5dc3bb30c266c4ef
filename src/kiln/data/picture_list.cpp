#include "kiln/data/picture_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>

#include "kiln/core/error.h"

namespace kiln {
namespace {

namespace fs = std::filesystem;

// A picture and the sub-folder that holds it; no sub-folder is "".
struct Found {
  std::string class_name;
  fs::path path;
  bool operator<(const Found& other) const {
    return std::tie(class_name, path) < std::tie(other.class_name, other.path);
  }
};

bool is_hidden(const fs::path& path) { return path.filename().string().starts_with('.'); }

// Links that lead nowhere, or in circles, are neither files nor folders.
bool is_file(const fs::directory_entry& entry) {
  std::error_code error;
  return entry.is_regular_file(error);
}
bool is_folder(const fs::directory_entry& entry) {
  std::error_code error;
  return entry.is_directory(error);
}

std::string ending_of(const fs::path& path) {
  auto ending = path.extension().string();
  for (auto& c : ending) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return ending;
}

bool is_picture(const fs::directory_entry& entry) {
  return has_picture_ending(entry.path()) && is_file(entry) && !is_hidden(entry.path());
}

// Pictures of kinds that are not read, by their endings.
std::string other_kinds(const fs::path& folder) {
  static const std::array<std::string, 8> kEndings{".gif",  ".bmp",  ".tif", ".tiff",
                                                   ".heic", ".avif", ".jp2", ".svg"};
  std::map<std::string, int> counts;
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; at != end; at.increment(error)) {
    const auto ending = ending_of(at->path());
    if (std::find(kEndings.begin(), kEndings.end(), ending) != kEndings.end()) ++counts[ending];
  }
  std::string text;
  for (const auto& [ending, count] : counts)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, ending);
  return text;
}

std::vector<Found> pictures_of_part(const fs::path& folder) {
  std::vector<Found> found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (is_picture(entry)) found.push_back({"", entry.path()});
    if (!is_folder(entry) || is_hidden(entry.path())) continue;
    const auto class_name = entry.path().filename().string();
    for (const auto& inner : fs::recursive_directory_iterator(entry.path()))
      if (is_picture(inner)) found.push_back({class_name, inner.path()});
  }
  std::sort(found.begin(), found.end());
  if (found.empty())
    throw IoError("data.images",
                  fmt::format("{} holds no PNG, JPEG, WebP, PGM or PPM pictures", folder.string()));
  if (found.front().class_name.empty() && !found.back().class_name.empty())
    throw IoError("data.images",
                  fmt::format("{} holds pictures both by itself ({}) and in sub-folders ({}); put "
                              "every picture into a sub-folder of its class, or none",
                              folder.string(), found.front().path.filename().string(),
                              found.back().class_name));
  return found;
}

using Parts = std::vector<std::pair<PictureList::Part, fs::path>>;

// The folder itself, or its sub-folders train, valid and test.
Parts parts_of(const fs::path& folder) {
  if (!fs::is_directory(folder))
    throw IoError("data.images", fmt::format("there is no folder {}", folder.string()));
  if (!fs::is_directory(folder / "train")) return {{PictureList::train, folder}};
  Parts parts{{PictureList::train, folder / "train"}};
  const auto valid = fs::is_directory(folder / "valid") ? "valid" : "val";
  if (fs::is_directory(folder / valid)) parts.emplace_back(PictureList::valid, folder / valid);
  if (fs::is_directory(folder / "test")) parts.emplace_back(PictureList::test, folder / "test");
  return parts;
}

}  // namespace

bool has_picture_ending(const fs::path& path) {
  static const std::array<std::string, 7> kEndings{".png", ".jpg", ".jpeg", ".webp",
                                                   ".pgm", ".ppm", ".pnm"};
  return std::find(kEndings.begin(), kEndings.end(), ending_of(path)) != kEndings.end();
}

PictureList list_pictures(const fs::path& folder) {
  std::vector<std::pair<PictureList::Part, Found>> all;
  PictureList list;
  list.other_kinds = other_kinds(folder);
  for (const auto& [part, part_folder] : parts_of(folder))
    for (auto& found : pictures_of_part(part_folder)) {
      if (!found.class_name.empty()) list.class_names.push_back(found.class_name);
      all.emplace_back(part, std::move(found));
    }
  auto& names = list.class_names;
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  for (auto& [part, found] : all) {
    const auto name = std::lower_bound(names.begin(), names.end(), found.class_name);
    const auto label = found.class_name.empty() ? -1 : name - names.begin();
    list.files.push_back({std::move(found.path), static_cast<std::int32_t>(label), part});
  }
  return list;
}

}  // namespace kiln
