#include "kiln/data/synthetic/toy2d.h"

#include <cmath>
#include <map>

namespace kiln {
namespace {

constexpr double kPi = std::numbers::pi;

PlaneLawPtr ring8(const SourceSpec& spec) {
  const auto options = read_keys<Ring8Options>(spec);
  std::vector<GaussiansLaw::Part> parts;
  for (int i = 0; i < 8; ++i) {
    const double angle = 2 * kPi * i / 8;
    parts.push_back({options.radius * std::cos(angle), options.radius * std::sin(angle),
                     options.sigma, options.sigma});
  }
  return std::make_shared<GaussiansLaw>(std::move(parts));
}

PlaneLawPtr grid25(const SourceSpec& spec) {
  const auto options = read_keys<Grid25Options>(spec);
  std::vector<GaussiansLaw::Part> parts;
  for (int row = -2; row <= 2; ++row)
    for (int column = -2; column <= 2; ++column)
      parts.push_back(
          {options.spacing * column, options.spacing * row, options.sigma, options.sigma});
  return std::make_shared<GaussiansLaw>(std::move(parts));
}

PlaneLawPtr gaussians(const SourceSpec& spec) {
  const auto options = read_keys<GaussiansOptions>(spec);
  const double golden = kPi * (3 - std::sqrt(5.0));
  std::vector<GaussiansLaw::Part> parts;
  for (std::int64_t i = 0; i < options.k; ++i) {
    const auto place = static_cast<double>(i);
    const double radius = 3 * std::sqrt((place + 0.5) / static_cast<double>(options.k));
    const double angle = golden * place;
    parts.push_back({radius * std::cos(angle), radius * std::sin(angle), options.sigma,
                     2 * options.sigma, angle});
  }
  return std::make_shared<GaussiansLaw>(std::move(parts));
}

PlaneLawPtr swissroll(const SourceSpec& spec) {
  const auto options = read_keys<SwissrollOptions>(spec);
  constexpr double kScale = 0.2, kFirst = 1.5 * kPi, kLast = 4.5 * kPi;
  const auto at = [](double t) -> PlanePoint {
    const double angle = kFirst + (kLast - kFirst) * t;
    return {kScale * angle * std::cos(angle), kScale * angle * std::sin(angle)};
  };
  const double speed = kScale * (kLast - kFirst) * std::hypot(1.0, kLast);
  return std::make_shared<CurvesLaw>(std::vector<CurvesLaw::Curve>{{at, speed}}, options.sigma);
}

PlaneLawPtr moons(const SourceSpec& spec) {
  const auto options = read_keys<MoonsOptions>(spec);
  const auto upper = [](double t) -> PlanePoint { return {std::cos(kPi * t), std::sin(kPi * t)}; };
  const auto lower = [](double t) -> PlanePoint {
    return {1 - std::cos(kPi * t), 0.5 - std::sin(kPi * t)};
  };
  return std::make_shared<CurvesLaw>(std::vector<CurvesLaw::Curve>{{upper, kPi}, {lower, kPi}},
                                     options.sigma);
}

PlaneLawPtr checkerboard(const SourceSpec& spec) {
  const auto options = read_keys<CheckerboardOptions>(spec);
  return std::make_shared<CheckerboardLaw>(options.cells, options.side);
}

PlaneLawPtr pinwheel(const SourceSpec& spec) {
  const auto options = read_keys<PinwheelOptions>(spec);
  return std::make_shared<PinwheelLaw>(options.arms, options.radial, options.tangential,
                                       options.rate);
}

}  // namespace

PlaneLawPtr plane_law(const SourceSpec& spec) {
  static const std::map<std::string, PlaneLawPtr (*)(const SourceSpec&)> laws{
      {"ring8", ring8},
      {"grid25", grid25},
      {"gaussians", gaussians},
      {"moons", moons},
      {"checkerboard", checkerboard},
      {"swissroll", swissroll},
      {"pinwheel", pinwheel}};
  const auto law = laws.find(spec.name);
  return law == laws.end() ? nullptr : law->second(spec);
}

std::optional<std::function<double(double, double)>> true_log_density(const SourceSpec& spec) {
  const auto law = plane_law(spec);
  if (!law) return std::nullopt;
  return [law](double x, double y) { return law->log_density(x, y); };
}

DataInfo PointsGenerator::info() const {
  DataInfo info;
  info.shape = {2};
  info.values = Values::real;
  info.classes = law_->modes();
  for (std::int64_t mode = 0; mode < info.classes; ++mode)
    info.class_names.push_back(std::to_string(mode));
  info.columns = {"x", "y"};
  return info;
}

std::int64_t PointsGenerator::make(Philox& rng, std::span<float> x) const {
  const auto point = law_->draw(rng);
  x[0] = static_cast<float>(point.x), x[1] = static_cast<float>(point.y);
  return point.mode;
}

}  // namespace kiln
