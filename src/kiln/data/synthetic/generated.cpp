#include "kiln/data/synthetic/generated.h"

#include <fmt/format.h>

#include <atomic>
#include <limits>

namespace kiln {
namespace {

constexpr std::int64_t kCacheBytes = std::int64_t{128} << 20;

// Items made so far, as bytes.  Readers never wait: who meets an item that another thread is still
// storing makes it again.  Memory is touched only where items were stored.
class ByteCache {
 public:
  ByteCache(std::int64_t items, std::int64_t item_size)
      : item_size_(static_cast<std::size_t>(item_size)),
        bytes_(new std::uint8_t[static_cast<std::size_t>(items * item_size)]),
        states_(static_cast<std::size_t>(items)),
        labels_(static_cast<std::size_t>(items)) {}

  bool load(std::size_t index, std::span<float> x, std::int64_t& label) const {
    if (states_[index].load(std::memory_order_acquire) != kStored) return false;
    const std::uint8_t* item = &bytes_[index * item_size_];
    for (std::size_t i = 0; i < item_size_; ++i) x[i] = level_of(item[i]);
    label = labels_[index];
    return true;
  }

  void store(std::size_t index, std::span<const float> x, std::int64_t label) {
    std::uint8_t expected = kEmpty;
    if (!states_[index].compare_exchange_strong(expected, kStoring)) return;
    std::uint8_t* item = &bytes_[index * item_size_];
    for (std::size_t i = 0; i < item_size_; ++i) item[i] = byte_of(x[i]);
    labels_[index] = static_cast<std::int16_t>(label);
    states_[index].store(kStored, std::memory_order_release);
  }

 private:
  static constexpr std::uint8_t kEmpty = 0, kStoring = 1, kStored = 2;
  std::size_t item_size_;
  std::unique_ptr<std::uint8_t[]> bytes_;
  std::vector<std::atomic<std::uint8_t>> states_;
  std::vector<std::int16_t> labels_;
};

class GeneratedSet : public Dataset {
 public:
  GeneratedSet(GeneratorPtr generator, DataInfo info, std::string stream, std::uint64_t seed,
               std::uint64_t first, std::int64_t size)
      : generator_(std::move(generator)),
        info_(std::move(info)),
        stream_(std::move(stream)),
        seed_(seed),
        first_(first),
        size_(size),
        item_size_(info_.stored_size()) {
    if (info_.levels == 256 && size <= kCacheBytes / item_size_)
      cache_ = std::make_unique<ByteCache>(size, item_size_);
  }

  const DataInfo& info() const override { return info_; }
  std::int64_t size() const override { return size_; }

  std::int64_t read(std::int64_t index, std::span<float> x) const override {
    KILN_ASSERT(index >= 0 && index < size_);
    KILN_ASSERT(static_cast<std::int64_t>(x.size()) == item_size_);
    const auto i = static_cast<std::uint64_t>(index);
    std::int64_t label = -1;
    if (cache_ && cache_->load(i, x, label)) return label;
    Philox rng(derive_key(seed_, stream_, first_ + i));
    label = generator_->make(rng, x);
    if (cache_) cache_->store(i, x, label);
    return label;
  }

 private:
  GeneratorPtr generator_;
  DataInfo info_;
  std::string stream_;
  std::uint64_t seed_, first_;
  std::int64_t size_, item_size_;
  std::unique_ptr<ByteCache> cache_;
};

}  // namespace

std::uint64_t items_seed(const SourceSpec& spec, const PartOptions& parts,
                         const OpenOptions& open) {
  const std::uint64_t seed = parts.seed ? static_cast<std::uint64_t>(*parts.seed) : open.seed;
  if (seed > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    throw ConfigError("data." + spec.name + ".seed",
                      fmt::format("must be below 2^63, got {}", seed));
  return seed;
}

Splits generated_splits(GeneratorPtr generator, const SourceSpec& spec, const PartOptions& parts,
                        const OpenOptions& open) {
  const std::uint64_t seed = items_seed(spec, parts, open);
  SourceSpec exact = spec;
  exact.keys["seed"] = std::to_string(seed);
  DataInfo info = generator->info();
  info.name = exact.text();
  const auto part = [&](std::uint64_t first, std::int64_t size) -> DatasetPtr {
    if (size == 0) return nullptr;
    return std::make_shared<GeneratedSet>(generator, info, spec.name, seed, first, size);
  };
  return {part(0, parts.n), part(kValidFirst, parts.valid), part(kTestFirst, parts.test)};
}

}  // namespace kiln
