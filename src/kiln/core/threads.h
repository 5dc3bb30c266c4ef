#pragma once

namespace kiln {

/// Processors this process may run on (its affinity mask).
int available_threads();

/// Sets LibTorch's and OpenBLAS's thread counts and keeps freed memory mapped.  Call once, before
/// any tensor work. `threads` 0 means available_threads().  LibTorch alone would come up with half
/// the processors, and OpenBLAS would ignore LibTorch's setting.
void start_up(int threads = 0);

int threads();  ///< The number set by start_up.

}  // namespace kiln
