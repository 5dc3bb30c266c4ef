#include "kiln/data/loader.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <thread>

#include "kiln/core/error.h"
#include "kiln/core/philox.h"

namespace kiln {
namespace {

// A batch that a thread has made, or the reason why it could not.
struct Prepared {
  HostBatch batch;
  std::exception_ptr error;
};

LoaderOptions checked_options(const Dataset& data, LoaderOptions options) {
  if (options.batch < 1)
    throw ConfigError("loader.batch", fmt::format("must be at least 1, got {}", options.batch));
  if (options.threads < 0)
    throw ConfigError("loader.threads", fmt::format("must be at least 0, got {}", options.threads));
  if (options.prefetch < 1)
    throw ConfigError("loader.prefetch",
                      fmt::format("must be at least 1, got {}", options.prefetch));
  if (data.size() < 1)
    throw ConfigError("loader", fmt::format("{} has no items", data.info().name));
  check_augmentation(options.augmentation, data.info());
  return options;
}

}  // namespace

struct Loader::Impl {
  Impl(DatasetPtr source, Transform change, LoaderOptions settings)
      : data(std::move(source)),
        transform(change),
        options(checked_options(*data, settings)),
        size(data->size()) {}

  std::int64_t batches_per_epoch() const {
    const auto whole = size / options.batch, partial = std::int64_t{size % options.batch != 0};
    return std::max<std::int64_t>(1, whole + (options.drop_last ? 0 : partial));
  }
  LoaderState after(LoaderState at) const {
    ++at.batch;
    if (options.repeat && at.batch >= batches_per_epoch()) at = {at.epoch + 1, 0};
    return at;
  }
  bool at_end(const LoaderState& at) const { return at.batch >= batches_per_epoch(); }

  std::int64_t item_at(std::int64_t position, std::uint64_t order) const;
  HostBatch make(const LoaderState& at) const;
  Prepared prepare(const LoaderState& at) const noexcept;
  void work();
  void start();
  void stop();
  HostBatch take();

  const DatasetPtr data;
  const Transform transform;
  const LoaderOptions options;
  const std::int64_t size;

  LoaderState next_state;  // of the batch that next() will give; only the caller's thread uses it

  std::mutex mutex;  // guards everything below
  std::condition_variable room, ready;
  LoaderState claim_state;     // of the batch that a thread will make next
  std::int64_t claimed = 0;    // batches that threads have begun since start()
  std::int64_t delivered = 0;  // batches that next() has given since start()
  bool stopping = false;
  std::map<std::int64_t, Prepared> prepared;  // by number since start()
  std::vector<std::thread> threads;
};

std::int64_t Loader::Impl::item_at(std::int64_t position, std::uint64_t order) const {
  if (!options.shuffle) return position;
  return static_cast<std::int64_t>(permuted_index(static_cast<std::uint64_t>(position),
                                                  static_cast<std::uint64_t>(size), order));
}

HostBatch Loader::Impl::make(const LoaderState& at) const {
  const auto first = at.batch * options.batch, rows = std::min(options.batch, size - first);
  const auto width = static_cast<std::size_t>(data->info().stored_size());
  const auto valued = static_cast<std::size_t>(data->info().valued_size());
  HostBatch batch{
      .x = std::vector<float>(static_cast<std::size_t>(rows) * width), .y = {}, .rows = rows};
  const auto epoch = static_cast<std::uint64_t>(at.epoch);
  const auto noise = derive_key(options.seed, "noise", epoch);
  const auto order = derive_key(options.seed, "shuffle", epoch);
  const auto ways = derive_key(options.seed, "augment", epoch);
  const bool random = transform.random();
  for (std::int64_t row = 0; row < rows; ++row) {
    const std::span<float> x(batch.x.data() + static_cast<std::size_t>(row) * width, width);
    const auto label = data->read(item_at(first + row, order), x);
    if (data->info().classes > 0) batch.y.push_back(label);
    if (options.augmentation.any()) {
      Philox way(derive_key(ways, "item", static_cast<std::uint64_t>(first + row)));
      augment_item(options.augmentation, data->info(), x, way);
    }
    Philox rng(random ? derive_key(noise, "item", static_cast<std::uint64_t>(first + row)) : 0);
    transform.apply(x.first(valued), rng);
  }
  return batch;
}

Prepared Loader::Impl::prepare(const LoaderState& at) const noexcept {
  try {
    return {make(at), nullptr};
  } catch (...) {
    return {{}, std::current_exception()};
  }
}

// What each prefetching thread does: claim the next batch while there is room, make it, hand it in.
void Loader::Impl::work() {
  std::unique_lock lock(mutex);
  for (;;) {
    room.wait(lock, [&] { return stopping || claimed < delivered + options.prefetch; });
    if (stopping || at_end(claim_state)) return;
    const auto number = claimed++;
    const auto at = claim_state;
    claim_state = after(claim_state);
    lock.unlock();
    auto result = prepare(at);
    lock.lock();
    prepared.emplace(number, std::move(result));
    ready.notify_all();
  }
}

void Loader::Impl::start() {
  claim_state = next_state;
  claimed = delivered = 0;
  stopping = false;
  for (int i = 0; i < options.threads; ++i) threads.emplace_back([this] { work(); });
}

void Loader::Impl::stop() {
  {
    const std::lock_guard lock(mutex);
    stopping = true;
  }
  room.notify_all();
  for (auto& thread : threads) thread.join();
  threads.clear();
  prepared.clear();
}

// The next prepared batch.  One that failed stays in its place, so that asking again fails again.
HostBatch Loader::Impl::take() {
  std::unique_lock lock(mutex);
  ready.wait(lock, [&] { return prepared.contains(delivered); });
  const auto found = prepared.find(delivered);
  if (found->second.error) std::rethrow_exception(found->second.error);
  auto batch = std::move(found->second.batch);
  prepared.erase(found);
  ++delivered;
  room.notify_all();
  return batch;
}

Loader::Loader(DatasetPtr data, Transform transform, LoaderOptions options)
    : impl_(std::make_unique<Impl>(std::move(data), transform, options)) {
  impl_->start();
}

Loader::~Loader() { impl_->stop(); }

HostBatch Loader::next() {
  if (impl_->at_end(impl_->next_state)) return {};
  auto batch = impl_->options.threads == 0 ? impl_->make(impl_->next_state) : impl_->take();
  impl_->next_state = impl_->after(impl_->next_state);
  return batch;
}

std::int64_t Loader::batches_per_epoch() const { return impl_->batches_per_epoch(); }

const DataInfo& Loader::info() const { return impl_->data->info(); }

LoaderState Loader::state() const { return impl_->next_state; }

void Loader::restore(const LoaderState& state) {
  if (state.epoch < 0 || state.batch < 0 || state.batch > batches_per_epoch())
    throw ConfigError(
        "loader.restore",
        fmt::format("epoch {}, batch {} is not a place in {}, which has {} batches an "
                    "epoch; restore with the data and batch size of the saved run",
                    state.epoch, state.batch, info().name, batches_per_epoch()));
  impl_->stop();
  impl_->next_state = state;
  if (impl_->options.repeat && impl_->at_end(state)) impl_->next_state = {state.epoch + 1, 0};
  impl_->start();
}

}  // namespace kiln
