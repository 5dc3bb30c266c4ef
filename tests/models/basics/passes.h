#pragma once

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>
#include <vector>

#include "kiln/models/model.h"

namespace kiln {

inline Tensor wide(const Tensor& x) { return x.to(torch::kFloat64); }

/// A model as the registry makes it: what it draws belongs to the seed.
template <class M>
M seeded(const typename M::Options& options, std::uint64_t seed) {
  Rng rng(seed);
  Rng::Scope scope(rng);
  return M(options);
}

/// Shows x to the model in passes until it is done, `batch` items at a time; the loss of each pass.
inline std::vector<double> fit(Fitted& model, const Tensor& x, std::int64_t batch, int most = 200) {
  std::vector<double> losses;
  for (bool done = false; !done && static_cast<int>(losses.size()) < most;) {
    model.begin_pass();
    for (const auto& rows : x.split(batch)) model.observe({rows, {}});
    done = model.end_pass();
    losses.push_back(model.loss());
  }
  return losses;
}

/// Stops after any batch of the first passes, hands every buffer to a twin of another seed, which
/// goes on: nothing differs in the end from a model that was not stopped.
template <class M>
void expect_resumes(const typename M::Options& options, const Tensor& x, std::size_t passes) {
  const auto batches = x.split((x.size(0) + 2) / 3);
  const auto step = [&](M& model, std::size_t number) {
    if (number % batches.size() == 0) model.begin_pass();
    model.observe({batches[number % batches.size()], {}});
    if (number % batches.size() == batches.size() - 1) model.end_pass();
  };
  const auto steps = passes * batches.size();
  auto whole = seeded<M>(options, 1);
  for (std::size_t i = 0; i < steps; ++i) step(whole, i);
  for (std::size_t stop = 1; stop < steps; ++stop) {
    auto first = seeded<M>(options, 1), twin = seeded<M>(options, 2);
    for (std::size_t i = 0; i < stop; ++i) step(first, i);
    for (const auto& buffer : first.named_buffers())
      twin.named_buffers()[buffer.key()].copy_(buffer.value());
    for (std::size_t i = stop; i < steps; ++i) step(twin, i);
    for (const auto& buffer : whole.named_buffers())
      EXPECT_TRUE(torch::equal(twin.named_buffers()[buffer.key()], buffer.value()))
          << buffer.key() << " after " << stop;
  }
}

/// Normal blobs of unequal size and spread, [rows, D] float32.
inline Tensor blobs(std::int64_t rows, std::int64_t dims, std::int64_t count, std::uint64_t seed) {
  Rng rng(seed, "blobs");
  const auto centres = 3 * rng.normal({count, dims}), spreads = 0.3 + rng.uniform({count, dims});
  const auto which = (rng.uniform({rows}).square() * count).floor().to(torch::kInt64);
  return centres.index_select(0, which) + spreads.index_select(0, which) * rng.normal({rows, dims});
}

inline Tensor shuffled(const Tensor& x, std::uint64_t seed) {
  Rng rng(seed, "shuffled");
  return x.index_select(0, rng.permutation(x.size(0)));
}

/// Covariance of rows, divided by their number.
inline Tensor covariance_of(const Tensor& x) {
  const auto c = wide(x) - wide(x).mean(0);
  return c.t().matmul(c) / x.size(0);
}

/// log N(x; mean, covariance), written with the inverse and the determinant.
inline Tensor normal_log_prob(const Tensor& x, const Tensor& mean, const Tensor& covariance) {
  const auto c = wide(x) - mean;
  return -0.5 * ((c.matmul(torch::inverse(covariance)) * c).sum(1) + torch::logdet(covariance) +
                 static_cast<double>(c.size(1)) * std::log(2 * M_PI));
}

/// A density on the plane summed over a grid on [-reach, reach]^2.
inline double plane_mass(Likelihood& model, double reach, std::int64_t points) {
  const auto axis = torch::linspace(-reach, reach, points, torch::kFloat64);
  const auto grid = torch::stack({axis.repeat_interleave(points), axis.repeat({points})}, 1);
  const double step = 2 * reach / static_cast<double>(points - 1);
  return model.log_prob(grid).exp().sum().item<double>() * step * step;
}

}  // namespace kiln
