#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kiln {

/// Text as XML can hold it: the five special characters written as entities, control characters
/// and bytes that are no UTF-8 replaced by U+FFFD.
std::string escape_xml(std::string_view text);

/// Characters of UTF-8 text, for estimating its width.
std::size_t character_count(std::string_view text);

/// An SVG drawing, written from back to front.  `style` is a list of attributes.  Coordinates are
/// pixels from the top left, kept to 0.01, so equal drawings give equal text.
class Svg {
 public:
  Svg(double width, double height, std::string_view title);

  void rect(double x, double y, double width, double height, std::string_view style);
  void line(double x1, double y1, double x2, double y2, std::string_view style);
  void circle(double x, double y, double radius, std::string_view style = "");
  void path(std::string_view data, std::string_view style);
  void text(double x, double y, std::string_view content, std::string_view style);
  void png(double x, double y, double width, double height, std::string_view base64);
  void open_group(std::string_view style);
  void close_group();

  std::string finish();  ///< The whole document.

  static std::string number(double value);

 private:
  friend std::string svg_grid(const std::vector<std::string>& drawings, std::size_t columns,
                              std::string_view title);
  void drawing(double x, double y, std::string_view whole);  // another's text, its corner at x, y

  std::string out_;
};

/// Whole drawings of this class from left to right, level below, as one.  Throws ShapeError for
/// other text.
std::string svg_row(const std::vector<std::string>& drawings, std::string_view title);

/// The same in rows of `columns`.
std::string svg_grid(const std::vector<std::string>& drawings, std::size_t columns,
                     std::string_view title);

/// Colours that stay apart for every kind of colour vision and on white; they repeat after ten.
std::string_view series_colour(std::size_t index);
inline constexpr std::size_t kSeriesColours = 10;

/// A colour scale whose lightness rises evenly, 0 (dark blue) to 1 (yellow).
struct Rgb {
  double red, green, blue;  ///< 0 to 255.
};
Rgb scale_colour(double unit);

}  // namespace kiln
