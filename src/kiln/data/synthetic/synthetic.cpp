#include "kiln/data/synthetic/synthetic.h"

#include <functional>

#include "kiln/data/synthetic/bars.h"
#include "kiln/data/synthetic/digits.h"
#include "kiln/data/synthetic/shapes.h"
#include "kiln/data/synthetic/toy2d.h"

namespace kiln {
namespace {

struct Entry {
  SourceKind kind;
  std::function<Splits(const SourceSpec&, const OpenOptions&)> open;
};

template <class Options, class MakeGenerator>
Entry entry(std::string name, std::string help, std::string example, MakeGenerator make) {
  const auto open = [make](const SourceSpec& spec, const OpenOptions& open_options) {
    const auto options = read_keys<Options>(spec);
    return generated_splits(make(spec, options), spec, options, open_options);
  };
  return {
      {std::move(name), std::move(help), std::move(example), describe_keys(describe<Options>())},
      open};
}

template <class Options>
Entry points(std::string name, std::string help, std::string example) {
  return entry<Options>(std::move(name), std::move(help), std::move(example),
                        [](const SourceSpec& spec, const Options&) -> GeneratorPtr {
                          return std::make_shared<PointsGenerator>(plane_law(spec));
                        });
}

std::vector<Entry> make_entries() {
  return {
      entry<DigitsOptions>("digits", "handwriting-like digits, grey 28 x 28, ten classes",
                           "digits:n=10000",
                           [](const SourceSpec&, const DigitsOptions&) -> GeneratorPtr {
                             return std::make_shared<DigitsGenerator>();
                           }),
      entry<ShapesOptions>("shapes", "coloured shapes on textured grounds, with known attributes",
                           "shapes:size=64",
                           [](const SourceSpec&, const ShapesOptions& options) -> GeneratorPtr {
                             return std::make_shared<ShapesGenerator>(options);
                           }),
      entry<BarsOptions>("bars", "tiny binary images: every row or every column on or off",
                         "bars:size=4",
                         [](const SourceSpec&, const BarsOptions& options) -> GeneratorPtr {
                           return std::make_shared<BarsGenerator>(options);
                         }),
      points<Ring8Options>("ring8", "2-D points: 8 Gaussians on a ring", "ring8"),
      points<Grid25Options>("grid25", "2-D points: 25 Gaussians on a grid", "grid25:spacing=2"),
      points<GaussiansOptions>("gaussians", "2-D points: k oblong Gaussians", "gaussians:k=5"),
      points<SwissrollOptions>("swissroll", "2-D points: a spiral", "swissroll"),
      points<MoonsOptions>("moons", "2-D points: two interleaved half circles", "moons"),
      points<CheckerboardOptions>("checkerboard", "2-D points: the dark cells of a board",
                                  "checkerboard:cells=4"),
      points<PinwheelOptions>("pinwheel", "2-D points: twisted arms", "pinwheel:arms=5"),
  };
}

const std::vector<Entry>& entries() {
  static const auto all = make_entries();
  return all;
}

}  // namespace

std::vector<SourceKind> synthetic_kinds() {
  std::vector<SourceKind> kinds;
  for (const auto& entry : entries()) kinds.push_back(entry.kind);
  return kinds;
}

std::optional<Splits> open_synthetic(const SourceSpec& spec, const OpenOptions& options) {
  for (const auto& entry : entries())
    if (entry.kind.name == spec.name) return entry.open(spec, options);
  return std::nullopt;
}

}  // namespace kiln
