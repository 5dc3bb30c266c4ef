#pragma once

#include <functional>
#include <numbers>

#include "kiln/data/synthetic/generated.h"
#include "kiln/data/synthetic/plane_laws.h"

namespace kiln {

/// Eight Gaussians on a circle. Metz et al. 2017, arXiv:1611.02163: radius 2, sigma 0.02.
struct Ring8Options : PartOptions {
  double radius = 2;
  double sigma = 0.02;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    visit("radius", self.radius, Field{.help = "of the circle", .low = 0, .high = 1e3});
    visit("sigma", self.sigma, Field{.help = "of each Gaussian", .low = 1e-4, .high = 1e3});
    PartOptions::fields(self, visit);
  }
};

/// Gaussians on a 5 x 5 grid about the origin.  With spacing 2 the grid of VEEGAN,
/// arXiv:1705.07761.
struct Grid25Options : PartOptions {
  double spacing = 1;
  double sigma = 0.05;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    visit("spacing", self.spacing, Field{.help = "between neighbours", .low = 0, .high = 1e3});
    visit("sigma", self.sigma, Field{.help = "of each Gaussian", .low = 1e-4, .high = 1e3});
    PartOptions::fields(self, visit);
  }
};

/// k Gaussians on a sunflower's spiral in a disc of radius 3, each twice as long as wide and lying
/// across its radius.
struct GaussiansOptions : PartOptions {
  std::int64_t k = 5;
  double sigma = 0.15;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    visit("k", self.k, Field{.help = "Gaussians", .low = 1, .high = 1000});
    visit("sigma", self.sigma, Field{.help = "of their width", .low = 1e-4, .high = 1e3});
    PartOptions::fields(self, visit);
  }
};

/// Gaussian noise around the spiral 0.2 t (cos t, sin t), t uniform in [1.5 pi, 4.5 pi].
struct SwissrollOptions : PartOptions {
  double sigma = 0.1;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    visit("sigma", self.sigma, Field{.help = "of the noise", .low = 5e-3, .high = 1e3});
    PartOptions::fields(self, visit);
  }
};

/// Gaussian noise around two half circles of radius 1, angle uniform.
struct MoonsOptions : PartOptions {
  double sigma = 0.1;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    visit("sigma", self.sigma, Field{.help = "of the noise", .low = 5e-3, .high = 1e3});
    PartOptions::fields(self, visit);
  }
};

/// Uniform on the dark cells of a square board about the origin.
struct CheckerboardOptions : PartOptions {
  std::int64_t cells = 4;
  double side = 4;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    visit("cells", self.cells, Field{.help = "cells a side", .low = 1, .high = 64});
    visit("side", self.side, Field{.help = "length of the board", .low = 1e-3, .high = 1e3});
    PartOptions::fields(self, visit);
  }
};

/// Arms (Gaussians at distance 1 from the origin), turned by an angle that grows with the radius.
struct PinwheelOptions : PartOptions {
  std::int64_t arms = 5;
  double radial = 0.3;
  double tangential = 0.05;
  double rate = 0.25;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    visit("arms", self.arms, Field{.help = "arms", .low = 1, .high = 100});
    visit("radial", self.radial, Field{.help = "sigma along an arm", .low = 1e-4, .high = 1e3});
    visit("tangential", self.tangential,
          Field{.help = "sigma across an arm", .low = 1e-4, .high = 1e3});
    visit("rate", self.rate, Field{.help = "of the twist", .low = -5, .high = 5});
    PartOptions::fields(self, visit);
  }
};

/// The law of a 2-D source; null when `spec` names none.  Throws ConfigError for wrong keys.
PlaneLawPtr plane_law(const SourceSpec& spec);

/// log p(x, y) in nats of the law that a 2-D source draws from; nothing when `spec` names none.
std::optional<std::function<double(double x, double y)>> true_log_density(const SourceSpec& spec);

/// Points [2] of a law; the class is the mode that the point was drawn from.
class PointsGenerator : public Generator {
 public:
  explicit PointsGenerator(PlaneLawPtr law) : law_(std::move(law)) {}
  DataInfo info() const override;
  std::int64_t make(Philox& rng, std::span<float> x) const override;

 private:
  PlaneLawPtr law_;
};

}  // namespace kiln
