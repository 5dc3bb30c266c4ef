#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kiln/core/options.h"
#include "kiln/core/tensor.h"
#include "kiln/prob/ordering.h"

namespace kiln {

/// How an item lies: D numbers of a table, or an image [C, H, W] of as many.  B batch.
struct ItemShape {
  std::int64_t data_dim = 1;  ///< D.
  std::int64_t channels = 0;  ///< 0 for tables.
  std::int64_t height = 0, width = 0;

  /// Throws ConfigError unless an image has D numbers.
  void check(std::string_view where) const;

  /// x [B, D], or [B, C, H, W] of images -> [B, D].  Throws ShapeError for another shape.
  Tensor flat(std::string_view where, std::string_view name, const Tensor& x) const;

  /// The same in float64.  Throws ConfigError, naming the first offender, unless x is finite.
  Tensor real_numbers(std::string_view where, const Tensor& x) const;

  Tensor shaped(const Tensor& x) const;  ///< [B, D] -> as in the source.

  /// A table is one row: every ordering but the random one takes it from left to right.
  std::vector<std::int64_t> ordering(Ordering kind, std::int64_t seed) const;

  /// What the three options of visit_ordering ask for.  Throws ConfigError for a list that is none
  /// of D numbers, and for one where the ordering is not `file`.
  template <class Options>
  std::vector<std::int64_t> ordering_of(const Options& o) const {
    return chosen_ordering(o.ordering, o.ordering_seed, o.ordering_steps);
  }

 private:
  std::vector<std::int64_t> chosen_ordering(Ordering kind, std::int64_t seed,
                                            const std::string& steps) const;
};

/// The three options of a model that visits the numbers in some order; `help` says what `ordering`
/// decides.
template <class Options, class Visitor>
void visit_ordering(Options& options, Visitor&& visit, std::string_view help) {
  visit("ordering", options.ordering, Field{.help = help});
  visit("ordering_seed", options.ordering_seed, Field{.help = "seed of random orders"});
  visit("ordering_steps", options.ordering_steps,
        Field{.help = "with ordering file: every index once, in visiting order; @FILE reads them"});
}

/// The four fields of a model's options that say how its items lie, all filled from the data.
template <class Options, class Visitor>
void visit_item_shape(Options& options, Visitor&& visit, double most_numbers) {
  visit("data_dim", options.data_dim,
        Field{.help = "numbers in x", .low = 1, .high = most_numbers, .from_data = true});
  visit("channels", options.channels,
        Field{.help = "of an image, 0 for a table", .low = 0, .high = 4096, .from_data = true});
  visit("height", options.height,
        Field{.help = "of an image", .low = 0, .high = 65536, .from_data = true});
  visit("width", options.width,
        Field{.help = "of an image", .low = 0, .high = 65536, .from_data = true});
}

/// Throws ConfigError, naming the first offender, unless every number of x [B, D] is 0 or 1.
void check_binary(std::string_view where, const Tensor& x);

}  // namespace kiln
