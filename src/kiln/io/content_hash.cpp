#include "kiln/io/content_hash.h"

#include <fmt/format.h>
#include <xxhash.h>

namespace kiln {

struct ContentHash::State {
  XXH3_state_t* xxh = XXH3_createState();
  State() { XXH3_64bits_reset(xxh); }
  ~State() { XXH3_freeState(xxh); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
};

ContentHash::ContentHash() : state_(std::make_unique<State>()) {}
ContentHash::~ContentHash() = default;

void ContentHash::add(std::span<const std::uint8_t> bytes) {
  XXH3_64bits_update(state_->xxh, bytes.data(), bytes.size());
}

void ContentHash::add(std::span<const float> numbers) {
  XXH3_64bits_update(state_->xxh, numbers.data(), numbers.size_bytes());
}

void ContentHash::add(std::int64_t number) {
  XXH3_64bits_update(state_->xxh, &number, sizeof number);
}

std::string ContentHash::hex() const {
  return fmt::format("{:016x}", XXH3_64bits_digest(state_->xxh));
}

}  // namespace kiln
