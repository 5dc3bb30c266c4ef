#include "apps/kiln/interruption.h"

#include <pthread.h>
#include <unistd.h>

#include <csignal>
#include <string_view>
#include <thread>

namespace kiln::program {
namespace {

constexpr int kInterrupted = 130;

// Whatever has been written is whole: files are renamed into place.
[[noreturn]] void leave(std::string_view why) {
  [[maybe_unused]] const auto ignored = ::write(STDERR_FILENO, why.data(), why.size());
  ::_exit(kInterrupted);
}

void wait_for(const sigset_t& signals, Interruption& interruption) {
  for (;;) {
    int signal = 0;
    if (sigwait(&signals, &signal) != 0) continue;
    if (interruption.at_once) leave("\nkiln: interrupted before the first step\n");
    if (interruption.asked.exchange(true))
      leave("\nkiln: left at once; `kiln resume` goes on from the newest checkpoint\n");
  }
}

}  // namespace

Interruption& take_signals() {
  static Interruption interruption;
  static sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  struct sigaction hang_up {};
  if (sigaction(SIGHUP, nullptr, &hang_up) == 0 && hang_up.sa_handler != SIG_IGN)  // nohup
    sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);  // who reads the notes may go; the training stays
  std::thread([] { wait_for(signals, interruption); }).detach();
  return interruption;
}

}  // namespace kiln::program
