#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kiln {

/// A law on the real line: a mixture of normal laws and uniform pieces (a histogram is a mixture of
/// pieces).  Densities are per unit of x.
class LineLaw {
 public:
  struct Part {
    bool normal;           ///< Else uniform on [first, second).
    double first, second;  ///< Mean and deviation, or both ends.
    double weight;         ///< Of all parts: sum 1.
  };

  /// Weights are scaled to sum 1.  Throws ConfigError (deviation not positive, ends not in order,
  /// weights negative or all 0, numbers not finite, above 1e100, or far larger
  /// than the width) with `where`.
  LineLaw(std::string_view where, std::vector<Part> parts);

  /// normal:MEAN,STD; uniform:A,B; mixture:W*LAW+W*LAW+... of those.  Throws ConfigError.
  static LineLaw parse(std::string_view where, const std::string& text);

  double density(double x) const;
  double log_density(double x) const;  ///< Nats; -inf where the density is 0.
  double cdf(double x) const;          ///< P(X <= x).
  const std::vector<Part>& parts() const { return parts_; }

  /// Where the density has a kink or changes much, ascending; the first and the last are ends of
  /// a piece or lie 1000 deviations from a normal part's mean.
  std::vector<double> landmarks() const;
  bool unbounded() const;  ///< Has a normal part.

 private:
  std::vector<Part> parts_;
};

}  // namespace kiln
