#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "kiln/core/options.h"
#include "kiln/core/philox.h"
#include "kiln/data/file_sources.h"
#include "kiln/data/source.h"

namespace kiln {

/// Keys that every generator takes.
struct PartOptions {
  std::int64_t n = 10000;
  std::int64_t valid = 1000;
  std::int64_t test = 2000;
  std::optional<std::int64_t> seed = std::nullopt;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    constexpr double kMost = 1e9;
    visit("n", self.n, Field{.help = "training items", .low = 1, .high = kMost});
    visit("valid", self.valid, Field{.help = "validation items", .low = 0, .high = kMost});
    visit("test", self.test, Field{.help = "test items", .low = 0, .high = kMost});
    visit("seed", self.seed, Field{.help = "of all items; auto: the run's seed", .low = 0});
  }
};

/// Parts are ranges of one endless sequence of items: training item i is item i of it, validation
/// item i is item kValidFirst + i, test item i is item kTestFirst + i.
constexpr std::uint64_t kValidFirst = std::uint64_t{1} << 40;
constexpr std::uint64_t kTestFirst = std::uint64_t{1} << 41;

/// A generator's keys and those of every source, so that a refusal offers the nearest of both.
template <class Options>
struct SpecKeys : Options {
  CommonKeys common;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    Options::fields(self, visit);
    CommonKeys::fields(self.common, visit);
  }
};

/// The generator's keys in a SPEC.  Throws ConfigError for a path, an unknown key (naming the
/// nearest) or a value out of range.
template <class Options>
Options read_keys(const SourceSpec& spec) {
  const auto where = "data." + spec.name;
  if (!spec.path.empty())
    throw ConfigError(where, "takes key=value, not a path: got '" + spec.path + "'");
  SpecKeys<Options> keys;
  assign(where, keys, spec.keys);
  return keys;
}

/// The seed of a source's items: what the SPEC says, or the run's.  Throws ConfigError from 2^63
/// on, where it would not read back.
std::uint64_t items_seed(const SourceSpec& spec, const PartOptions& parts, const OpenOptions& open);

/// How one source makes its items.
class Generator {
 public:
  virtual ~Generator() = default;
  virtual DataInfo info() const = 0;  ///< All but the name.
  /// Writes the item that `rng` decides, and returns its class, or -1 without labels. Thread-safe.
  /// A source of 256 levels writes bytes / 255.
  virtual std::int64_t make(Philox& rng, std::span<float> x) const = 0;
};

using GeneratorPtr = std::shared_ptr<const Generator>;

/// The byte of a grey level in [0, 1], and the level of a byte.
inline std::uint8_t byte_of(float x) {
  return static_cast<std::uint8_t>(std::clamp(x, 0.0f, 1.0f) * 255.0f + 0.5f);
}
inline float level_of(std::uint8_t byte) { return static_cast<float>(byte) / 255.0f; }

/// The parts of a generator: item i is made from Philox(derive_key(seed, spec.name, i)).  Parts of
/// bytes are kept in memory once made, up to 128 MiB each.
Splits generated_splits(GeneratorPtr generator, const SourceSpec& spec, const PartOptions& parts,
                        const OpenOptions& open);

}  // namespace kiln
