#include "kiln/models/gaussian_mixture_options.h"

#include <fmt/format.h>

#include <algorithm>

#include "kiln/core/check.h"
#include "kiln/core/error.h"

namespace kiln {
namespace {

constexpr std::int64_t kMostNumbers = 1 << 27;  // of all covariances: 1 GiB

}  // namespace

std::vector<std::pair<Covariance, std::string_view>> enum_names(Covariance) {
  return {{Covariance::full, "full"},
          {Covariance::tied, "tied"},
          {Covariance::diagonal, "diagonal"},
          {Covariance::spherical, "spherical"}};
}

bool GaussianMixtureOptions::has_axes() const {
  return covariance == Covariance::full || covariance == Covariance::tied;
}

std::int64_t GaussianMixtureOptions::covariances() const {
  return covariance == Covariance::tied ? 1 : components;
}

ItemShape GaussianMixtureOptions::shape() const { return {data_dim, channels, height, width}; }

const GaussianMixtureOptions& checked_together(const GaussianMixtureOptions& o) {
  checked("gaussian_mixture", o);
  o.shape().check("gaussian_mixture");
  if (o.start_items < o.components)
    throw ConfigError("gaussian_mixture.start_items",
                      fmt::format("{} components start from as many different items, got {}; use "
                                  "at least as many as components",
                                  o.components, o.start_items));
  if (o.has_axes() && o.data_dim * o.covariances() > kMostNumbers / o.data_dim)
    throw ConfigError("gaussian_mixture.covariance",
                      fmt::format("{} matrices of {} x {} do not fit; use diagonal, tied or fewer "
                                  "components",
                                  o.covariances(), o.data_dim, o.data_dim));
  if (std::max(o.start_items, 4 * o.components) > kMostNumbers / o.data_dim)
    throw ConfigError("gaussian_mixture",
                      fmt::format("{} components from {} items of {} numbers do not fit; use fewer "
                                  "components or start_items",
                                  o.components, o.start_items, o.data_dim));
  return o;
}

// Trials cost passes of EM on the sample, K D^2 products for each item of it.
std::vector<RecipeFor<GaussianMixtureOptions>> gaussian_mixture_recipes() {
  return {{"at most 64 columns",
           [](const GaussianMixtureOptions& o, std::int64_t) { return o.data_dim <= 64; },
           {{"starts", "8"}, {"epochs", "200"}, {"batch", "1000"}}},
          {"more than 64 columns",
           always<GaussianMixtureOptions>,
           {{"epochs", "200"}, {"batch", "1000"}}}};
}

}  // namespace kiln
