#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <string_view>

namespace kiln {

/// Counter-based random numbers: Philox4x32-10. Salmon et al. 2011, "Parallel random numbers: as
/// easy as 1, 2, 3".
///
/// The whole state is (key, counter): two integers that a checkpoint can hold.  Draws depend on
/// nothing else, so item i of a data set is the same whichever thread makes it: give each item its
/// own key with `derive_key(seed, "name", i)`.
class Philox {
 public:
  explicit Philox(std::uint64_t key, std::uint64_t counter = 0) : key_(key), counter_(counter) {}

  std::uint32_t bits();  ///< Uniform over all 2^32 values.
  double uniform();      ///< In [0, 1), 53 bits.
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  double normal();  ///< N(0, 1), Box-Muller.
  std::uint64_t below(
      std::uint64_t bound);  ///< Uniform over {0 .. bound-1} without bias; bound > 0.
  bool bernoulli(double probability) { return uniform() < probability; }

  std::uint64_t key() const { return key_; }
  std::uint64_t counter() const { return counter_; }

  /// The four words of block `counter` under `key`.
  static std::array<std::uint32_t, 4> block(std::uint64_t key, std::uint64_t counter);

 private:
  std::uint64_t key_;
  std::uint64_t counter_;  // blocks drawn so far
  std::array<std::uint32_t, 4> words_{};
  int left_ = 0;  // words of the current block not yet given out
};

/// A key for a named, numbered part of a seed; different names or numbers give unrelated streams.
std::uint64_t derive_key(std::uint64_t seed, std::string_view name, std::uint64_t number = 0);

/// A seeded permutation of {0 .. size-1} that is computed point by point, in constant memory
/// (Feistel network with cycle walking): element `index` of the shuffled order.
std::uint64_t permuted_index(std::uint64_t index, std::uint64_t size, std::uint64_t key);

}  // namespace kiln
