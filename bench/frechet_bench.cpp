// The Frechet distance of two sets of 10000 x 2048 float32 features, streamed in batches of 500,
// against the bare matrix products that it must do in float64: F^T F of each set and S C S.
//   frechet_bench [THREADS]
// Figures are the best of several, taken in turn in one process; the ratios are what counts.  With
// one thread they are CPU time, which other work on the machine hardly disturbs.
#include <fmt/core.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <vector>

#include "bench/race.h"
#include "kiln/core/rng.h"
#include "kiln/metrics/frechet_distance.h"

namespace {

using kiln::Contestant;
using kiln::Tensor;

constexpr std::int64_t kItems = 10000, kFeatures = 2048, kBatch = 500;

// Like a network's: none below 0, of unequal size, and correlated.
Tensor features(std::int64_t items, kiln::Rng& rng) {
  const auto size = torch::linspace(0, -5, kFeatures).exp();
  const auto mixed = rng.normal({items, 256}).mm(rng.normal({256, kFeatures})) / 16;
  return torch::relu(mixed + rng.normal({items, kFeatures})) * size;
}

kiln::FeatureMoments moments_of(const Tensor& x) {
  kiln::FeatureMoments moments(x.size(1));
  for (const auto& batch : x.split(kBatch)) moments.add(batch);
  return moments;
}

// All products at once: a set's in one piece, nothing converted, nothing centred.
Contestant bare_products(std::int64_t items) {
  const auto x = torch::rand({items, kFeatures}, torch::kDouble);
  const auto s = torch::rand({kFeatures, kFeatures}, torch::kDouble);
  return {.name = "the products F^T F of both sets and S C S",
          .work =
              [=] {
                torch::mm(x.t(), x), torch::mm(x.t(), x);
                torch::mm(torch::mm(s, s), s);
              },
          .flops = 4.0 * double(kFeatures) * double(kFeatures) * double(items + kFeatures)};
}

void report(const std::vector<Contestant>& list) {
  for (const auto& c : list)
    fmt::print("  {:<44}{:>8.2f} s{:>8.2f}\n", c.name, c.best / 1e3, c.best / list[0].best);
  fmt::print("  the products alone: {:.0f} GFLOP/s in float64\n",
             list[1].flops / list[1].best / 1e6);
}

// Parts of the whole beside it.
void race_distance(std::int64_t items) {
  kiln::Rng rng(1);
  const auto a = features(items, rng), b = features(items, rng) + .01;
  const auto moments_a = moments_of(a), moments_b = moments_of(b);
  const auto c = moments_a.covariance();
  std::vector<Contestant> list{
      {.name = "whole", .work = [=] { frechet_distance(moments_of(a), moments_of(b)); }},
      bare_products(items),
      {.name = "moments of both sets", .work = [=] { moments_of(a), moments_of(b); }},
      {.name = "distance of moments", .work = [&] { frechet_distance(moments_a, moments_b); }},
      {.name = "eigenvalues of one symmetric matrix", .work = [=] { at::linalg_eigvalsh(c); }}};
  kiln::race(list, 2);
  fmt::print("two sets of {} x {} features{}; seconds, share of the whole\n", items, kFeatures,
             items > kFeatures ? "" : ", covariances singular");
  report(list);
}

}  // namespace

int main(int argc, char** argv) {
  kiln::start_race(argc, argv);
  torch::NoGradGuard no_grad;
  race_distance(kItems);
  race_distance(kFeatures / 2);
}
