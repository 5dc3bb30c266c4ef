#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>

#include "apps/kiln/actions/run_access.h"
#include "apps/kiln/actions/run_pictures.h"
#include "kiln/core/threads.h"
#include "kiln/data/picture_list.h"
#include "kiln/io/image.h"
#include "kiln/train/pictures.h"
#include "kiln/use/translate.h"

namespace kiln::program {
namespace {

namespace fs = std::filesystem;

using OneFile = std::function<void(const fs::path& from, const fs::path& to)>;

std::vector<fs::path> pictures_in(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.is_regular_file() && has_picture_ending(entry.path())) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  if (files.empty())
    throw IoError(folder.string(), "holds no pictures (.png, .jpg, .webp, .ppm, .pgm)");
  return files;
}

// One file, or every picture of a folder under its own name; returns how many.
std::int64_t translate_files(const TranslateArguments& a, const OneFile& translate) {
  std::error_code none;
  if (!fs::is_directory(a.image)) {
    if (fs::equivalent(a.image, a.out, none))
      throw ConfigError("translate.out", "is the picture itself; choose another name");
    return translate(a.image, a.out), 1;
  }
  const auto files = pictures_in(a.image);
  if (fs::equivalent(a.image, a.out, none))
    throw ConfigError("translate.out", "is the folder of the pictures; choose another one");
  std::map<fs::path, fs::path> made_of;
  for (const auto& file : files) {
    const auto name = file.filename().replace_extension(".png");
    if (!made_of.emplace(name, file).second)
      throw ConfigError("translate",
                        fmt::format("{} and {} would both become {}; rename one",
                                    made_of[name].string(), file.string(), name.string()));
  }
  for (const auto& [name, file] : made_of) translate(file, fs::path(a.out) / name);
  return std::ssize(files);
}

}  // namespace

int translate(const TranslateArguments& a, const Console& console) {
  start_up();
  const auto run = load(a.run, console);
  run.as<Translator>("translator");
  const auto direction = direction_of(run, a.direction);
  const auto seed = static_cast<std::uint64_t>(a.run.seed);
  const auto device = parse_device(a.run.device);
  const std::map<std::string, std::string> text{{"model", run.config.model}};
  nlohmann::json json{{"run", a.run.run}, {"step", run.step}, {"direction", direction}};
  if (!a.image.empty()) {
    const auto count = translate_files(a, [&](const fs::path& from, const fs::path& to) {
      const auto translate_and_write = [&](const auto& picture) {
        const auto made = translate_picture(run, from.string(), picture, direction, seed, device);
        make_folder_of(to);
        write_png(to, made, text);
      };
      if (const auto deep = read_deep_png(from))
        translate_and_write(*deep);
      else
        translate_and_write(read_image(from));
    });
    json.update({{"pictures", count}, {"file", a.out}});
    console.result(
        fmt::format("{} {}, {}: {}", count, count == 1 ? "picture" : "pictures", direction, a.out),
        json);
    return 0;
  }
  const auto path = picture_path(a.run, a.out, "translate");
  const auto made = translate_items(run, a.data, a.split, direction, a.count, seed, device);
  make_folder_of(path);
  write_png(path, row_grid(made.rows.pictures, run.model->value_set()), text);
  json.update({{"data", made.data}, {"pairs", made.items}, {"file", path.string()}});
  console.result(
      fmt::format("{}\n{} of {}: {}", path.string(), made.items, made.data, made.rows.names), json);
  return 0;
}

}  // namespace kiln::program
