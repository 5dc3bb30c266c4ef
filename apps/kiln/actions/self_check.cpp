#include "apps/kiln/actions/self_check.h"

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>

#include "kiln/core/philox.h"
#include "kiln/core/rng.h"
#include "kiln/io/safetensors.h"
#include "kiln/kernels/nade_scan.h"

namespace kiln::program {
namespace {

namespace fs = std::filesystem;

// Random123's known answer for counter 0 and key 0.
std::string philox_problem() {
  const std::array<std::uint32_t, 4> known{0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u};
  return Philox::block(0, 0) == known ? "" : "other numbers than the reference implementation";
}

// The fused kernel against plain tensors in float64.  Float32 sums of 200 terms: rounding leaves
// some 1e-6.
std::string kernel_problem() {
  torch::NoGradGuard no_grad;
  Rng rng(1, "self-check");
  const std::int64_t dims = 200, hidden = 70, batch = 37;
  const NadeTensors nade{rng.normal({dims, hidden}) * 0.2, rng.normal({dims, hidden}) * 0.2,
                         rng.normal({dims}), rng.normal({hidden}), rng.permutation(dims)};
  const NadeTensors exact{nade.W.to(torch::kFloat64), nade.V.to(torch::kFloat64),
                          nade.b.to(torch::kFloat64), nade.c.to(torch::kFloat64), nade.order};
  const auto x = rng.bernoulli(torch::full({batch, dims}, 0.3));
  const auto values = x.to(torch::kFloat64);
  const auto truth = nade_nll_of_logits(values, nade_logits_loop(values, exact));
  const double error =
      ((nade_nll(x, nade).to(torch::kFloat64) - truth).abs() / truth.abs()).max().item<double>();
  return error < 1e-5 ? "" : fmt::format("relative error {:.1e}", error);
}

std::string file_problem() {
  auto pattern = (fs::temp_directory_path() / "kiln-doctor-XXXXXX").string();
  if (!mkdtemp(pattern.data())) return fmt::format("cannot make a folder like {}", pattern);
  const struct Remove {
    fs::path path;
    ~Remove() {
      std::error_code ignored;
      fs::remove_all(path, ignored);
    }
  } folder{pattern};
  const SafetensorsFile written{{{"made", "by kiln"}}, {{"x", "U8", {2, 3}, {1, 2, 3, 4, 5, 6}}}};
  write_safetensors(folder.path / "x.safetensors", written);
  const auto read = read_safetensors(folder.path / "x.safetensors");
  const bool same = read.metadata == written.metadata && read.tensors.size() == 1 &&
                    read.tensors[0].shape == written.tensors[0].shape &&
                    read.tensors[0].bytes == written.tensors[0].bytes;
  return same ? "" : "read other bytes than written";
}

SelfCheck check(const std::string& name, const std::function<std::string()>& problem) {
  try {
    return {name, problem()};
  } catch (const std::exception& error) {
    return {name, error.what()};
  }
}

// Seconds of the fastest of a few calls.
double fastest(int calls, const std::function<void()>& work) {
  double best = 1e9;
  for (int i = 0; i < calls; ++i) {
    const auto start = std::chrono::steady_clock::now();
    work();
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    best = std::min(best, taken.count());
  }
  return best;
}

}  // namespace

std::vector<SelfCheck> run_self_checks() {
  return {check("philox known answer", philox_problem),
          check("fused NADE kernel equals its twin", kernel_problem),
          check("safetensors round trip", file_problem)};
}

MachineRates measure_rates() {
  torch::NoGradGuard no_grad;
  const std::int64_t side = 768, bytes = std::int64_t{64} << 20;
  const auto a = torch::ones({side, side}), b = torch::ones({side, side});
  auto product = torch::empty({side, side});
  const auto from = torch::ones({bytes / 4});
  auto to = torch::empty({bytes / 4});
  const double product_seconds = fastest(8, [&] { torch::mm_out(product, a, b); });
  const double copy_seconds = fastest(5, [&] { to.copy_(from); });
  const auto flops = 2.0 * static_cast<double>(side * side * side);
  return {flops / product_seconds * 1e-9, 2.0 * static_cast<double>(bytes) / copy_seconds * 1e-9};
}

}  // namespace kiln::program
