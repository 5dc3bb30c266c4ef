#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "apps/kiln/arguments.h"
#include "kiln/core/tensor.h"
#include "kiln/io/svg_plot.h"
#include "kiln/runs/load_run.h"

namespace kiln::program {

// What the flags of `kiln traverse` stand for.  Shapes: J latents, T steps.

inline constexpr double kReach = 3;  ///< How far a latent goes to either side of 0.

std::int64_t steps_of(const TraverseArguments& a);         ///< T.
double low_of(const TraverseArguments& a, double reach);   ///< --low, or -reach.
double high_of(const TraverseArguments& a, double reach);  ///< --high, or reach.

/// "0,3-5" -> 0 3 4 5, all below `latents`; of an empty text the first 20.  Throws ConfigError.
std::vector<std::int64_t> chosen_latents(const std::string& text, std::int64_t latents);

/// The values [T, J] that the latents take: evenly spaced, or with --quantiles the middles of T
/// equal shares of the prior.  Throws ConfigError for a run without a prior over its codes.
Tensor traversal_stops(const TraverseArguments& a, const TrainedModel& run, std::int64_t latents);

/// Where the latents that do not move stay.
struct TraversalBase {
  Tensor z;          ///< [J], on the CPU.
  std::string name;  ///< "0", or "item 7 of digits (test)".
};

/// The code of --item, or 0.  Throws ConfigError for an item that the data lack and for a run
/// without an encoder.
TraversalBase traversal_base(const TraverseArguments& a, const TrainedModel& run,
                             std::int64_t latents);

/// The words at the edges of the picture; values [T, J].
PictureTable traversal_words(const TraverseArguments& a, const std::vector<std::int64_t>& chosen,
                             const Tensor& values, const std::string& base);

}  // namespace kiln::program
