#include "kiln/core/rng.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>

#include <numbers>

#include "kiln/core/check.h"

namespace kiln {

Rng::Rng(std::uint64_t seed, std::string_view stream, torch::Device device)
    : state_{derive_key(seed, stream), 0}, device_(device) {}

// Block i of the draw is Philox block counter + i, so the words do not depend on how the work is
// split over threads.
void Rng::fill_bits(std::uint32_t* words, std::int64_t count) {
  const std::int64_t blocks = (count + 3) / 4;
  const auto [key, counter] = state_;
  at::parallel_for(
      0, blocks, 8192, [&, key = key, counter = counter](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) {
          const auto block = Philox::block(key, counter + static_cast<std::uint64_t>(i));
          for (std::int64_t j = 0; j < std::min<std::int64_t>(4, count - 4 * i); ++j)
            words[4 * i + j] = block[static_cast<std::size_t>(j)];
        }
      });
  state_.counter += static_cast<std::uint64_t>(blocks);
}

Tensor Rng::uniform(at::IntArrayRef shape) {
  const auto draws = torch::empty(shape, torch::kFloat32);
  auto* values = draws.data_ptr<float>();
  auto* words =
      reinterpret_cast<std::uint32_t*>(values);  // converted in place, one word to one float
  fill_bits(words, draws.numel());
  for (std::int64_t i = 0; i < draws.numel(); ++i)
    values[i] = static_cast<float>(static_cast<std::int32_t>(words[i] >> 8)) * 0x1p-24f;
  return draws.to(device_);
}

// Box-Muller on halves of one uniform draw: r cos(theta) fills the first half, r sin(theta) the
// second.
Tensor Rng::normal(at::IntArrayRef shape) {
  const auto count = c10::multiply_integers(shape);
  const auto half = (count + 1) / 2;
  const auto target = device_;
  device_ = torch::kCPU;
  const auto draws = uniform({2, half});
  device_ = target;
  const auto radius = torch::sqrt(-2 * torch::log1p(-draws[0]));
  const auto angle = draws[1] * (2 * std::numbers::pi);
  const auto both = torch::cat({radius * torch::cos(angle), radius * torch::sin(angle)});
  return both.narrow(0, 0, count).reshape(shape).to(device_);
}

Tensor Rng::bernoulli(const Tensor& probs) {
  torch::NoGradGuard no_grad;
  return (uniform(probs.sizes()).to(probs.device()) < probs).to(probs.scalar_type());
}

Tensor Rng::integers(std::int64_t bound, at::IntArrayRef shape) {
  check_positive("rng.integers", "bound", bound);
  const auto draws = torch::empty(shape, torch::kInt64);
  Philox philox(key());
  auto* values = draws.data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < draws.numel(); ++i)
    values[i] = static_cast<std::int64_t>(philox.below(static_cast<std::uint64_t>(bound)));
  return draws.to(device_);
}

Tensor Rng::permutation(std::int64_t size) {
  const auto order = torch::arange(size, torch::kInt64);
  auto* values = order.data_ptr<std::int64_t>();
  Philox philox(key());
  for (std::int64_t i = size - 1; i > 0; --i)  // Fisher-Yates
    std::swap(values[i], values[philox.below(static_cast<std::uint64_t>(i) + 1)]);
  return order.to(device_);
}

std::uint64_t Rng::key() {
  std::uint32_t words[2];
  fill_bits(words, 2);
  return (static_cast<std::uint64_t>(words[0]) << 32) | words[1];
}

Rng::Scope::Scope(Rng& rng) {
  auto generator = at::detail::getDefaultCPUGenerator();
  const auto seed = rng.key();
  std::lock_guard lock(generator.mutex());
  saved_ = at::Tensor(generator.get_state());
  generator.set_current_seed(seed);
}

Rng::Scope::~Scope() {
  auto generator = at::detail::getDefaultCPUGenerator();
  std::lock_guard lock(generator.mutex());
  generator.set_state(saved_);
}

}  // namespace kiln
