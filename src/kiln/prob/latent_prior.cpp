#include "kiln/prob/latent_prior.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <numbers>

#include "kiln/core/check.h"
#include "kiln/core/options.h"

namespace kiln {
namespace {

constexpr double kPi = std::numbers::pi;

// radius [B] and angle [B] -> [B, 2].
Tensor on_plane(const Tensor& radius, const Tensor& angle) {
  return at::stack({radius * angle.cos(), radius * angle.sin()}, 1);
}

// (2 + r/2, t/5) turned by 2 pi m / M, with r and t from N(0, 1).
Tensor ring(const Tensor& part, std::int64_t parts, Rng& rng) {
  const auto angle = part.to(at::kFloat) * (2 * kPi / static_cast<double>(parts));
  const auto noise = rng.normal({part.size(0), 2});
  const auto along = 2 + .5 * noise.select(1, 0), across = .2 * noise.select(1, 1);
  return on_plane(along, angle) + on_plane(across, angle + kPi / 2);
}

// 3 sqrt(t) (cos, sin)(4 pi sqrt(t)) + N(0, I) / 20, with t uniform in the part.
Tensor swiss_roll(const Tensor& part, std::int64_t parts, Rng& rng) {
  const auto inside = rng.uniform({part.size(0)});
  const auto root = ((part + inside) / static_cast<double>(parts)).to(at::kFloat).sqrt();
  return on_plane(3 * root, 4 * kPi * root) + .05 * rng.normal({part.size(0), 2});
}

}  // namespace

std::vector<std::pair<PriorKind, std::string_view>> enum_names(PriorKind) {
  return {{PriorKind::gaussian, "gaussian"},
          {PriorKind::ring, "ring"},
          {PriorKind::swiss_roll, "swiss_roll"},
          {PriorKind::uniform, "uniform"}};
}

LatentPrior::LatentPrior(std::string_view owner, PriorKind kind, std::int64_t code_size,
                         double scale, std::int64_t parts)
    : owner_(owner), kind_(kind), code_size_(code_size), scale_(scale), parts_(parts) {
  const bool plane = kind == PriorKind::ring || kind == PriorKind::swiss_roll;
  if (plane && code_size != 2)
    throw ConfigError(owner,
                      fmt::format("the {} lies in a plane: it needs latent 2, got {}",
                                  kind == PriorKind::ring ? "ring" : "swiss_roll", code_size));
  check_positive(owner, "parts", parts);
}

Tensor LatentPrior::sample(std::int64_t count, Rng& rng) const {
  check_positive(owner_, "count", count);
  if (kind_ == PriorKind::gaussian) return scale_ * rng.normal({count, code_size_});
  if (kind_ == PriorKind::uniform) return scale_ * (4 * rng.uniform({count, code_size_}) - 2);
  return sample_parts(rng.integers(parts_, {count}), rng);
}

Tensor LatentPrior::quantile(const Tensor& u) const {
  if (has_parts())
    throw ConfigError(owner_, fmt::format("the {} has no quantiles number by number; draw from it, "
                                          "or use a gaussian or uniform prior",
                                          enum_name(kind_)));
  return scale_ * (kind_ == PriorKind::gaussian ? at::special_ndtri(u) : 4 * u - 2);
}

Tensor LatentPrior::sample_parts(const Tensor& part, Rng& rng) const {
  check_shape(owner_, "part", part, {kAny});
  if (!has_parts())
    throw ConfigError(owner_, fmt::format("the {} prior has no parts; use ring or swiss_roll",
                                          kind_ == PriorKind::gaussian ? "gaussian" : "uniform"));
  if (((part < 0) | (part >= parts_)).any().item<bool>())
    throw ConfigError(
        owner_, fmt::format("parts of the prior are 0 to {}, got {} to {}", parts_ - 1,
                            part.min().item<std::int64_t>(), part.max().item<std::int64_t>()));
  return scale_ *
         (kind_ == PriorKind::ring ? ring(part, parts_, rng) : swiss_roll(part, parts_, rng));
}

}  // namespace kiln
