#include "kiln/data/transforms.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "kiln/core/error.h"
#include "kiln/core/options.h"

namespace kiln {
namespace {

std::string_view words(Values values) {
  switch (values) {
    case Values::binary:
      return "binary";
    case Values::unit:
      return "grey levels";
    case Values::signed_unit:
      return "values in [-1, 1]";
    case Values::real:
      return "real numbers";
    case Values::states:
      return "states";
  }
  KILN_ASSERT(!"a kind of values without words");
}

void to_unit_from_signed(std::span<float> x) {
  for (auto& value : x) value = 0.5f * (value + 1);
}

void to_signed_from_unit(std::span<float> x) {
  for (auto& value : x) value = 2 * value - 1;
}

// 1 with probability x, to a resolution of 2^-24; 0 and 1 stay what they are.
void draw_bernoulli(std::span<float> x, Philox& rng) {
  for (auto& value : x)
    value = static_cast<float>(rng.bits() >> 8) * 0x1p-24f < value ? 1.0f : 0.0f;
}

// (x (L - 1) + u) / L for L levels and u ~ U[0, 1): level k becomes uniform over [k, k + 1) / L.
void add_level_noise(std::span<float> x, std::int64_t levels, Philox& rng) {
  const float below_one = std::nextafter(1.0f, 0.0f);
  const auto count = static_cast<double>(levels);
  for (auto& value : x) {
    const double level = std::round(static_cast<double>(value) * (count - 1));
    value = std::min(static_cast<float>((level + rng.uniform()) / count), below_one);
  }
}

// A uniform draw from the values of a source: its levels where it has any.
float uniform_value(Values values, std::int64_t levels, Philox& rng) {
  if (values == Values::binary) return static_cast<float>(rng.below(2));
  const auto count = static_cast<std::uint64_t>(std::max<std::int64_t>(levels, 0));
  if (values == Values::states) return static_cast<float>(rng.below(count));
  const auto unit = count > 1 ? static_cast<float>(rng.below(count)) / static_cast<float>(count - 1)
                              : static_cast<float>(rng.uniform());
  return values == Values::signed_unit ? 2 * unit - 1 : unit;
}

[[noreturn]] void refuse(const DataInfo& info, const std::string& reason) {
  throw ConfigError("data", fmt::format("{} {}", info.name, reason));
}

Binarize choose_binarize(const DataInfo& info, Values needs, std::optional<Binarize> choice) {
  if (info.values == Values::binary) return Binarize::none;
  if (info.values == Values::real || info.values == Values::states) {
    if (choice && *choice != Binarize::none)
      refuse(info, fmt::format("holds {}, which binarize= cannot turn into 0 and 1; leave it out",
                               words(info.values)));
    return Binarize::none;
  }
  const auto chosen =
      choice.value_or(needs == Values::binary ? Binarize::stochastic : Binarize::none);
  if (needs == Values::binary && chosen == Binarize::none)
    refuse(info,
           "holds grey levels and the model needs binary values; use binarize=stochastic or "
           "binarize=threshold instead of binarize=none");
  if (needs == Values::states && chosen == Binarize::none)
    refuse(info, fmt::format("holds {} and the model needs states; add levels=Q (2 to 256), "
                             "binarize=threshold or binarize=stochastic to the SPEC",
                             words(info.values)));
  return chosen;
}

void check_dequantize(const DataInfo& info, Values needs, Binarize binarize) {
  if (needs == Values::binary || needs == Values::states)
    refuse(info, fmt::format("cannot be dequantized for a model of {}; leave dequantize out",
                             needs == Values::binary ? "binary values" : "states"));
  if (binarize != Binarize::none)
    refuse(info, "cannot be both binarized and dequantized; choose one");
  if (info.values == Values::states)
    refuse(info, "holds states, and dequantize= adds noise to grey levels; leave it out");
  if (info.levels < 2) refuse(info, "has no discrete levels to dequantize; leave dequantize out");
}

// States are taken as they are by models of as many, by real models and, two of them, by binary
// ones.
void check_states(const DataInfo& info, ValueSet needs) {
  if (needs.kind == Values::real) return;
  if (needs.kind == Values::unit || needs.kind == Values::signed_unit)
    refuse(info, fmt::format("holds {} states and the model needs {}; choose a model of states or "
                             "of real numbers, or give grey data (without levels=)",
                             info.levels, words(needs.kind)));
  if (needs.kind == Values::binary && info.levels > 2)
    refuse(info, fmt::format("holds {} states and the model needs binary values; choose a model of "
                             "states, or give grey data with binarize= or levels=2",
                             info.levels));
  if (needs.states > 0 && info.levels > needs.states)
    refuse(info, fmt::format("holds {} states and the model knows {}; train a model on data with "
                             "all of them, or give data with at most {}",
                             info.levels, needs.states, needs.states));
}

}  // namespace

void Transform::apply(std::span<float> x, Philox& rng) const {
  if (noise > 0)
    for (auto& value : x)
      if (rng.bernoulli(noise)) value = uniform_value(from, levels, rng);
  const bool needs_unit =
      to == Values::unit || to == Values::binary || binarize != Binarize::none || dequantize;
  const bool stays_signed = from == Values::signed_unit && !needs_unit;
  if (from == Values::signed_unit && needs_unit) to_unit_from_signed(x);
  if (binarize == Binarize::stochastic) draw_bernoulli(x, rng);
  if (binarize == Binarize::threshold)
    for (auto& value : x) value = value > 0.5f ? 1.0f : 0.0f;
  if (dequantize) add_level_noise(x, levels, rng);
  if (to == Values::signed_unit && !stays_signed) to_signed_from_unit(x);
}

double Transform::bits_of_level() const {
  if (levels < 2 || binarize != Binarize::none || to == Values::binary || to == Values::states ||
      from == Values::states)
    return 0;
  const auto cells = static_cast<double>(dequantize ? levels : levels - 1);
  const bool wide =
      to == Values::signed_unit || (to == Values::real && from == Values::signed_unit);
  return std::log2(cells / (wide ? 2 : 1));
}

std::string Transform::describe() const {
  auto text = fmt::format("{} -> {}", words(from), words(to));
  if (binarize == Binarize::stochastic) text += ", stochastic binarisation";
  if (binarize == Binarize::threshold) text += ", binarised at 1/2";
  if (dequantize) text += fmt::format(", dequantised from {} levels", levels);
  if (noise > 0) text += fmt::format(", {:g} % of the numbers replaced by noise", 100 * noise);
  return text;
}

Transform with_noise(Transform transform, const DataInfo& info, double noise) {
  if (noise > 0 && info.values == Values::real)
    refuse(info,
           "holds real numbers, and noise= draws from the values of pictures or states; "
           "leave it out");
  if (noise > 0 && info.valued_size() > info.item_size())
    refuse(info, "holds pairs, and noise= would replace numbers of both; leave it out");
  transform.noise = noise;
  return transform;
}

Transform make_transform(const DataInfo& info, ValueSet needs, std::optional<Binarize> binarize,
                         bool dequantize) {
  const auto kind = needs.kind;
  if (info.values == Values::real && kind == Values::states)
    refuse(info,
           "holds real numbers and the model needs states, whole numbers from 0 to at most 65535; "
           "number the states so, or choose a model of real numbers");
  if (info.values == Values::real && kind != Values::real)
    refuse(info, fmt::format("holds real numbers and the model needs {}; choose a model of real "
                             "numbers, as vae with --decoder gaussian is; or, of files whose "
                             "numbers all lie in [0, 1], say values=unit in the SPEC",
                             words(kind)));
  if (info.values == Values::states) check_states(info, needs);
  Transform transform{.from = info.values,
                      .to = kind,
                      .binarize = choose_binarize(info, kind, binarize),
                      .dequantize = dequantize,
                      .levels = info.levels};
  if (dequantize) check_dequantize(info, kind, transform.binarize);
  return transform;
}

std::int64_t states_of(const DataInfo& info, std::optional<Binarize> binarize) {
  make_transform(info, Values::states, binarize, false);
  return info.values == Values::states ? info.levels : 2;
}

}  // namespace kiln
