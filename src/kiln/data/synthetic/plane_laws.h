#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "kiln/core/philox.h"

namespace kiln {

struct PlanePoint {
  double x = 0, y = 0;
  std::int64_t mode = -1;  ///< The part of the law that it was drawn from.
};

/// A law on the plane that can be drawn from and whose density is known.
class PlaneLaw {
 public:
  virtual ~PlaneLaw() = default;
  virtual std::int64_t modes() const = 0;  ///< 0 when the law has no separate parts.
  virtual PlanePoint draw(Philox& rng) const = 0;
  virtual double log_density(double x, double y) const = 0;  ///< Nats; -inf outside the support.
};

using PlaneLawPtr = std::shared_ptr<const PlaneLaw>;

/// Equally likely Gaussians; each has a standard deviation along `angle` and one across it.
class GaussiansLaw : public PlaneLaw {
 public:
  struct Part {
    double x, y;
    double along, across;
    double angle = 0;
  };
  explicit GaussiansLaw(std::vector<Part> parts) : parts_(std::move(parts)) {}
  const std::vector<Part>& parts() const { return parts_; }
  std::int64_t modes() const override { return static_cast<std::int64_t>(parts_.size()); }
  PlanePoint draw(Philox& rng) const override;
  double log_density(double x, double y) const override;

 private:
  std::vector<Part> parts_;
};

/// Gaussian noise around a point at a uniform place of equally likely curves.  The density
/// mean over curves of integral_0^1 N(x; curve(t), sigma^2 I) dt is taken by Gauss-Legendre
/// quadrature; its relative error is below 1e-6.
class CurvesLaw : public PlaneLaw {
 public:
  struct Curve {
    std::function<PlanePoint(double t)> at;  ///< t in [0, 1].
    double speed;                            ///< Largest |d at / dt|.
  };
  CurvesLaw(std::vector<Curve> curves, double sigma);
  std::int64_t modes() const override;
  PlanePoint draw(Philox& rng) const override;
  double log_density(double x, double y) const override;

 private:
  struct Node {
    double x, y, log_weight;
  };
  std::vector<Curve> curves_;
  double sigma_;
  std::vector<Node> nodes_;
};

/// Uniform on the dark cells of a `cells` x `cells` board of the given side about the origin. Edges
/// belong to the dark cells, so that rounding a point never leaves the support.
class CheckerboardLaw : public PlaneLaw {
 public:
  CheckerboardLaw(std::int64_t cells, double side) : cells_(cells), side_(side) {}
  std::int64_t modes() const override { return (cells_ * cells_ + 1) / 2; }
  PlanePoint draw(Philox& rng) const override;
  double log_density(double x, double y) const override;

 private:
  bool dark(double column, double row) const;
  std::int64_t cells_;
  double side_;
};

/// f ~ N((1, 0), diag(radial^2, tangential^2)) turned by 2 pi k / arms + rate exp(|f|), k uniform.
/// Turning by a function of the radius keeps areas, so the density is that of f turned back.
/// Differs from the usual pinwheel (Johnson et al. 2016, arXiv:1603.06277), which turns by
/// exp(f_1): that density has no closed form.
class PinwheelLaw : public PlaneLaw {
 public:
  PinwheelLaw(std::int64_t arms, double radial, double tangential, double rate)
      : arms_(arms), radial_(radial), tangential_(tangential), rate_(rate) {}
  std::int64_t modes() const override { return arms_; }
  PlanePoint draw(Philox& rng) const override;
  double log_density(double x, double y) const override;

 private:
  double turn(std::int64_t arm, double radius) const;
  std::int64_t arms_;
  double radial_, tangential_, rate_;
};

}  // namespace kiln
