#pragma once

#include "kiln/data/synthetic/generated.h"

namespace kiln {

enum class ShapeKind { circle, ring, square, triangle, star, cross, heart, arrow };
enum class ShapeColour { red, orange, yellow, green, cyan, blue, purple, white };
enum class ShapeSize { small, medium, large };
enum class ShapePlace {
  top_left,
  top,
  top_right,
  left,
  centre,
  right,
  bottom_left,
  bottom,
  bottom_right
};
enum class ShapeGround { plain, shaded, striped, checked, spotted, cloudy };

/// What the second picture of a pair is: nothing, the outline, or the scene with one attribute
/// replaced: from first_ground on in the order of ShapeGround, from first_colour on of ShapeColour.
enum class ShapePair { none, outline, first_ground, first_colour = first_ground + 6 };

enum class ShapeLabel { shape, colour, size, place, ground };

std::vector<std::pair<ShapeKind, std::string_view>> enum_names(ShapeKind);
std::vector<std::pair<ShapeColour, std::string_view>> enum_names(ShapeColour);
std::vector<std::pair<ShapeSize, std::string_view>> enum_names(ShapeSize);
std::vector<std::pair<ShapePlace, std::string_view>> enum_names(ShapePlace);
std::vector<std::pair<ShapeGround, std::string_view>> enum_names(ShapeGround);
std::vector<std::pair<ShapeLabel, std::string_view>> enum_names(ShapeLabel);
std::vector<std::pair<ShapePair, std::string_view>> enum_names(ShapePair);

struct UnitRgb {
  float red = 0, green = 0, blue = 0;  ///< In [0, 1].
  bool operator==(const UnitRgb&) const = default;
};

/// Everything that a picture of `shapes` shows: the names that a caption or a classifier would use,
/// and the exact numbers behind them.  Lengths are shares of the picture's side, so that one scene
/// can be drawn at any size.
struct ShapeAttributes {
  ShapeKind shape = ShapeKind::circle;
  ShapeColour colour = ShapeColour::red;
  ShapeSize size = ShapeSize::medium;
  ShapePlace place = ShapePlace::centre;
  ShapeGround ground = ShapeGround::plain;
  double x = 0.5, y = 0.5;  ///< Of the centre; y points down.
  double radius = 0.2;      ///< Of the circle around the shape.
  double rotation = 0;      ///< Radians, clockwise, within half a radian of upright.
  UnitRgb ink = {};         ///< Of the shape.
  UnitRgb ground_from = {}, ground_to = {};
  double ground_angle = 0, ground_period = 0.2;  ///< Of stripes, checks and spots.
  std::uint64_t clouds = 0;                      ///< Key of the cloudy ground.
};

/// Attributes of item `index` of the endless sequence under `seed`: training item i is index i,
/// validation item i kValidFirst + i, test item i kTestFirst + i.
ShapeAttributes shape_attributes(std::uint64_t seed, std::uint64_t index);

/// The scene on a ground that its plain one determines: stripes, checks and spots stand upright,
/// four periods to a side, and every pattern goes from the ground's colour to a shade half as
/// bright. Clouds stay where they were drawn.
ShapeAttributes with_regular_ground(ShapeAttributes attributes);

/// Draws the scene, anti-aliased, as [3, size, size] in [0, 1] rounded to bytes / 255.  Throws
/// ShapeError unless `image` has 3 * size * size numbers.
void draw_shape(const ShapeAttributes& attributes, std::int64_t size, std::span<float> image);

/// Draws the shape's outline alone, white on black, as [1, size, size]: a line two pixels wide on
/// its edge.  Throws ShapeError unless `image` has size * size numbers.
void draw_outline(const ShapeAttributes& attributes, std::int64_t size, std::span<float> image);

/// Keys of `shapes`.  A fixed attribute replaces what an item would have had and changes nothing
/// else: with one seed, `ground=plain` and `ground=striped` give the same scenes in two domains.
struct ShapesOptions : PartOptions {
  std::int64_t size = 64;
  std::optional<ShapeKind> shape = std::nullopt;
  std::optional<ShapeColour> colour = std::nullopt;
  std::optional<ShapeGround> ground = std::nullopt;
  bool regular = false;
  ShapeLabel label = ShapeLabel::shape;
  ShapePair pair = ShapePair::none;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    visit("size", self.size, Field{.help = "pixels a side", .low = 16, .high = 1024});
    visit("shape", self.shape, Field{.help = "only this one; auto: all"});
    visit("colour", self.colour, Field{.help = "only this one; auto: all"});
    visit("ground", self.ground, Field{.help = "only this one; auto: all"});
    visit("regular", self.regular,
          Field{.help = "patterns stand upright, of one width, in a darker shade: a plain ground "
                        "says how it looks striped"});
    visit("label", self.label, Field{.help = "what the class of an item says"});
    visit("pair", self.pair,
          Field{.help =
                    "a second picture b of each item: its outline, or the scene on this ground or "
                    "of this colour"});
    PartOptions::fields(self, visit);
  }
};

/// Pictures [3, S, S] of one coloured shape on a muted ground; the class is the shape, or
/// the attribute that `label` names.  With `pair` an item has a part b: its outline [1, S, S], or
/// the scene on another ground or of another colour [3, S, S].
class ShapesGenerator : public Generator {
 public:
  explicit ShapesGenerator(const ShapesOptions& options) : options_(options) {}
  DataInfo info() const override;
  std::int64_t make(Philox& rng, std::span<float> x) const override;

 private:
  ShapesOptions options_;
};

}  // namespace kiln
