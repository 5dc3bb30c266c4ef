// needs: base
#include "kiln/io/svg_plot.h"

#include <gtest/gtest.h>

#include <algorithm>

#include <cmath>
#include <limits>
#include <set>

#include "kiln/core/error.h"
#include "kiln/core/philox.h"
#include "kiln/io/base64.h"
#include "kiln/io/image_grid.h"
#include "kiln/io/svg.h"
#include "tests/support/temporary_folder.h"

namespace kiln {
namespace {

const double kNan = std::numeric_limits<double>::quiet_NaN();

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

// The tags of a document without their angle brackets, in order.
std::vector<std::string> tags(const std::string& svg) {
  std::vector<std::string> list;
  for (auto at = svg.find('<'); at != std::string::npos; at = svg.find('<', at + 1))
    list.push_back(svg.substr(at + 1, svg.find('>', at) - at - 1));
  return list;
}

std::vector<std::string> tags_of(const std::string& svg, const std::string& kind) {
  std::vector<std::string> list;
  for (const auto& tag : tags(svg))
    if (tag.starts_with(kind + " ")) list.push_back(tag);
  return list;
}

std::string attribute(const std::string& tag, const std::string& name) {
  const auto found = tag.find(" " + name + "=\"");
  if (found == std::string::npos) return "";
  const auto start = found + name.size() + 3;
  return tag.substr(start, tag.find('"', start) - start);
}

// Every tag is closed in order and no number is missing.
void expect_well_formed(const std::string& svg) {
  std::vector<std::string> open;
  for (const auto& tag : tags(svg)) {
    if (tag.ends_with('/')) continue;
    if (tag[0] != '/') {
      open.push_back(tag.substr(0, tag.find(' ')));
      continue;
    }
    ASSERT_FALSE(open.empty());
    EXPECT_EQ(open.back(), tag.substr(1));
    open.pop_back();
  }
  EXPECT_TRUE(open.empty());
  EXPECT_EQ(count(svg, "<"), count(svg, ">"));
  EXPECT_EQ(count(svg, "nan"), 0u);
  EXPECT_EQ(count(svg, "\"inf"), 0u);
}

// The numbers in the data of a path, whatever its letters.
std::vector<double> numbers(const std::string& data) {
  std::vector<double> list;
  for (std::size_t at = 0; at < data.size(); ++at) {
    if (std::string_view("0123456789.-").find(data[at]) == std::string_view::npos) continue;
    std::size_t length = 0;
    list.push_back(std::stod(data.substr(at), &length));
    at += length - 1;
  }
  return list;
}

// The points of all lines, in order; the dots' "h0" is no point.
std::vector<std::pair<double, double>> path_points(const std::string& svg) {
  std::vector<std::pair<double, double>> points;
  for (const auto& tag : tags_of(svg, "path")) {
    std::string data = attribute(tag, "d");
    for (auto at = data.find("h0"); at != std::string::npos; at = data.find("h0"))
      data.erase(at, 2);
    const auto list = numbers(data);
    for (std::size_t i = 0; i + 1 < list.size(); i += 2) points.emplace_back(list[i], list[i + 1]);
  }
  return points;
}

TEST(LinePlot, PointsLieInProportionToTheirValues) {
  const auto svg = svg_line_plot({.series = {{.x = {0, 1, 4}, .y = {10, 20, 0}}}});
  expect_well_formed(svg);
  const auto p = path_points(svg);
  ASSERT_EQ(p.size(), 3u);
  EXPECT_NEAR(p[2].first - p[0].first, 540, 0.02) << "the ends of x are the ends of the area";
  EXPECT_NEAR(p[1].first - p[0].first, 540 / 4.0, 0.02);
  EXPECT_NEAR(p[0].second - p[1].second, 300 / 1.1 / 2, 0.02) << "y grows upwards, 5 % margin";
  EXPECT_NEAR(p[2].second - p[1].second, 300 / 1.1, 0.02);
}

TEST(LinePlot, ASquareOneIsAsHighAsWide) {
  const auto p =
      path_points(svg_line_plot({.series = {{.x = {0, 1}, .y = {0, 1}}}, .square = true}));
  ASSERT_EQ(p.size(), 2u);
  EXPECT_NEAR(p[1].first - p[0].first, 400, 0.02);
  EXPECT_NEAR(p[0].second - p[1].second, 400 / 1.1, 0.02);
}

// Of x from 0 to 100 the first tenth is steep: y from 2 to 4 fills the frame, and the line enters
// it where it crosses its upper edge, 4.1.
TEST(LinePlot, ASteepBeginningComesInFromAbove) {
  const auto p = path_points(svg_line_plot(
      {.series = {{.x = {0, 5, 10, 50, 100}, .y = {1000, 8.2, 4, 3, 2}}}, .steep = .1}));
  ASSERT_EQ(p.size(), 4u);
  EXPECT_NEAR(p[3].second - p[1].second, 300 / 1.1, 0.02);
  EXPECT_NEAR(p[1].second - p[0].second, 300 / 1.1 * .05, 0.02) << "the upper edge";
  EXPECT_NEAR((p[1].first - p[0].first) / (p[3].first - p[1].first), 5 * .1 / 4.2 / 90, 1e-4);
  // A line that leaves the frame and comes back is two; one that jumps past it is seen in it.
  const auto twice = svg_line_plot(
      {.series = {{.x = {0, 1, 2, 3, 99, 100}, .y = {1, 90, 1, -90, 1, 2}}}, .steep = .5});
  EXPECT_EQ(count(twice, "M"), 3u);
  double top = 1e9, bottom = 0;
  for (const auto& [at, y] : path_points(twice))
    top = std::min(top, y), bottom = std::max(bottom, y);
  EXPECT_NEAR(bottom - top, 300, 0.02) << "from edge to edge, and no further";
  const auto all_early = svg_line_plot({.series = {{.x = {0, 1}, .y = {1, 2}}}, .steep = 1});
  EXPECT_EQ(path_points(all_early).size(), 2u);
}

TEST(LinePlot, ALogAxisMakesEqualRatiosEqualLengths) {
  const auto svg =
      svg_line_plot({.series = {{.x = {0, 1, 2}, .y = {1e-4, 1e-2, 1}}}, .log_y = true});
  const auto p = path_points(svg);
  ASSERT_EQ(p.size(), 3u);
  EXPECT_NEAR(p[0].second - p[1].second, p[1].second - p[2].second, 0.02);
}

TEST(LinePlot, WhatIsNotFiniteLeavesAGap) {
  const PlotSeries series{.x = {0, 1, 2, 3, 4, 5}, .y = {1, 2, kNan, 3, HUGE_VAL, 5}};
  const auto svg = svg_line_plot({.series = {series}});
  expect_well_formed(svg);
  EXPECT_EQ(path_points(svg).size(), 4u);
  EXPECT_EQ(count(svg, "h0"), 2u) << "the lonely 3 and 5 are dots";
  const auto log = svg_line_plot({.series = {{.x = {0, 1, 2}, .y = {1, -1, 2}}}, .log_y = true});
  EXPECT_EQ(path_points(log).size(), 2u);
}

TEST(LinePlot, LongSeriesKeepTheirPeaks) {
  PlotSeries series;
  for (int i = 0; i < 50000; ++i) series.x.push_back(i), series.y.push_back(i == 31415 ? 100 : 0);
  const auto svg = svg_line_plot({.series = {series}});
  const auto points = path_points(svg);
  EXPECT_LE(points.size(), 2000u);
  double top = 1e9, bottom = 0;
  for (const auto& [x, y] : points) top = std::min(top, y), bottom = std::max(bottom, y);
  EXPECT_NEAR(bottom - top, 300 / 1.1, 0.02);
}

TEST(LinePlot, NothingToShowIsSaid) {
  for (const auto& series : {std::vector<PlotSeries>{}, {{.x = {1}, .y = {kNan}}}}) {
    const auto svg = svg_line_plot({.title = "t", .series = series});
    expect_well_formed(svg);
    EXPECT_EQ(count(svg, "no data"), 1u);
  }
  EXPECT_EQ(message_of<ShapeError>([] { svg_line_plot({.series = {{.x = {1}, .y = {}}}}); }),
            "[plot] '' has 1 x and 0 y");
}

TEST(LinePlot, EqualPlotsGiveEqualTextAndEverySeriesItsColour) {
  LinePlot plot{.title = "a", .x_label = "step", .y_label = "loss [nats]"};
  for (int k = 0; k < 12; ++k)
    plot.series.push_back({.name = "s" + std::to_string(k), .x = {0, 1}, .y = {0.0, double(k)}});
  const auto svg = svg_line_plot(plot);
  EXPECT_EQ(svg, svg_line_plot(plot));
  expect_well_formed(svg);
  std::set<std::string> styles;
  for (const auto& tag : tags_of(svg, "path"))
    styles.insert(attribute(tag, "stroke") + attribute(tag, "stroke-dasharray"));
  EXPECT_EQ(styles.size(), 12u) << "repeated colours are dashed";
  for (int k = 0; k < 12; ++k) EXPECT_EQ(count(svg, ">s" + std::to_string(k) + "<"), 1u);
}

TEST(SvgText, IsEscaped) {
  EXPECT_EQ(escape_xml("a<b> & \"c\" 'd'"), "a&lt;b&gt; &amp; &quot;c&quot; &apos;d&apos;");
  EXPECT_EQ(escape_xml("é‖∑😀"), "é‖∑😀");
  const std::string bad = "\xef\xbf\xbd";
  EXPECT_EQ(escape_xml("a\xff"
                       "b"),
            "a" + bad + "b");
  EXPECT_EQ(escape_xml("\xc3"), bad) << "cut short";
  EXPECT_EQ(escape_xml("\xc0\x80"), bad + bad) << "too long a form";
  EXPECT_EQ(escape_xml("\xed\xa0\x80"), bad + bad + bad) << "a surrogate";
  EXPECT_EQ(escape_xml(std::string("\0\x1b", 2)), bad + bad);
  const auto svg = svg_line_plot({.title = "</svg><script>", .x_label = "&", .series = {}});
  expect_well_formed(svg);
  EXPECT_EQ(count(svg, "<script"), 0u);
  EXPECT_EQ(character_count("é‖😀a"), 4u);
}

TEST(SvgText, NumbersAreShort) {
  EXPECT_EQ(Svg::number(1.0), "1");
  EXPECT_EQ(Svg::number(-0.001), "0");
  EXPECT_EQ(Svg::number(12.345), "12.35");
  EXPECT_EQ(Svg::number(100), "100");
  EXPECT_EQ(Svg::number(-2.5), "-2.5");
}

TEST(SvgText, ARowHoldsItsDrawingsSideBySide) {
  Svg left(30, 20, "left"), right(12.5, 40, "right");
  right.circle(1, 2, 3);
  const auto row = svg_row({left.finish(), right.finish()}, "both");
  EXPECT_NE(row.find("width=\"42.5\" height=\"40\""), std::string::npos);
  EXPECT_NE(row.find("<svg x=\"0\" y=\"20\" xmlns"), std::string::npos) << "level below";
  EXPECT_NE(row.find("<svg x=\"30\" xmlns"), std::string::npos);
  EXPECT_LT(row.find("<svg x=\"30\""), row.find("<circle"));
  EXPECT_EQ(message_of<ShapeError>([] { svg_row({"<g></g>"}, ""); }),
            "[plot] a row is made of whole SVG drawings");
}

TEST(ScatterPlot, BothAxesReachTheLimitAskedFor) {
  const auto reach = [](double limit) {
    return svg_scatter_plot({.classes = {{.x = {1}, .y = {1}}}, .limit = limit});
  };
  EXPECT_EQ(count(reach(50), ">40<"), 2u);
  EXPECT_EQ(count(reach(0), ">40<"), 0u);
}

// The data's axes: samples beyond them are counted, not drawn.
TEST(ScatterPlot, WhatLiesBehindSaysHowLongTheAxesAre) {
  ScatterPlot plot{.classes = {{.name = "samples", .x = {0, 30, .5}, .y = {0, 0, kNan}}},
                   .behind = {.name = "data", .x = {-1, 1}, .y = {-1, 1}}};
  const auto svg = svg_scatter_plot(plot);
  expect_well_formed(svg);
  EXPECT_NE(svg.find("samples (2 of 3 lie beyond)"), std::string::npos);
  int behind = 0, drawn = 0;
  for (const auto& tag : tags_of(svg, "circle")) ++(attribute(tag, "r") == "1.5" ? behind : drawn);
  EXPECT_EQ(behind, 2);
  EXPECT_EQ(drawn, 1 + 2);  // and two in the legend
  plot.classes[0] = {.name = "samples", .x = {0, .1}, .y = {0, .2}};
  EXPECT_NE(svg_scatter_plot(plot).find(">samples<"), std::string::npos);
}

TEST(ScatterPlot, OneUnitIsAsLongAcrossAsUp) {
  const auto svg = svg_scatter_plot(
      {.classes = {{.name = "a", .x = {0, 10}, .y = {0, 1}}, {.name = "b", .x = {0}, .y = {1}}}});
  expect_well_formed(svg);
  std::vector<std::pair<double, double>> dots;
  for (const auto& tag : tags_of(svg, "circle"))
    if (attribute(tag, "r") == "2.5")
      dots.emplace_back(std::stod(attribute(tag, "cx")), std::stod(attribute(tag, "cy")));
  ASSERT_EQ(dots.size(), 3u);
  EXPECT_NEAR(dots[1].first - dots[0].first, 10 * (dots[0].second - dots[2].second), 0.2);
  EXPECT_NE(svg.find(std::string(series_colour(1))), std::string::npos);
}

TEST(Histogram, BarsHaveAreaOne) {
  HistogramPlot plot{.series = {{.name = "a"}, {.name = "b", .values = {kNan}}}, .bins = 4};
  plot.series[0].values = {0, 0.1, 0.3, 0.6, 1, kNan};  // 2, 1, 1 and 1 of width 1/4
  const auto svg = svg_histogram(plot);
  expect_well_formed(svg);
  // M x y V y H x V y H x ...
  const auto shape = numbers(attribute(tags_of(svg, "path").at(0), "d"));
  const double per_unit = 300 / (1.6 * 1.06);  // the highest bar is 2 / 5 / (1/4) = 1.6
  EXPECT_NEAR(shape[1] - shape[2], 1.6 * per_unit, 0.02);
  EXPECT_NEAR(shape[1] - shape[4], 0.8 * per_unit, 0.02);
  EXPECT_NEAR(shape[3] - shape[0], 540 / 1.04 / 4, 0.02);
  EXPECT_EQ(count(svg, "fill-opacity=\"0.4\""), 1u) << "b has nothing to show";
  EXPECT_EQ(count(svg_histogram({.series = {}}), "no data"), 1u);
}

TEST(PictureTable, WordsStandAtTheMiddleOfTheirCells) {
  const Image picture{
      .width = 4, .height = 2, .channels = 1, .pixels = std::vector<std::uint8_t>(8)};
  const auto grid = make_grid(std::vector<Image>(6, picture), {.columns = 3, .zoom = 1});
  PictureTable table{.title = "t <",
                     .rows = 2,
                     .columns = 3,
                     .row_words = {"up", "down"},
                     .column_words = {"-1", "0", "1"}};
  const auto svg = svg_picture_table(grid, table);
  expect_well_formed(svg);
  const auto image = tags_of(svg, "image").at(0);
  const double left = std::stod(attribute(image, "x")),
               width = std::stod(attribute(image, "width"));
  const double top = std::stod(attribute(image, "y")),
               height = std::stod(attribute(image, "height"));
  EXPECT_NEAR(width / height, 20.0 / 10, 1e-6) << "the grid keeps its shape";
  const auto words = tags_of(svg, "text");
  ASSERT_EQ(words.size(), 6u);
  for (int i = 0; i < 3; ++i)
    EXPECT_NEAR(std::stod(attribute(words.at(1 + i), "x")), left + width * (i + 0.5) / 3, 0.01);
  for (int i = 0; i < 2; ++i)
    EXPECT_NEAR(std::stod(attribute(words.at(4 + i), "y")), top + height * (i + 0.5) / 2 + 4, 0.01);
  table.column_words.pop_back();
  EXPECT_EQ(message_of<ShapeError>([&] { svg_picture_table(grid, table); }),
            "[plot] a table of pictures has 3 columns, and 2 words for them");
}

TEST(PictureTable, LongWordsAreLeftOutEvenly) {
  const Image picture{
      .width = 2, .height = 2, .channels = 1, .pixels = std::vector<std::uint8_t>(4)};
  const auto grid = make_grid(std::vector<Image>(100, picture), {.columns = 100, .zoom = 1});
  const auto svg = svg_picture_table(
      grid, {.rows = 1, .columns = 100, .column_words = std::vector<std::string>(100, "-0.25")});
  EXPECT_EQ(tags_of(svg, "text").size(), 20u) << "36 + 6 pixels for a word, 9 for a column";
}

TEST(HeatMap, HoldsItsCellsAndRefusesOthers) {
  HeatMap map{
      .title = "t", .value_label = "p", .rows = 2, .columns = 3, .values = {0, 1, 2, 3, kNan, 5}};
  const auto svg = svg_heat_map(map);
  expect_well_formed(svg);
  EXPECT_EQ(count(svg, "data:image/png;base64,iVBORw0KGgo"), 2u) << "the cells and the scale";
  map.values.pop_back();
  EXPECT_EQ(message_of<ShapeError>([&] { svg_heat_map(map); }),
            "[plot] a heat map of 2 x 3 cells cannot hold 5 values");
}

// With the scale's top at twice the largest value the cells of two maps cannot look alike.
TEST(HeatMap, TheBrightestColourCanBeGiven) {
  HeatMap map{.rows = 1, .columns = 2, .values = {0, 4}};
  const auto own = svg_heat_map(map);
  map.most = 4;
  EXPECT_EQ(svg_heat_map(map), own);
  map.most = 8;
  const auto twice = svg_heat_map(map);
  EXPECT_NE(twice, own);
  map.values = {0, 8};
  EXPECT_NE(svg_heat_map(map), twice);
}

// The frame stands around row 1, column 2 of 2 x 4 cells, 100 wide and 200 high or less.
TEST(HeatMap, AMarkedCellHasAFrame) {
  HeatMap map{.rows = 2, .columns = 4, .values = {0, 1, 2, 3, 4, 5, 6, 7}};
  const auto frame_of = [&](std::int64_t row, std::int64_t column) {
    map.marked = {{row, column}};
    const auto svg = svg_heat_map(map);
    const auto end = svg.find("stroke=\"#d62728\"");
    const auto rect = svg.substr(svg.rfind("<rect", end), 200);
    const auto number = [&](const std::string& name) {
      return std::stod(rect.substr(rect.find(" " + name + "=\"") + name.size() + 3));
    };
    return std::vector<double>{number("x"), number("y"), number("width"), number("height")};
  };
  const auto first = frame_of(0, 0), other = frame_of(1, 2);
  EXPECT_NEAR(other[0] - first[0], 2 * first[2], .1);
  EXPECT_NEAR(other[1] - first[1], first[3], .1);
  EXPECT_NEAR(first[2], 100, .1);
  EXPECT_NEAR(first[3], 100, .1);
}

TEST(HeatMap, WhatIsUnknownIsGreyAndWhatIsInfiniteWhite) {
  const auto shown = [](double value) {
    return svg_heat_map({.rows = 1, .columns = 3, .values = {0, 1, value}});
  };
  EXPECT_NE(shown(std::nan("")), shown(-INFINITY));
  EXPECT_EQ(shown(INFINITY), shown(-INFINITY));
}

TEST(HeatMap, TheScaleGrowsLighterThroughout) {
  double before = -1;
  for (int i = 0; i <= 100; ++i) {
    const auto c = scale_colour(i / 100.0);
    const double luma = 0.2126 * c.red + 0.7152 * c.green + 0.0722 * c.blue;  // ITU-R BT.709
    EXPECT_GT(luma, before) << i;
    before = luma;
  }
}

TEST(Base64, EqualsTheVectorsOfRfc4648) {
  const auto encode = [](std::string_view text) {
    return base64({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  };
  EXPECT_EQ(encode(""), "");
  EXPECT_EQ(encode("f"), "Zg==");
  EXPECT_EQ(encode("fo"), "Zm8=");
  EXPECT_EQ(encode("foo"), "Zm9v");
  EXPECT_EQ(encode("foobar"), "Zm9vYmFy");
  EXPECT_EQ(encode("\xfb\xff\xbf"), "+/+/");
}

}  // namespace
}  // namespace kiln
