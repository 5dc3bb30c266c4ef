#include "kiln/data/synthetic/plane_laws.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

namespace kiln {
namespace {

constexpr double kPi = std::numbers::pi;
constexpr double kNever = -std::numeric_limits<double>::infinity();

// log sum_i exp(term(i)), i < count, without overflow; -inf when every term is.
template <class Term>
double log_sum_exp(std::size_t count, const Term& term) {
  double top = kNever;
  for (std::size_t i = 0; i < count; ++i) top = std::max(top, term(i));
  if (top == kNever) return kNever;
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += std::exp(term(i) - top);
  return top + std::log(sum);
}

PlanePoint turned(double x, double y, double angle) {
  const double c = std::cos(angle), s = std::sin(angle);
  return {c * x - s * y, s * x + c * y};
}

// log N(a; 0, along^2) N(b; 0, across^2).
double log_normal_2d(double a, double b, double along, double across) {
  const double u = a / along, v = b / across;
  return -(u * u + v * v) / 2 - std::log(2 * kPi * along * across);
}

// Four-point Gauss-Legendre quadrature on [-1, 1].
constexpr std::array<double, 4> kPlaces{-0.8611363115940526, -0.3399810435848563,
                                        0.3399810435848563, 0.8611363115940526};
constexpr std::array<double, 4> kWeights{0.3478548451374538, 0.6521451548625461, 0.6521451548625461,
                                         0.3478548451374538};

}  // namespace

PlanePoint GaussiansLaw::draw(Philox& rng) const {
  const auto mode = rng.below(parts_.size());
  const Part& part = parts_[mode];
  const double a = part.along * rng.normal(), b = part.across * rng.normal();
  const auto offset = turned(a, b, part.angle);
  return {part.x + offset.x, part.y + offset.y, static_cast<std::int64_t>(mode)};
}

double GaussiansLaw::log_density(double x, double y) const {
  const double log_share = -std::log(static_cast<double>(parts_.size()));
  return log_share + log_sum_exp(parts_.size(), [&](std::size_t i) {
           const Part& part = parts_[i];
           const auto offset = turned(x - part.x, y - part.y, -part.angle);
           return log_normal_2d(offset.x, offset.y, part.along, part.across);
         });
}

// Panels no longer than sigma: four points integrate a Gaussian over one to 6e-8 of its mass.  At
// least 64, so that a panel is nearly straight.
CurvesLaw::CurvesLaw(std::vector<Curve> curves, double sigma)
    : curves_(std::move(curves)), sigma_(sigma) {
  for (const auto& curve : curves_) {
    const auto panels = static_cast<std::int64_t>(std::max(64.0, std::ceil(curve.speed / sigma)));
    const double half = 0.5 / static_cast<double>(panels);
    for (std::int64_t panel = 0; panel < panels; ++panel)
      for (std::size_t k = 0; k < kPlaces.size(); ++k) {
        const double t = half * (static_cast<double>(2 * panel + 1) + kPlaces[k]);
        const double weight = half * kWeights[k] / static_cast<double>(curves_.size());
        const auto point = curve.at(t);
        nodes_.push_back({point.x, point.y, std::log(weight)});
      }
  }
}

std::int64_t CurvesLaw::modes() const {
  return curves_.size() > 1 ? static_cast<std::int64_t>(curves_.size()) : 0;
}

PlanePoint CurvesLaw::draw(Philox& rng) const {
  const auto which = rng.below(curves_.size());
  const auto point = curves_[which].at(rng.uniform());
  const double x = point.x + sigma_ * rng.normal(), y = point.y + sigma_ * rng.normal();
  return {x, y, curves_.size() > 1 ? static_cast<std::int64_t>(which) : -1};
}

double CurvesLaw::log_density(double x, double y) const {
  const double scale = 1 / (2 * sigma_ * sigma_);
  const double log_peak = -std::log(2 * kPi * sigma_ * sigma_);
  return log_peak + log_sum_exp(nodes_.size(), [&](std::size_t i) {
           const double dx = x - nodes_[i].x, dy = y - nodes_[i].y;
           return nodes_[i].log_weight - scale * (dx * dx + dy * dy);
         });
}

PlanePoint CheckerboardLaw::draw(Philox& rng) const {
  const auto mode = static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(modes())));
  // Dark cells in reading order: in a row of odd width they move by one from row to row.
  const std::int64_t cell = cells_ % 2 == 1 ? 2 * mode : 2 * mode + (mode / (cells_ / 2)) % 2;
  const double width = side_ / static_cast<double>(cells_);
  const double column = static_cast<double>(cell % cells_) + rng.uniform();
  const double row = static_cast<double>(cell / cells_) + rng.uniform();
  return {column * width - side_ / 2, row * width - side_ / 2, mode};
}

bool CheckerboardLaw::dark(double column, double row) const {
  const auto size = static_cast<double>(cells_);
  return column >= 0 && row >= 0 && column < size && row < size &&
         std::fmod(column + row, 2.0) == 0;
}

double CheckerboardLaw::log_density(double x, double y) const {
  const double width = side_ / static_cast<double>(cells_);
  const double u = (x + side_ / 2) / width, v = (y + side_ / 2) / width;
  for (const double column : {std::floor(u), std::ceil(u) - 1})
    for (const double row : {std::floor(v), std::ceil(v) - 1})
      if (dark(column, row)) return -std::log(static_cast<double>(modes()) * width * width);
  return kNever;
}

double PinwheelLaw::turn(std::int64_t arm, double radius) const {
  const double spoke = 2 * kPi * static_cast<double>(arm) / static_cast<double>(arms_);
  return spoke + rate_ * std::exp(radius);
}

PlanePoint PinwheelLaw::draw(Philox& rng) const {
  const auto arm = static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(arms_)));
  const double a = 1 + radial_ * rng.normal(), b = tangential_ * rng.normal();
  auto point = turned(a, b, turn(arm, std::hypot(a, b)));
  point.mode = arm;
  return point;
}

double PinwheelLaw::log_density(double x, double y) const {
  const double radius = std::hypot(x, y), log_share = -std::log(static_cast<double>(arms_));
  return log_share + log_sum_exp(static_cast<std::size_t>(arms_), [&](std::size_t arm) {
           const auto f = turned(x, y, -turn(static_cast<std::int64_t>(arm), radius));
           return log_normal_2d(f.x - 1, f.y, radial_, tangential_);
         });
}

}  // namespace kiln
