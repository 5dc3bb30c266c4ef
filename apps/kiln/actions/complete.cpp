#include <fmt/format.h>
#include <torch/types.h>

#include <algorithm>

#include "apps/kiln/actions/run_access.h"
#include "apps/kiln/actions/run_pictures.h"
#include "kiln/core/text.h"
#include "kiln/core/threads.h"
#include "kiln/io/image.h"
#include "kiln/train/pictures.h"

namespace kiln::program {
namespace {

// The shape of a run's images, as its options keep it.
std::vector<std::int64_t> image_shape(const TrainedModel& run) {
  std::vector<std::int64_t> shape;
  for (const auto* side : {"channels", "height", "width"}) {
    const auto found = run.config.model_options.find(side);
    const auto length =
        found == run.config.model_options.end() ? std::nullopt : parse_integer(found->second);
    shape.push_back(length.value_or(0));
  }
  if (shape[0] == 0)
    throw ConfigError("complete",
                      fmt::format("draws images; the run learned {}, a table", run.config.data));
  return shape;
}

// A picture of any size as x [1, C, H, W] in the model's values.
Tensor read_as_item(const CompleteArguments& a, const TrainedModel& run, const Console& console) {
  const auto shape = image_shape(run);
  const auto picture = read_image(a.image);
  const auto fitted = resize(with_channels(picture, shape[0]), shape[2], shape[1]);
  if (picture.width != fitted.width || picture.height != fitted.height ||
      picture.channels != fitted.channels)
    console.note(fmt::format("{}: {} x {}, {} channel(s), made {} x {}, {} channel(s)", a.image,
                             picture.width, picture.height, picture.channels, fitted.width,
                             fitted.height, fitted.channels));
  const auto unit = unit_item(fitted);
  switch (run.model->values()) {
    case Values::binary:
      console.note("grey levels -> binary: 1 where the level is above 1/2");
      return (unit > 0.5).to(torch::kFloat32);
    case Values::signed_unit:
      return 2 * unit - 1;
    case Values::states: {
      const auto q = run.model->states();
      console.note(fmt::format("grey levels -> {} states", q));
      return (unit * q).floor().clamp_max(q - 1);
    }
    default:
      return unit;
  }
}

// What to complete, and where it came from.
struct Originals {
  Batch items;  // x [N, C, H, W]
  std::string name;
};

Originals originals(const CompleteArguments& a, const TrainedModel& run, const Console& console) {
  const auto device = parse_device(a.run.device);
  if (!a.image.empty()) return {read_as_item(a, run, console).to(device), a.image};
  const auto judged = judged_data(run, a.data, a.split);
  require_images("complete", judged.name, judged.data->info());
  const auto indices = chosen_items("complete.index", a.indices, judged);
  console.note(judged.name + "; " + judged.transform.describe());
  return {items_of(judged, indices, static_cast<std::uint64_t>(a.run.seed), device), judged.name};
}

}  // namespace

int complete(const CompleteArguments& a, const Console& console) {
  start_up();
  const auto path = picture_path(a.run, a.out, fmt::format("complete-{}", a.run.seed));
  const auto run = load(a.run, console);
  auto& completer = run.as<Completer>("completer");
  const auto [items, name] = originals(a, run, console);
  const auto known = known_pixels(a.known, items.x.sizes().slice(1).vec());
  Rng rng(static_cast<std::uint64_t>(a.run.seed), "complete", parse_device(a.run.device));
  write_picture(path,
                completion_rows(completer, run.model->value_set(), items, known, a.draws, rng),
                a.draws + 2, a.run, run);
  console.result(path.string(), {{"run", a.run.run},
                                 {"step", run.step},
                                 {"data", name},
                                 {"items", items.x.size(0)},
                                 {"known", a.known},
                                 {"draws", a.draws},
                                 {"seed", a.run.seed},
                                 {"file", path.string()}});
  return 0;
}

}  // namespace kiln::program
