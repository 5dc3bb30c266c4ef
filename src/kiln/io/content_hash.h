#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace kiln {

/// A name for content: XXH3, 64 bits, of everything that was added, in order.  It tells versions
/// apart; it is no protection against someone who wants two of one name.
class ContentHash {
 public:
  ContentHash();
  ~ContentHash();
  ContentHash(const ContentHash&) = delete;
  ContentHash& operator=(const ContentHash&) = delete;

  void add(std::span<const std::uint8_t> bytes);
  void add(std::span<const float> numbers);
  void add(std::int64_t number);
  std::string hex() const;  ///< 16 digits.

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kiln
