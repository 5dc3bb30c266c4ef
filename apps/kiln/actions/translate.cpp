#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <map>

#include "apps/kiln/actions/run_access.h"
#include "apps/kiln/actions/run_pictures.h"
#include "kiln/core/text.h"
#include "kiln/core/threads.h"
#include "kiln/data/picture_list.h"
#include "kiln/io/image.h"
#include "kiln/models/directed_pair.h"
#include "kiln/train/pictures.h"

namespace kiln::program {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kMostPixels = std::int64_t{1} << 22;

// How many channels a picture that goes in `direction` has.
std::int64_t channels_of(const TrainedModel& run, const std::string& direction) {
  const auto& options = run.config.model_options;
  const auto found = options.find(direction == "a2b" ? "channels" : "channels_b");
  return found == options.end() ? 3 : parse_integer(found->second).value_or(3);
}

class PictureTranslator {
 public:
  PictureTranslator(const TranslateArguments& a, const TrainedModel& run)
      : a_(a),
        run_(run),
        translator_(run.as<Translator>("translator")),
        direction_(direction_of(run, a.direction)) {}

  const std::string& direction() const { return direction_; }

  void translate(const fs::path& from, const fs::path& to) {
    const auto picture = with_channels(read_image(from), channels_of(run_, direction_));
    if (picture.width * picture.height > kMostPixels)
      throw ConfigError("translate",
                        fmt::format("{} has {} x {} pixels; at most {} are translated",
                                    from.string(), picture.width, picture.height, kMostPixels));
    const auto device = parse_device(a_.run.device);
    Rng rng(static_cast<std::uint64_t>(a_.run.seed), "translate", device);
    const auto values = run_.model->value_set();
    const auto low = values.low(), high = values.high();
    const auto item = low + unit_item(picture).to(device) * (high - low);
    const auto made = translator_.translate(item, direction_, rng);
    make_folder_of(to);
    write_png(to, pictures_of(made, values).front(), {{"model", run_.config.model}});
  }

 private:
  const TranslateArguments& a_;
  const TrainedModel& run_;
  Translator& translator_;
  std::string direction_;
};

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
std::int64_t translate_files(const TranslateArguments& a, PictureTranslator& translator) {
  if (!fs::is_directory(a.image)) return translator.translate(a.image, a.out), 1;
  const auto files = pictures_in(a.image);
  if (std::error_code none; fs::equivalent(a.image, a.out, none))
    throw ConfigError("translate.out", "is the folder of the pictures; choose another one");
  std::map<fs::path, fs::path> made_of;
  for (const auto& file : files) {
    const auto name = file.filename().replace_extension(".png");
    if (!made_of.emplace(name, file).second)
      throw ConfigError("translate",
                        fmt::format("{} and {} would both become {}; rename one",
                                    made_of[name].string(), file.string(), name.string()));
  }
  for (const auto& [name, file] : made_of) translator.translate(file, fs::path(a.out) / name);
  return std::ssize(files);
}

}  // namespace

int translate(const TranslateArguments& a, const Console& console) {
  start_up();
  const auto run = load(a.run, console);
  PictureTranslator translator(a, run);
  nlohmann::json json{
      {"run", a.run.run}, {"step", run.step}, {"direction", translator.direction()}};
  if (!a.image.empty()) {
    const auto count = translate_files(a, translator);
    json.update({{"pictures", count}, {"file", a.out}});
    console.result(fmt::format("{} {}, {}: {}", count, count == 1 ? "picture" : "pictures",
                               translator.direction(), a.out),
                   json);
    return 0;
  }
  const auto path = picture_path(a.run, a.out, "translate");
  const auto judged = pictures_to_translate(run, a.data, a.split, translator.direction());
  const auto pairs = items_of(judged, spread_items(judged, a.count),
                              static_cast<std::uint64_t>(a.run.seed), parse_device(a.run.device));
  Rng rng(static_cast<std::uint64_t>(a.run.seed), "translate", parse_device(a.run.device));
  const DirectedPair pair(pairs, translator.direction());
  const auto rows =
      translation_rows(run.as<Translator>("translator"), pair, translator.direction(), rng);
  make_folder_of(path);
  write_png(path, row_grid(rows.pictures, run.model->value_set()), {{"model", run.config.model}});
  json.update({{"data", judged.name}, {"pairs", pairs.x.size(0)}, {"file", path.string()}});
  console.result(
      fmt::format("{}\n{} of {}: {}", path.string(), pairs.x.size(0), judged.name, rows.names),
      json);
  return 0;
}

}  // namespace kiln::program
