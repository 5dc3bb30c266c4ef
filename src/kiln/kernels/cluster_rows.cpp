#include "kiln/kernels/cluster_rows.h"

#include <ATen/Parallel.h>
#include <torch/types.h>

#include "kiln/core/check.h"
#include "kiln/kernels/cluster_rows_simd.h"

namespace kiln {
namespace {

constexpr std::int64_t kRowsPerTask = 32, kNumbersPerTask = 128;

}  // namespace

ClusteredRows cluster_rows(const Tensor& x, const Tensor& centres) {
  check_shape("cluster_rows", "x", x, {kAny, centres.size(1)});
  KILN_ASSERT(cluster_rows_serves(x, centres));
  const auto rows = x.size(0), dims = x.size(1), clusters = centres.size(0);
  const auto stride =
      static_cast<std::int64_t>(simd::cluster_rows_stride(static_cast<std::size_t>(dims)));
  const auto held = x.contiguous();
  auto padded = torch::zeros({clusters, stride}, torch::kFloat64);
  padded.narrow(1, 0, dims).copy_(centres);
  const simd::ClusterRows all{.x = held.data_ptr<float>(),
                              .centres = padded.data_ptr<double>(),
                              .dims = static_cast<std::size_t>(dims),
                              .clusters = static_cast<std::size_t>(clusters),
                              .stride = static_cast<std::size_t>(stride)};
  ClusteredRows result{.index = torch::empty({rows}, torch::kInt64),
                       .distance = torch::empty({rows}, torch::kFloat64),
                       .counts = {},
                       .sums = torch::zeros({clusters, stride}, torch::kFloat64)};
  auto* index = result.index.data_ptr<std::int64_t>();
  at::parallel_for(0, rows, kRowsPerTask, [&](std::int64_t first, std::int64_t last) {
    simd::nearest_rows(all, static_cast<std::size_t>(first), static_cast<std::size_t>(last), index,
                       result.distance.data_ptr<double>());
  });
  at::parallel_for(0, dims, kNumbersPerTask, [&](std::int64_t first, std::int64_t last) {
    simd::add_rows(all, static_cast<std::size_t>(rows), index, static_cast<std::size_t>(first),
                   static_cast<std::size_t>(last), result.sums.data_ptr<double>());
  });
  result.counts = at::bincount(result.index, {}, clusters).to(torch::kFloat64);
  result.sums = result.sums.narrow(1, 0, dims);
  return result;
}

bool cluster_rows_serves(const Tensor& x, const Tensor& centres) {
  return x.device().is_cpu() && centres.device().is_cpu() && x.scalar_type() == torch::kFloat32 &&
         centres.scalar_type() == torch::kFloat64 && x.numel() > 0;
}

}  // namespace kiln
