#include "kiln/core/threads.h"

#include <ATen/Parallel.h>
#include <dlfcn.h>
#include <malloc.h>
#include <sched.h>

#include <algorithm>
#include <climits>

namespace kiln {

int available_threads() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return std::max(1, CPU_COUNT(&set));
}

void start_up(int wanted) {
  const int count = wanted > 0 ? wanted : available_threads();
  at::set_num_threads(count);
  static const bool once = [] {
    at::set_num_interop_threads(1);  // a second call throws
    // Large tensors would otherwise be unmapped on every free and their pages faulted in again on
    // every step.
    mallopt(M_MMAP_THRESHOLD, 1 << 30);
    mallopt(M_TRIM_THRESHOLD, INT_MAX);
    return true;
  }();
  static_cast<void>(once);
  using SetThreads = void (*)(int);
  if (const auto set =
          reinterpret_cast<SetThreads>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads")))
    set(count);
}

int threads() { return at::get_num_threads(); }

}  // namespace kiln
