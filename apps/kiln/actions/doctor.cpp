#include <dlfcn.h>
#include <fmt/format.h>
#include <torch/cuda.h>
#include <torch/types.h>
#include <torch/version.h>

#include <cstdlib>
#include <fstream>

#include "apps/kiln/actions/run_access.h"
#include "apps/kiln/actions/self_check.h"
#include "kiln/core/text.h"
#include "kiln/core/threads.h"
#include "kiln/core/version.h"
#include "kiln/kernels/convolution.h"
#include "kiln/kernels/nade_scan_simd.h"

namespace kiln::program {
namespace {

// The value of the first line "key ... : value" of a file of /proc; "unknown" where there is none.
std::string proc_value(const char* file, const std::string& key) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    const auto colon = line.find(':');
    if (!line.starts_with(key) || colon == std::string::npos) continue;
    const auto first = line.find_first_not_of(" \t", colon + 1);
    return first == std::string::npos ? "" : line.substr(first);
  }
  return "unknown";
}

double memory_gb() {
  const auto words = split(proc_value("/proc/meminfo", "MemAvailable"), ' ');
  const auto kib = words.empty() ? std::nullopt : parse_integer(words.front());
  return static_cast<double>(kib.value_or(0)) * 1024e-9;
}

double disk_gb() {
  std::error_code error;
  const auto space = std::filesystem::space(".", error);
  return error ? 0 : static_cast<double>(space.available) * 1e-9;
}

// The library that does the matrix products, and what it says of itself when it is OpenBLAS.
std::string blas() {
  Dl_info info{};
  auto* product = dlsym(RTLD_DEFAULT, "sgemm_");
  if (!product || !dladdr(product, &info)) return "unknown";
  using Config = const char* (*)();
  const auto config = reinterpret_cast<Config>(dlsym(RTLD_DEFAULT, "openblas_get_config"));
  return std::string(info.dli_fname) + (config ? std::string(" (") + config() + ")" : "");
}

std::string wait_policy() {
  const auto* policy = std::getenv("OMP_WAIT_POLICY");
  return policy ? policy : "unset";
}

struct Facts {
  std::vector<std::pair<std::string, std::string>> lines;
  nlohmann::json json;

  template <class Value>
  void add(const std::string& key, const std::string& label, const Value& value,
           const std::string& shown) {
    json[key] = value;
    lines.emplace_back(label, shown);
  }
  void add(const std::string& key, const std::string& label, const std::string& value) {
    add(key, label, value, value);
  }
};

Facts machine_facts() {
  Facts facts;
  facts.add("kiln", "kiln", std::string(version()));
  facts.add("libtorch", "LibTorch", std::string(TORCH_VERSION));
  facts.add("compiler", "compiler", std::string("g++ ") + __VERSION__);
  const bool hold = onednn_convolutions_hold();
  facts.add("onednn_convolutions", "convolutions", hold,
            hold ? "by oneDNN" : "by matrix products: oneDNN's leave numbers unwritten here");
  facts.add("cpu", "processor", proc_value("/proc/cpuinfo", "model name"));
  facts.add("vectors", "vector code", std::string(simd::nade_target()));
  facts.add("threads", "threads", threads(), std::to_string(threads()));
  facts.add("omp_wait_policy", "OMP_WAIT_POLICY", wait_policy());
  facts.add("blas", "BLAS", blas());
  const auto cuda = static_cast<std::int64_t>(torch::cuda::device_count());
  facts.add("cuda_devices", "CUDA devices", cuda, std::to_string(cuda));
  facts.add("memory_gb", "free memory", memory_gb(), fmt::format("{:.1f} GB", memory_gb()));
  facts.add("disk_gb", "free disk here", disk_gb(), fmt::format("{:.1f} GB", disk_gb()));
  const auto rates = measure_rates();
  facts.add("matrix_gflops", "matrix product", rates.matrix_gflops,
            fmt::format("{:.0f} GFLOP/s", rates.matrix_gflops));
  facts.add("copy_gb_per_s", "copy", rates.copy_gb_per_s,
            fmt::format("{:.1f} GB/s", rates.copy_gb_per_s));
  return facts;
}

}  // namespace

int examine(const Console& console) {
  start_up();
  auto facts = machine_facts();
  bool healthy = true;
  auto checks = nlohmann::json::array();
  for (const auto& check : run_self_checks()) {
    const bool ok = check.problem.empty();
    healthy = healthy && ok;
    facts.lines.emplace_back(check.name, ok ? "ok" : "FAILED: " + check.problem);
    checks.push_back({{"name", check.name}, {"ok", ok}, {"problem", check.problem}});
  }
  facts.json["checks"] = checks;
  facts.json["healthy"] = healthy;
  std::vector<std::string> lines;
  for (const auto& [label, text] : facts.lines)
    lines.push_back(fmt::format("{:34} {}", label, text));
  console.result(join(lines, "\n"), facts.json);
  return healthy ? 0 : 1;
}

}  // namespace kiln::program
