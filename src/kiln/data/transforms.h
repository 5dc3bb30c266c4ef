#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "kiln/core/philox.h"
#include "kiln/data/dataset.h"

namespace kiln {

/// How grey values become 0 or 1.
enum class Binarize {
  none,
  threshold,   ///< 1 where the value is above 1/2: the same every time.
  stochastic,  ///< 1 with probability equal to the value: new draws every epoch.
};

/// Their names in SPECs.
inline std::vector<std::pair<Binarize, std::string_view>> enum_names(Binarize) {
  return {{Binarize::none, "none"},
          {Binarize::threshold, "threshold"},
          {Binarize::stochastic, "stochastic"}};
}

/// Turns an item's own values into those that a model needs.
class Transform {
 public:
  Values from = Values::real;          ///< What the source has.
  Values to = Values::real;            ///< What the model takes.
  Binarize binarize = Binarize::none;  ///< How greys become 0 and 1.
  bool dequantize = false;  ///< Adds uniform noise of one level's width, then rescales to [0, 1).
  std::int64_t levels = 0;  ///< Of the source, for dequantize and noise.
  double noise = 0;         ///< Share of the numbers that uniform ones replace, before all else.

  /// Whether an item is another one every time.
  bool random() const { return binarize == Binarize::stochastic || dequantize || noise > 0; }
  /// `rng` is the item's own stream for this epoch, so the result does not depend on who calls.
  void apply(std::span<float> x, Philox& rng) const;
  /// -log2 of the width of a level's cell among the transformed numbers: what a density over them
  /// lacks, per number, to the bits of the levels' mass.  0 where no levels are left.
  double bits_of_level() const;
  std::string describe() const;  ///< "grey levels -> binary, stochastic binarisation"
};

/// The transform from `info`'s values to `needs`.  Without an explicit choice, grey data meets a
/// binary model by stochastic binarisation.  Binary data are two states, and states fit a model of
/// at least as many (needs.states 0: any number).  Throws ConfigError when no transform exists
/// (real-valued data for a binary model, say), naming the remedy.
Transform make_transform(const DataInfo& info, ValueSet needs, std::optional<Binarize> binarize,
                         bool dequantize);

/// The same transform of data of which every number is replaced, with probability `noise`, by a
/// uniform draw from the values that the source can take: data for a background model, Ren et al.
/// 2019, arXiv:1906.02845.  Throws ConfigError for real numbers, which have no uniform law.
Transform with_noise(Transform transform, const DataInfo& info, double noise);

/// q of the states that a model of states sees: 2 of binary or binarised data.  Throws ConfigError
/// for data that are no states, naming the remedy.
std::int64_t states_of(const DataInfo& info, std::optional<Binarize> binarize);

}  // namespace kiln
