#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "kiln/core/options.h"
#include "kiln/core/recipe.h"
#include "kiln/prob/item_shape.h"

namespace kiln {

enum class Covariance { full, tied, diagonal, spherical };
std::vector<std::pair<Covariance, std::string_view>> enum_names(Covariance);

struct GaussianMixtureOptions {
  std::int64_t data_dim = 2;                         // D
  std::int64_t channels = 0, height = 0, width = 0;  // C, H, W; all 0 for tables
  std::int64_t components = 10;                      // K
  Covariance covariance = Covariance::full;
  double floor = 1e-4;
  double tolerance = 1e-5;
  std::int64_t start_items = 2000;
  std::int64_t starts = 1;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    visit_item_shape(self, visit, 1 << 24);
    visit("components", self.components,
          Field{.help = "Gaussians in the mixture", .low = 1, .high = 4096});
    visit("covariance", self.covariance,
          Field{.help = "of a component; tied: one full matrix for all"});
    visit("floor", self.floor,
          Field{.help = "least variance in any direction; of tables, standardised",
                .low = 1e-12,
                .high = 1});
    visit("tolerance", self.tolerance,
          Field{.help = "gain of a pass in nats per item that ends training", .low = 0, .high = 1});
    visit("start_items", self.start_items,
          Field{.help = "items that the first components are drawn from", .low = 2, .high = 1e6});
    visit(
        "starts", self.starts,
        Field{.help =
                  "starts tried on those items by 20 passes each; the best on unseen ones is taken",
              .low = 1,
              .high = 1000});
  }

  bool has_axes() const;             ///< C_k has directions of its own.
  std::int64_t covariances() const;  ///< K, or 1 for all.
  ItemShape shape() const;
};

/// Throws ConfigError for options that do not go together.
const GaussianMixtureOptions& checked_together(const GaussianMixtureOptions& options);

std::vector<RecipeFor<GaussianMixtureOptions>> gaussian_mixture_recipes();

}  // namespace kiln
