#include "kiln/data/synthetic/pen.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace kiln {
namespace {

struct Dot {
  double x, y;
  double radius;  // pixels
  bool first;     // starts a stroke: no line from the dot before
};

using Trace = std::vector<Dot>;

double hermite(double a, double b, double slope_a, double slope_b, double t) {
  const double t2 = t * t, t3 = t2 * t;
  return (2 * t3 - 3 * t2 + 1) * a + (t3 - 2 * t2 + t) * slope_a + (3 * t2 - 2 * t3) * b +
         (t3 - t2) * slope_b;
}

// The curve between knots i and i + 1, without its start.  At corners and ends the slope is the
// chord's own.
void add_arc(const Stroke& knots, std::size_t i, Trace& trace) {
  const Knot &a = knots[i], &b = knots[i + 1];
  const Knot& before = i == 0 || a.corner ? a : knots[i - 1];
  const Knot& after = i + 2 == knots.size() || b.corner ? b : knots[i + 2];
  const double dax = (b.x - before.x) / 2, day = (b.y - before.y) / 2;
  const double dbx = (after.x - a.x) / 2, dby = (after.y - a.y) / 2;
  constexpr double kPiece = 0.07;  // about 1.3 pixels of a digit
  const int pieces =
      std::clamp(static_cast<int>(std::ceil(std::hypot(b.x - a.x, b.y - a.y) / kPiece)), 2, 12);
  for (int k = 1; k <= pieces; ++k) {
    const double t = static_cast<double>(k) / pieces;
    trace.push_back({hermite(a.x, b.x, dax, dbx, t), hermite(a.y, b.y, day, dby, t), 0, false});
  }
}

// Relative thickness along one stroke: slow waves, thinner at the ends.
void press(std::span<Dot> stroke, const Hand& hand, Philox& rng) {
  const double phase = rng.uniform(0, 2 * std::numbers::pi);
  const double waves = rng.uniform(0.5, 1.5), start = rng.uniform(), end = rng.uniform();
  const auto last = static_cast<double>(stroke.size() - 1);
  for (std::size_t i = 0; i < stroke.size(); ++i) {
    const double t = static_cast<double>(i) / last;
    const double wave = std::sin(2 * std::numbers::pi * waves * t + phase);
    const double near_start = std::max(0.0, 1 - t / 0.15),
                 near_end = std::max(0.0, (t - 0.8) / 0.2);
    const double loss = hand.taper * (start * near_start + end * near_end);
    stroke[i].radius = hand.thickness / 2 * (1 + hand.pressure * wave) * (1 - loss);
  }
}

// Every writer places the knots a little differently (neighbours move together, or curves would
// kink) and bows the whole glyph.
Stroke moved(const Stroke& stroke, const Hand& hand, Philox& rng) {
  constexpr double kTogether = 0.75;  // correlation of neighbouring knots
  const double fresh = std::sqrt(1 - kTogether * kTogether);
  Stroke knots = stroke;
  double u = rng.normal(), v = rng.normal();
  for (auto& knot : knots) {
    const double x = knot.x + hand.wobble * u, y = knot.y + hand.wobble * v;
    knot.x = x + hand.bend_x * std::sin(std::numbers::pi * y);
    knot.y = y + hand.bend_y * std::sin(std::numbers::pi * x);
    u = kTogether * u + fresh * rng.normal(), v = kTogether * v + fresh * rng.normal();
  }
  return knots;
}

Trace trace_of(const std::vector<Stroke>& strokes, const Hand& hand, Philox& rng) {
  Trace trace;
  trace.reserve(96);
  for (const auto& stroke : strokes) {
    const auto begin = trace.size();
    const Stroke knots = moved(stroke, hand, rng);
    trace.push_back({knots[0].x, knots[0].y, 0, true});
    for (std::size_t i = 0; i + 1 < knots.size(); ++i) add_arc(knots, i, trace);
    press(std::span(trace).subspan(begin), hand, rng);
  }
  return trace;
}

void lean(Trace& trace, const Hand& hand) {
  const double c = std::cos(hand.rotation), s = std::sin(hand.rotation);
  for (auto& dot : trace) {
    const double x = hand.aspect * (dot.x - 0.5) - hand.slant * (dot.y - 0.5), y = dot.y - 0.5;
    dot.x = c * x - s * y, dot.y = s * x + c * y;
  }
}

// Scales the ink to the hand's box and moves its centre of mass to the image's middle.
void fit(Trace& trace, const Hand& hand, int side) {
  const auto [left, right] = std::minmax_element(
      trace.begin(), trace.end(), [](const Dot& a, const Dot& b) { return a.x < b.x; });
  const auto [top, bottom] = std::minmax_element(
      trace.begin(), trace.end(), [](const Dot& a, const Dot& b) { return a.y < b.y; });
  const double extent = std::max({right->x - left->x, bottom->y - top->y, 0.1});
  const double scale = (hand.box - hand.thickness) / extent;
  double mass = 0, x = 0, y = 0;
  for (std::size_t i = 1; i < trace.size(); ++i) {
    const Dot &a = trace[i - 1], &b = trace[i];
    if (b.first) continue;
    const double ink = std::hypot(b.x - a.x, b.y - a.y) * (a.radius + b.radius);
    mass += ink, x += ink * (a.x + b.x) / 2, y += ink * (a.y + b.y) / 2;
  }
  for (auto& dot : trace) {
    dot.x = side / 2.0 + scale * (dot.x - x / mass);
    dot.y = side / 2.0 + scale * (dot.y - y / mass);
  }
}

// Ink of a line from a to b whose thickness changes evenly: full inside, falling linearly over
// `softness` pixels around its edge.
void draw_line(const Dot& a, const Dot& b, double softness, int side, std::span<float> image) {
  const double reach = std::max(a.radius, b.radius) + softness / 2;
  const auto first = [&](double u, double v) {
    return std::max(0, static_cast<int>(std::floor(std::min(u, v) - reach)));
  };
  const auto last = [&](double u, double v) {
    return std::min(side - 1, static_cast<int>(std::floor(std::max(u, v) + reach)));
  };
  const double dx = b.x - a.x, dy = b.y - a.y, inverse = 1 / std::max(dx * dx + dy * dy, 1e-12);
  for (int row = first(a.y, b.y); row <= last(a.y, b.y); ++row)
    for (int column = first(a.x, b.x); column <= last(a.x, b.x); ++column) {
      const double px = column + 0.5 - a.x, py = row + 0.5 - a.y;
      const double t = std::clamp((px * dx + py * dy) * inverse, 0.0, 1.0);
      const double ex = px - t * dx, ey = py - t * dy;
      const double inside = a.radius + t * (b.radius - a.radius) - std::sqrt(ex * ex + ey * ey);
      auto& pixel = image[static_cast<std::size_t>(row * side + column)];
      pixel = std::max(pixel, static_cast<float>(inside / softness + 0.5));
    }
}

}  // namespace

void write_strokes(const std::vector<Stroke>& strokes, const Hand& hand, int side, Philox& rng,
                   std::span<float> image) {
  Trace trace = trace_of(strokes, hand, rng);
  lean(trace, hand);
  fit(trace, hand, side);
  std::fill(image.begin(), image.end(), 0.0f);
  for (std::size_t i = 1; i < trace.size(); ++i)
    if (!trace[i].first) draw_line(trace[i - 1], trace[i], hand.softness, side, image);
  for (auto& pixel : image) pixel = std::min(pixel, 1.0f);
}

}  // namespace kiln
