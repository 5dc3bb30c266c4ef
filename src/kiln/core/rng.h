#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "kiln/core/philox.h"
#include "kiln/core/tensor.h"

namespace kiln {

/// A stream of random tensors: a value that can be copied, saved and restored.  Philox4x32-10
/// underneath.
///
/// Draws are made on the CPU and moved to `device`, so a seed gives the same numbers on every
/// device.  Two copies give the same draws.  Streams that must not disturb each other are named:
/// `Rng(seed, "noise")`.
class Rng {
 public:
  /// Where the stream stands.
  struct State {
    std::uint64_t key = 0;                          ///< Which stream.
    std::uint64_t counter = 0;                      ///< Blocks drawn.
    bool operator==(const State&) const = default;  ///< The same draws to come.
  };

  /// Equal seeds and names give equal draws.
  explicit Rng(std::uint64_t seed, std::string_view stream = "default",
               torch::Device device = torch::kCPU);

  Tensor uniform(at::IntArrayRef shape);  ///< [shape] float32 in [0, 1).
  Tensor normal(at::IntArrayRef shape);   ///< [shape] float32 from N(0, 1).
  Tensor bernoulli(const Tensor& probs);  ///< 0 or 1 of the shape and type of `probs`; no gradient.
  Tensor integers(std::int64_t bound,
                  at::IntArrayRef shape);  ///< [shape] int64, uniform over {0 .. bound-1}.
  Tensor permutation(std::int64_t size);   ///< [size] int64, a shuffled 0 .. size-1.
  std::uint64_t key();                     ///< A fresh key for a Philox of one's own.

  torch::Device device() const { return device_; }      ///< Where draws are put.
  void to(torch::Device device) { device_ = device; }   ///< From the next draw on.
  State state() const { return state_; }                ///< To be kept.
  void restore(const State& state) { state_ = state; }  ///< Goes on from there.

  /// Lends a stream to LibTorch's default generator while a model's layers initialise their
  /// weights, then puts the default generator back as it was.
  class Scope {
   public:
    explicit Scope(Rng& rng);  ///< Takes one key of the stream.
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Tensor saved_;
  };

 private:
  void fill_bits(std::uint32_t* words, std::int64_t count);

  State state_;
  torch::Device device_;
};

}  // namespace kiln
