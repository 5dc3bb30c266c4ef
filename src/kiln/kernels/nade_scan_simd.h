#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

/// The vector code under nade_scan.h.  Sees no LibTorch; picks AVX-512, AVX2, SSE4 or plain code
/// when the program runs.
///
/// B batch, D dims, H hidden.  Step i visits pixel order[i].  "Lanes" are batch positions rounded
/// up so that whole vectors can be used.
namespace kiln::simd {

/// What every pass reads.  All arrays are row-major and belong to the caller.
struct NadeScan {
  std::size_t batch, dims, hidden;
  const float* W;             ///< [D, H], row d multiplies pixel d.
  const float* V;             ///< [D, H], row d makes the logit of pixel d.
  const float* b;             ///< [D].
  const float* c;             ///< [H].
  const std::int64_t* order;  ///< [D].
  const std::uint8_t* bits;   ///< [D, bit_bytes()]: bit s of row i is pixel order[i] of sample s.
  const std::int32_t* ones;   ///< [B], ones in each sample.

  /// Bytes in a row of bits: eight from that of any lane on can be read.
  std::size_t bit_bytes() const { return batch / 8 + 16; }
  /// Floats in a row of logits: whole vectors, and at least eighteen from that of any sample on.
  std::size_t lanes() const { return (batch + 17 + 15) / 16 * 16; }

  /// Pixels of step i for `count` <= 32 samples from `first` on, one bit each.
  std::uint32_t ones_at(std::size_t i, std::size_t first, std::size_t count) const {
    std::uint64_t word;
    std::memcpy(&word, bits + i * bit_bytes() + first / 8, sizeof word);
    const std::uint64_t mask = (std::uint64_t{1} << count) - 1;
    return static_cast<std::uint32_t>((word >> (first % 8)) & mask);
  }
};

inline constexpr std::size_t kSampleUnit = 8;   ///< Threads split the batch at multiples of this.
inline constexpr std::size_t kHiddenUnit = 64;  ///< ... and the hidden units at multiples of this.

/// logits[i, s] = V_d . h_i(s), without b_d, for samples [first, last); logits [D, lanes()].
void nade_logits(const NadeScan& scan, std::size_t first, std::size_t last, float* logits);

/// Turns logits (without b) of lanes [first, last) into p - x in place; nll [lanes()], nats.
void nade_loss(const NadeScan& scan, std::size_t first, std::size_t last, float* logits,
               float* nll);

/// Steps [first, last): scaled = residual * weight[s] over all lanes; db_d = its sum over them.
void nade_output_gradient(const NadeScan& scan, std::size_t first, std::size_t last,
                          const float* residual, const float* weight, float* scaled, float* db);

/// dW, dV [D, H] and dc [H] for hidden units [first, last), from scaled [D, lanes()].
void nade_hidden_gradient(const NadeScan& scan, std::size_t first, std::size_t last,
                          const float* scaled, float* dW, float* dV, float* dc);

/// What a draw needs besides the weights (NadeScan::bits and ones are not read).
struct NadeDraw {
  const float* uniform;       ///< [B, D], in [0, 1).
  const std::uint8_t* given;  ///< [B, D]: 0 or 1 is kept, 2 is drawn; null draws everything.
  float inverse_temperature;
  float* x;  ///< [B, D], written.
};

/// x_d = 1 if uniform_d < p(x_d = 1 | x_<d) for samples [first, last).
void nade_draw(const NadeScan& scan, const NadeDraw& draw, std::size_t first, std::size_t last);

/// Name of the instruction set in use: "AVX3", "AVX2", "SSE4" or "SCALAR".
const char* nade_target();

}  // namespace kiln::simd
