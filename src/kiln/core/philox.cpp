#include "kiln/core/philox.h"

#include <bit>
#include <numbers>

namespace kiln {
namespace {

// SplitMix64's finaliser: every input bit reaches every output bit.
std::uint64_t mix(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15ULL;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

}  // namespace

std::array<std::uint32_t, 4> Philox::block(std::uint64_t key, std::uint64_t counter) {
  std::uint32_t k0 = static_cast<std::uint32_t>(key), k1 = static_cast<std::uint32_t>(key >> 32);
  std::uint32_t c0 = static_cast<std::uint32_t>(counter);
  std::uint32_t c1 = static_cast<std::uint32_t>(counter >> 32), c2 = 0, c3 = 0;
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53} * c0, p1 = std::uint64_t{0xCD9E8D57} * c2;
    c0 = static_cast<std::uint32_t>(p1 >> 32) ^ c1 ^ k0;
    c1 = static_cast<std::uint32_t>(p1);
    c2 = static_cast<std::uint32_t>(p0 >> 32) ^ c3 ^ k1;
    c3 = static_cast<std::uint32_t>(p0);
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return {c0, c1, c2, c3};
}

std::uint32_t Philox::bits() {
  if (left_ == 0) words_ = block(key_, counter_++), left_ = 4;
  return words_[static_cast<std::size_t>(4 - left_--)];
}

double Philox::uniform() {
  const std::uint64_t high = bits(), low = bits();
  return static_cast<double>((high << 21) | (low >> 11)) * 0x1p-53;
}

double Philox::normal() {
  const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
  return radius * std::cos(2.0 * std::numbers::pi * uniform());
}

std::uint64_t Philox::below(std::uint64_t bound) {
  const std::uint64_t limit = ~std::uint64_t{0} - ~std::uint64_t{0} % bound;
  for (;;) {
    const std::uint64_t high = bits(), value = (high << 32) | bits();
    if (value < limit) return value % bound;
  }
}

std::uint64_t derive_key(std::uint64_t seed, std::string_view name, std::uint64_t number) {
  std::uint64_t key = mix(seed);
  for (const char c : name) key = mix(key ^ static_cast<unsigned char>(c));
  return mix(key ^ mix(number));
}

std::uint64_t permuted_index(std::uint64_t index, std::uint64_t size, std::uint64_t key) {
  if (size < 2) return index;
  const auto half = static_cast<int>(std::bit_width(size - 1) + 1) / 2;
  const std::uint64_t mask = (std::uint64_t{1} << half) - 1;
  do {  // a permutation of [0, 4^half); walk its cycle back into [0, size)
    std::uint64_t left = index >> half, right = index & mask;
    for (std::uint64_t round = 0; round < 6; ++round) {
      const std::uint64_t next = left ^ (mix(key ^ mix(right * 8 + round)) & mask);
      left = right, right = next;
    }
    index = (left << half) | right;
  } while (index >= size);
  return index;
}

}  // namespace kiln
