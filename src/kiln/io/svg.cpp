#include "kiln/io/svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "kiln/core/error.h"
#include "kiln/core/text.h"

namespace kiln {
namespace {

// Length of the UTF-8 character at the start of `text`; 0 if there is none (RFC 3629: shortest
// form, no surrogates, at most U+10FFFF).
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xc0) != 0x80) return 0;
  const unsigned second = byte(1);
  const bool too_short = (lead == 0xe0 && second < 0xa0) || (lead == 0xf0 && second < 0x90);
  const bool too_large = (lead == 0xed && second > 0x9f) || (lead == 0xf4 && second > 0x8f);
  return too_short || too_large ? 0 : length;
}

}  // namespace

std::string escape_xml(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const char c = text[0];
    if (length == 0 || (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t'))
      out += "\xef\xbf\xbd";
    else if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else if (c == '\'')
      out += "&apos;";
    else
      out += text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

std::size_t character_count(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

Svg::Svg(double width, double height, std::string_view title) {
  out_ = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} "
      "{1}\" role=\"img\" font-family=\"DejaVu Sans, Verdana, Helvetica, Arial, sans-serif\">\n"
      "<title>{2}</title>\n",
      number(width), number(height), escape_xml(title));
  rect(0, 0, width, height, "fill=\"#ffffff\"");
}

std::string Svg::number(double value) {
  std::string text = fmt::format("{:.2f}", value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

void Svg::rect(double x, double y, double width, double height, std::string_view style) {
  out_ += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" {}/>\n", number(x),
                      number(y), number(width), number(height), style);
}

void Svg::line(double x1, double y1, double x2, double y2, std::string_view style) {
  out_ += fmt::format("<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" {}/>\n", number(x1),
                      number(y1), number(x2), number(y2), style);
}

void Svg::circle(double x, double y, double radius, std::string_view style) {
  out_ += fmt::format("<circle cx=\"{}\" cy=\"{}\" r=\"{}\" {}/>\n", number(x), number(y),
                      number(radius), style);
}

void Svg::path(std::string_view data, std::string_view style) {
  out_ += fmt::format("<path d=\"{}\" {}/>\n", data, style);
}

void Svg::text(double x, double y, std::string_view content, std::string_view style) {
  out_ += fmt::format("<text x=\"{}\" y=\"{}\" {}>{}</text>\n", number(x), number(y), style,
                      escape_xml(content));
}

void Svg::png(double x, double y, double width, double height, std::string_view base64) {
  out_ += fmt::format(
      "<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" preserveAspectRatio=\"none\" "
      "style=\"image-rendering:pixelated\" href=\"data:image/png;base64,{}\"/>\n",
      number(x), number(y), number(width), number(height), base64);
}

void Svg::drawing(double x, double y, std::string_view whole) {
  const auto down = y == 0 ? std::string() : fmt::format(" y=\"{}\"", number(y));
  out_ += fmt::format("<svg x=\"{}\"{}{}", number(x), down, whole.substr(4));
}

void Svg::open_group(std::string_view style) { out_ += fmt::format("<g {}>\n", style); }

void Svg::close_group() { out_ += "</g>\n"; }

std::string Svg::finish() { return std::move(out_) + "</svg>\n"; }

namespace {

// The number in NAME="NUMBER" of a drawing's first tag.
double size_of(const std::string& drawing, const std::string& name) {
  const auto head = drawing.substr(0, drawing.find('>'));
  const auto found = head.find(" " + name + "=\"");
  if (head.starts_with("<svg ") && found != std::string::npos) {
    const auto from = found + name.size() + 3;
    if (const auto size = parse_real(head.substr(from, head.find('"', from) - from))) return *size;
  }
  throw ShapeError("plot", "a row is made of whole SVG drawings");
}

}  // namespace

std::string svg_grid(const std::vector<std::string>& drawings, std::size_t columns,
                     std::string_view title) {
  double width = 0, height = 0;
  std::vector<std::pair<double, double>> places;
  for (std::size_t first = 0; first < drawings.size(); first += columns) {
    const auto last = std::min(first + columns, drawings.size());
    double right = 0, high = 0;
    for (std::size_t i = first; i < last; ++i)
      high = std::max(high, size_of(drawings[i], "height"));
    for (std::size_t i = first; i < last; ++i) {
      places.emplace_back(right, height + high - size_of(drawings[i], "height"));
      right += size_of(drawings[i], "width");
    }
    width = std::max(width, right);
    height += high;
  }
  Svg grid(width, height, title);
  for (std::size_t i = 0; i < drawings.size(); ++i)
    grid.drawing(places[i].first, places[i].second, drawings[i]);
  return grid.finish();
}

std::string svg_row(const std::vector<std::string>& drawings, std::string_view title) {
  return svg_grid(drawings, drawings.size(), title);
}

// Okabe and Ito's palette without its yellow, which is too light for lines on white, then three of
// Tol's muted colours.
std::string_view series_colour(std::size_t index) {
  static constexpr std::array<std::string_view, kSeriesColours> colours{
      "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00",
      "#56b4e9", "#444444", "#882255", "#999933", "#332288"};
  return colours[index % colours.size()];
}

// Eleven points of the viridis scale, with straight lines between them.
Rgb scale_colour(double unit) {
  static constexpr std::array<Rgb, 11> points{{{68, 1, 84},
                                               {72, 36, 117},
                                               {65, 68, 135},
                                               {53, 95, 141},
                                               {42, 120, 142},
                                               {33, 145, 140},
                                               {34, 168, 132},
                                               {68, 191, 112},
                                               {122, 209, 81},
                                               {189, 223, 38},
                                               {253, 231, 37}}};
  const double place = std::clamp(unit, 0.0, 1.0) * (points.size() - 1);
  const auto index = std::min(static_cast<std::size_t>(place), points.size() - 2);
  const double part = place - static_cast<double>(index);
  const Rgb &a = points[index], &b = points[index + 1];
  return {a.red + part * (b.red - a.red), a.green + part * (b.green - a.green),
          a.blue + part * (b.blue - a.blue)};
}

}  // namespace kiln
