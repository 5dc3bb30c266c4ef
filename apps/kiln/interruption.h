#pragma once

#include <atomic>

namespace kiln::program {

/// Somebody wants a training to end: Ctrl-C, SIGTERM, or a terminal that closes.
struct Interruption {
  std::atomic<bool> asked{false};   ///< Finish the step, save and stop.
  std::atomic<bool> at_once{true};  ///< There is nothing to save yet: the process just ends.
};

/// Takes those signals in a thread of its own from now on: no handler runs on a thread that
/// computes.  A second signal ends the process at once.  To be called before any other thread
/// starts, and so before LibTorch is loaded: threads inherit what is blocked.
Interruption& take_signals();

}  // namespace kiln::program
