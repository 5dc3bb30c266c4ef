#include <bit>

#include "kiln/kernels/nade_scan_simd.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kiln/kernels/nade_gradient_simd.cpp"
#include <hwy/aligned_allocator.h>
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include "kiln/kernels/simd_columns-inl.h"
#include "kiln/kernels/simd_math-inl.h"
#include "kiln/kernels/simd_targets.h"

HWY_BEFORE_NAMESPACE();
namespace kiln::simd::HWY_NAMESPACE {
namespace {

constexpr std::size_t kVectors = 4;  // of a block of hidden units
constexpr std::size_t kBlock = kVectors * kLanes;
constexpr std::size_t kChunk = 18;  // samples whose a and h stay in the first cache on the way up
constexpr std::size_t kAhead = 4;   // steps between asking for a row and using it
constexpr std::size_t kTogether = kLanes == 16 ? 6 : 2;  // samples whose dh stays in registers

struct Gradients {
  const float* scaled;  // [D, lanes]: (p - x) times the gradient of the sample's nll
  float *dW, *dV, *dc;
};

// Where a thread works before it hands over a block: two threads that add to neighbouring parts of
// the same rows of dW and dV would take the cache lines at their border from each other at every
// step.
struct Scratch {
  float* runs;     // h of every run of the chunk, [run][kBlock]
  float *dW, *dV;  // [step][kBlock]
};

// The gradients of one block of hidden units for the whole batch, a chunk of samples at a time.
// h changes only where a pixel is one, so a sample is a sequence of runs of equal h.
//   up:   recompute h of every run and keep it;  dV_d += r_d h
//   down: dh = sum over the run of r_d V_d;  da += dh h (1 - h);  dW_d += da where x_d = 1
template <bool kWhole>
class Block {
 public:
  Block(const NadeScan& scan, const Gradients& out, Columns<kWhole> columns, const Scratch& own)
      : scan_(scan), out_(out), columns_(columns), own_(own) {}

  void run() {
    std::memset(own_.dW, 0, scan_.dims * kBlock * sizeof(float));
    prefetch();
    KILN_UNROLL for (auto& dc : dc_) dc = hn::Zero(kTag);
    for (std::size_t first = 0; first < scan_.batch; first += kChunk) {
      const std::size_t count = HWY_MIN(kChunk, scan_.batch - first);
      up(first, count);
      for (std::size_t s = 0; s < count; s += kTogether)
        down(first + s, HWY_MIN(kTogether, count - s), run_ + s);
    }
    KILN_UNROLL for (std::size_t z = 0; z < kVectors; ++z) columns_.store(dc_[z], out_.dc, z);
    hand_over();
  }

 private:
  std::size_t row(std::size_t step) const {
    return static_cast<std::size_t>(scan_.order[step]) * scan_.hidden;
  }

  // A block is a few cache lines out of each row, too short for the hardware to fetch ahead.
  void prefetch() {
    constexpr std::size_t kLine = 64 / sizeof(float);
    for (std::size_t i = 0; i < scan_.dims; ++i) {
      const std::size_t at = row(i) + columns_.first;
      for (std::size_t j = 0; j < columns_.count; j += kLine) {
        hwy::Prefetch(scan_.W + at + j);
        hwy::Prefetch(scan_.V + at + j);
      }
    }
  }

  void hand_over() const {
    for (std::size_t i = 0; i < scan_.dims; ++i) {
      KILN_UNROLL for (std::size_t z = 0; z < kVectors; ++z) {
        columns_.store(hn::Load(kTag, own_.dW + i * kBlock + z * kLanes), out_.dW + row(i), z);
        columns_.store(hn::Load(kTag, own_.dV + i * kBlock + z * kLanes), out_.dV + row(i), z);
      }
    }
  }

  // Brings this block's part of a step's row near.
  HWY_INLINE void fetch(const float* matrix, std::size_t step) const {
    const float* p = matrix + row(step) + columns_.first;
    KILN_UNROLL for (std::size_t j = 0; j < kBlock; j += 16) hwy::Prefetch(p + j);
  }

  HWY_INLINE void set(std::size_t q, std::size_t z, Vec t) {
    const Vec h = SigmoidOfExponent(t);
    hn::Store(t, kTag, t_[q] + z * kLanes);
    hn::Store(h, kTag, h_[q] + z * kLanes);
    hn::Store(h, kTag, run_[q] + z * kLanes);
  }

  void start(std::size_t first, std::size_t count) {
    float* place = own_.runs;
    for (std::size_t q = 0; q < count; ++q) {
      run_[q] = place;
      place += (static_cast<std::size_t>(scan_.ones[first + q]) + 1) * kBlock;
      for (std::size_t z = 0; z < kVectors; ++z)
        set(q, z, hn::Mul(columns_.load(scan_.c, z), Splat(-kLog2E)));
    }
  }

  // A one at this step ends the run of sample q and starts the next.
  HWY_INLINE void add(std::size_t q, const float* w) {
    run_[q] += kBlock;
    KILN_UNROLL for (std::size_t z = 0; z < kVectors; ++z) {
      const Vec t = hn::Load(kTag, t_[q] + z * kLanes);
      set(q, z, hn::MulAdd(columns_.load(w, z), Splat(-kLog2E), t));
    }
  }

  HWY_INLINE void multiply_add(std::size_t q, float r, Vec* sum) const {
    KILN_UNROLL for (std::size_t z = 0; z < kVectors; ++z) sum[z] =
        hn::MulAdd(Splat(r), hn::Load(kTag, h_[q] + z * kLanes), sum[z]);
  }

  // Two steps share each load of h; samples with a one between them add to the second afterwards.
  void up(std::size_t first, std::size_t count) {
    start(first, count);
    for (std::size_t i = 0; i < scan_.dims; i += 2) {
      if (i + 1 == scan_.dims) return up_last(i, first, count);
      const auto changed = scan_.ones_at(i, first, count);
      const float* r = out_.scaled + i * scan_.lanes() + first;
      const float* r_next = r + scan_.lanes();
      float unchanged[kChunk];
      std::memcpy(unchanged, r_next, sizeof unchanged);
      for (auto left = changed; left; left &= left - 1) unchanged[std::countr_zero(left)] = 0;
      Vec dv[kVectors], dv_next[kVectors];
      float *row_dv = own_.dV + i * kBlock, *row_dv_next = row_dv + kBlock;
      load_sum(first, row_dv, dv), load_sum(first, row_dv_next, dv_next);
      for (std::size_t q = 0; q < count; ++q) {
        const Vec rq = Splat(r[q]), rq_next = Splat(unchanged[q]);
        KILN_UNROLL for (std::size_t z = 0; z < kVectors; ++z) {
          const Vec h = hn::Load(kTag, h_[q] + z * kLanes);
          dv[z] = hn::MulAdd(rq, h, dv[z]);
          dv_next[z] = hn::MulAdd(rq_next, h, dv_next[z]);
        }
      }
      for (auto left = changed; left; left &= left - 1) {
        const auto q = static_cast<std::size_t>(std::countr_zero(left));
        add(q, scan_.W + row(i));
        multiply_add(q, r_next[q], dv_next);
      }
      store_sum(dv, row_dv), store_sum(dv_next, row_dv_next);
      if (i + 2 == scan_.dims) return;
      for (auto left = scan_.ones_at(i + 1, first, count); left; left &= left - 1)
        add(static_cast<std::size_t>(std::countr_zero(left)), scan_.W + row(i + 1));
    }
  }

  void up_last(std::size_t i, std::size_t first, std::size_t count) {
    Vec dv[kVectors];
    load_sum(first, own_.dV + i * kBlock, dv);
    const float* r = out_.scaled + i * scan_.lanes() + first;
    for (std::size_t q = 0; q < count; ++q) multiply_add(q, r[q], dv);
    store_sum(dv, own_.dV + i * kBlock);
  }

  static HWY_INLINE void load(const float* row, Vec* sum) {
    KILN_UNROLL for (std::size_t z = 0; z < kVectors; ++z) sum[z] =
        hn::Load(kTag, row + z * kLanes);
  }

  // The first chunk of samples finds nothing to add to.
  static HWY_INLINE void load_sum(std::size_t first, const float* row, Vec* sum) {
    if (first) return load(row, sum);
    KILN_UNROLL for (std::size_t z = 0; z < kVectors; ++z) sum[z] = hn::Zero(kTag);
  }
  static HWY_INLINE void store_sum(const Vec* sum, float* row) {
    KILN_UNROLL for (std::size_t z = 0; z < kVectors; ++z)
        hn::Store(sum[z], kTag, row + z * kLanes);
  }

  // da += dh h (1 - h) for the run that ends here on the way down.
  HWY_INLINE void close_run(float*& run, Vec* dh, float* da) {
    KILN_UNROLL for (std::size_t z = 0; z < kVectors; ++z) {
      const Vec h = hn::Load(kTag, run + z * kLanes), old = hn::Load(kTag, da + z * kLanes);
      hn::Store(hn::MulAdd(dh[z], hn::NegMulAdd(h, h, h), old), kTag, da + z * kLanes);
      dh[z] = hn::Zero(kTag);
    }
    run -= kBlock;
  }

  // kTogether samples in lockstep; those beyond `count` are computed but never used.
  void down(std::size_t first, std::size_t count, float** run) {
    HWY_ALIGN float da[kTogether][kBlock] = {};
    Vec dh[kTogether][kVectors];
    KILN_UNROLL for (auto& d : dh) KILN_UNROLL for (auto& dz : d) dz = hn::Zero(kTag);
    for (std::size_t i = scan_.dims; i-- > 0;) {
      const float *r = out_.scaled + i * scan_.lanes() + first, *v_row = scan_.V + row(i);
      Vec v[kVectors];
      fetch(scan_.V, i >= kAhead ? i - kAhead : 0);
      KILN_UNROLL for (std::size_t z = 0; z < kVectors; ++z) v[z] = columns_.load(v_row, z);
      KILN_UNROLL for (std::size_t g = 0; g < kTogether; ++g) {
        const Vec rg = Splat(r[g]);
        KILN_UNROLL for (std::size_t z = 0; z < kVectors; ++z) dh[g][z] =
            hn::MulAdd(rg, v[z], dh[g][z]);
      }
      const auto ones = i ? scan_.ones_at(i - 1, first, count) : 0;
      if (!ones) continue;
      float* dw_row = own_.dW + (i - 1) * kBlock;
      Vec dw[kVectors];
      load(dw_row, dw);
      KILN_UNROLL for (std::size_t g = 0; g < kTogether; ++g) {
        if (!(ones >> g & 1)) continue;
        close_run(run[g], dh[g], da[g]);
        add_to(dw, da[g]);
      }
      store_sum(dw, dw_row);
    }
    KILN_UNROLL for (std::size_t g = 0; g < kTogether; ++g) {
      if (g >= count) continue;
      close_run(run[g], dh[g], da[g]);
      add_to(dc_, da[g]);
    }
  }

  static HWY_INLINE void add_to(Vec* sum, const float* da) {
    KILN_UNROLL for (std::size_t z = 0; z < kVectors; ++z) sum[z] =
        hn::Add(sum[z], hn::Load(kTag, da + z * kLanes));
  }

  const NadeScan& scan_;
  const Gradients& out_;
  const Columns<kWhole> columns_;
  const Scratch own_;
  float* run_[kChunk];  // the run each sample is in
  Vec dc_[kVectors];
  HWY_ALIGN float t_[kChunk][kBlock], h_[kChunk][kBlock];  // t = -a log2(e), h = sigmoid(a)
};

// Runs of the chunk of samples that has most.
std::size_t most_runs(const NadeScan& scan) {
  std::size_t most = 0;
  for (std::size_t first = 0; first < scan.batch; first += kChunk) {
    std::size_t runs = 0;
    for (std::size_t s = first; s < HWY_MIN(first + kChunk, scan.batch); ++s)
      runs += static_cast<std::size_t>(scan.ones[s]) + 1;
    most = HWY_MAX(most, runs);
  }
  return most;
}

void HiddenGradient(const NadeScan& scan, std::size_t first, std::size_t last, const float* scaled,
                    float* dW, float* dV, float* dc) {
  const auto runs = hwy::AllocateAligned<float>(most_runs(scan) * kBlock);
  const auto rows = hwy::AllocateAligned<float>(2 * scan.dims * kBlock);
  const Gradients out{scaled, dW, dV, dc};
  const Scratch own{runs.get(), rows.get(), rows.get() + scan.dims * kBlock};
  for (std::size_t h = first; h < last; h += kBlock) {
    if (last - h >= kBlock)
      Block<true>(scan, out, {h, kBlock}, own).run();
    else
      Block<false>(scan, out, {h, last - h}, own).run();
  }
}

void OutputGradient(const NadeScan& scan, std::size_t first, std::size_t last,
                    const float* residual, const float* weight, float* scaled, float* db) {
  for (std::size_t i = first; i < last; ++i) {
    Vec sum = hn::Zero(kTag);
    for (std::size_t lane = 0; lane < scan.lanes(); lane += kLanes) {
      const std::size_t at = i * scan.lanes() + lane;
      const Vec r = hn::Mul(hn::Load(kTag, residual + at), hn::Load(kTag, weight + lane));
      hn::Store(r, kTag, scaled + at);
      sum = hn::Add(sum, r);
    }
    db[scan.order[i]] = hn::GetLane(hn::SumOfLanes(kTag, sum));
  }
}

}  // namespace
}  // namespace kiln::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace kiln::simd {

HWY_EXPORT(OutputGradient);
HWY_EXPORT(HiddenGradient);

void nade_output_gradient(const NadeScan& scan, std::size_t first, std::size_t last,
                          const float* residual, const float* weight, float* scaled, float* db) {
  HWY_DYNAMIC_DISPATCH(OutputGradient)(scan, first, last, residual, weight, scaled, db);
}

void nade_hidden_gradient(const NadeScan& scan, std::size_t first, std::size_t last,
                          const float* scaled, float* dW, float* dV, float* dc) {
  HWY_DYNAMIC_DISPATCH(HiddenGradient)(scan, first, last, scaled, dW, dV, dc);
}

}  // namespace kiln::simd
#endif  // HWY_ONCE
