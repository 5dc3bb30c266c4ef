#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace kiln {

/// Result of a test of X independent of Y given Z.
struct GTest {
  double g = 0;                   ///< G = 2 N I(X; Y | Z), at least 0.
  std::int64_t degrees = 0;       ///< Of freedom.
  double p_value = 1;             ///< P(chi-square with these degrees >= G); 1 without degrees.
  double mutual_information = 0;  ///< The data's I(X; Y | Z), nats.
  std::int64_t rows = 0;          ///< N.
  std::int64_t strata = 0;        ///< Values of Z that occur.
  double smallest_expected = 0;   ///< Of the counts N_xz N_yz / N_z; p is rough below 5.
};

/// A column of state numbers.
using StateColumn = std::span<const std::uint16_t>;

/// The likelihood-ratio test of conditional independence (Wilks 1938; Koller & Friedman 2009,
/// 18.2.2), with N_xyz rows in each cell:
///
///     G = 2 sum_xyz N_xyz ln(N_xyz N_z / (N_xz N_yz))
///
/// Degrees of freedom: in each stratum z that occurs, (x values seen there - 1)(y values seen
/// there - 1).  States that never occur in a stratum so add nothing, and neither do empty strata.
/// Throws ShapeError unless all columns have one length, at least 1; ConfigError when the tables
/// of the strata would need more than 2^24 counts.
GTest g_test(StateColumn x, StateColumn y, const std::vector<StateColumn>& given);

/// P(chi-square with `degrees` of freedom >= value); degrees >= 1, value >= 0.
double chi_square_tail(double value, std::int64_t degrees);

}  // namespace kiln
