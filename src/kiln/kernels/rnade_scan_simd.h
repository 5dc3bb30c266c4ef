#pragma once

#include <cstddef>
#include <cstdint>

/// The vector code under rnade_scan.h.  Sees no LibTorch; picks AVX-512, AVX2, SSE4 or plain code
/// when the program runs.
///
/// What binds.  A conditional costs 3 H K multiply-adds for its heads, H for the recurrence and
/// some hundred operations per component for the mixture: with H = 50, K = 10 the first are two
/// thirds. Tensor code pays instead for writing and reading B D H and B D K numbers some twenty
/// times, and for a hundred calls.  So vector lanes are samples: no step needs a sum across lanes,
/// the mixture is the same arithmetic in every lane, and any H and K fill the vectors.  Weights
/// come in as broadcast operands of multiply-adds; all that a group of samples needs (a, h, heads)
/// stays in the first cache while one D-step after the other reads its rows of V once.
///
/// The forward pass knows every slope of the nll by the heads, and writes them down (B D 3K).  The
/// backward pass takes blocks of hidden units through all steps: it computes a again, and
///   dV_d += h slopes^T,   g = rho_d f'(psi) (V_d slopes),   da_d = sum of g of later steps.
/// dV is a sum over samples: there lanes are heads, from a copy of the slopes by sample.
///
/// B batch, D dims, H hidden, K components.  Step i visits number order[i].  "Lanes" are batch
/// positions rounded up to whole vectors.
namespace kiln::simd {

/// What every pass reads.  All arrays are row-major and belong to the caller.
struct RnadeScan {
  std::size_t batch, dims, hidden, components;
  const float* x;             ///< [D, lanes()]: row i is number order[i]; 0 from lane B on.
  const float* W;             ///< [D, H].
  const float* rho;           ///< [D].
  const float* c;             ///< [H].
  const float* V;             ///< [D, H, 3K]: alpha, mu, sigma.
  const float* b;             ///< [D, 3K].
  const std::int64_t* order;  ///< [D].
  float min_log_sigma;
  bool laplace, sigmoid, scaled_mean_gradient;

  std::size_t heads() const { return 3 * components; }
  std::size_t padded_heads() const { return (heads() + 15) / 16 * 16; }
  std::size_t lanes() const { return (batch + 15) / 16 * 16; }
};

inline constexpr std::size_t kRnadeSampleUnit = 16;  ///< Threads split the lanes at multiples.

/// Hidden units in a block of the backward pass, which one thread computes: fixed by H alone.
inline std::size_t rnade_block(std::size_t hidden) {
  const std::size_t blocks = 2 * ((hidden + 63) / 64);
  return ((hidden + blocks - 1) / blocks + 3) / 4 * 4;
}

/// nll [lanes()] for lanes [first, last).  slopes [D, 3K, lanes()], d nll / d heads with row i for
/// step i, unless null.
void rnade_forward(const RnadeScan& scan, std::size_t first, std::size_t last, float* nll,
                   float* slopes);

/// Steps [first, last): scaled = slopes * weight [lanes()], [D, 3K, lanes()]; by_sample [D,
/// lanes(), padded_heads()] is its transpose; db [D, 3K] its sums over lanes.
void rnade_head_gradient(const RnadeScan& scan, std::size_t first, std::size_t last,
                         const float* slopes, const float* weight, float* scaled, float* by_sample,
                         float* db);

struct RnadeGradients {
  const float *scaled, *by_sample;
  float *dW, *dV, *dc;  ///< [D, H], [D, H, 3K], [H]: the block's part is written.
  float* drho;          ///< [D]: the block's contribution, row of a [blocks, D] array.
};

/// Gradients for hidden units [first, last), one block.
void rnade_hidden_gradient(const RnadeScan& scan, std::size_t first, std::size_t last,
                           const RnadeGradients& gradients);

/// Name of the instruction set in use: "AVX3", "AVX2", "SSE4" or "SCALAR".
const char* rnade_target();

}  // namespace kiln::simd
