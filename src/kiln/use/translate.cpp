#include "kiln/use/translate.h"

#include <fmt/format.h>
#include <torch/types.h>

#include "kiln/core/text.h"
#include "kiln/train/pictures.h"
#include "kiln/use/picture_rows.h"

namespace kiln {
namespace {

constexpr std::int64_t kMostPixels = std::int64_t{1} << 22;
constexpr const char* kStream = "translate";

// How many channels a picture that goes in `direction` has.
std::int64_t channels_of(const TrainedModel& run, const std::string& direction) {
  const auto& options = run.config.model_options;
  return parse_integer(options.at(direction == "a2b" ? "channels" : "channels_b")).value();
}

// Refuses a picture that is too large before anything is made of it.
template <class Picture>
void check_pixels(const std::string& name, const Picture& picture) {
  if (picture.width * picture.height > kMostPixels)
    throw ConfigError("translate", fmt::format("{} has {} x {} pixels; at most {} are translated",
                                               name, picture.width, picture.height, kMostPixels));
}

// [1, C, H, W] in [0, 1] -> in the model's values.
Tensor translated(const TrainedModel& run, const Tensor& unit, const std::string& direction,
                  std::uint64_t seed, torch::Device device) {
  auto& translator = run.as<Translator>("translator");
  check_direction(translator, direction);
  Rng rng(seed, kStream, device);
  const auto values = run.model->value_set();
  const auto low = values.low(), high = values.high();
  return translator.translate(low + unit.to(device) * (high - low), direction, rng);
}

// ITU-R 601 luma of three channels, or one channel three times.
Tensor with_channels(const Tensor& unit, std::int64_t channels) {
  if (unit.size(1) == channels) return unit;
  if (channels == 3) return unit.expand({1, 3, -1, -1});
  const auto luma = torch::tensor({.299f, .587f, .114f}).view({1, 3, 1, 1});
  return (unit * luma).sum(1, true);
}

}  // namespace

Image translate_picture(const TrainedModel& run, const std::string& name, const Image& picture,
                        const std::string& direction, std::uint64_t seed, torch::Device device) {
  check_pixels(name, picture);
  const auto unit = unit_item(with_channels(picture, channels_of(run, direction)));
  return pictures_of(translated(run, unit, direction, seed, device), run.model->value_set())
      .front();
}

DeepImage translate_picture(const TrainedModel& run, const std::string& name,
                            const DeepImage& picture, const std::string& direction,
                            std::uint64_t seed, torch::Device device) {
  check_pixels(name, picture);
  const auto unit = with_channels(unit_item(picture), channels_of(run, direction));
  return deep_picture_of(translated(run, unit, direction, seed, device), run.model->value_set());
}

TranslatedItems translate_items(const TrainedModel& run, const std::string& data,
                                const std::string& split, const std::string& direction,
                                std::int64_t count, std::uint64_t seed, torch::Device device) {
  auto& translator = run.as<Translator>("translator");
  const auto judged = pictures_to_translate(run, data, split, direction);
  const auto items = items_of(judged, spread_items(judged, count), seed, device);
  Rng rng(seed, kStream, device);
  return {.data = judged.name,
          .items = items.x.size(0),
          .rows = translation_rows(translator, DirectedPair(items, direction), direction, rng)};
}

}  // namespace kiln
