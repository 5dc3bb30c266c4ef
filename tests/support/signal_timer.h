#pragma once

#include <sys/time.h>

#include <atomic>
#include <csignal>

namespace kiln {

/// A handler that runs every so many microseconds on the stack of whichever thread computes, as a
/// profiler's does, until the end of the scope.
class SignalTimer {
 public:
  explicit SignalTimer(long microseconds = 1000) {
    count() = 0;
    struct sigaction action {};
    action.sa_handler = [](int) { ++count(); };
    action.sa_flags = SA_RESTART;
    sigaction(SIGALRM, &action, &before_);
    const itimerval every{.it_interval = {0, microseconds}, .it_value = {0, microseconds}};
    setitimer(ITIMER_REAL, &every, nullptr);
  }
  ~SignalTimer() {
    const itimerval never{};
    setitimer(ITIMER_REAL, &never, nullptr);
    sigaction(SIGALRM, &before_, nullptr);
  }
  SignalTimer(const SignalTimer&) = delete;
  SignalTimer& operator=(const SignalTimer&) = delete;

  int signals() const { return count(); }

 private:
  static std::atomic<int>& count() {
    static std::atomic<int> signals{0};
    return signals;
  }
  struct sigaction before_ {};
};

}  // namespace kiln
