#include "benchmarks/train/interrupt.h"

#include <csignal>

namespace keen::trainer {
namespace {

volatile std::sig_atomic_t signal_seen = 0;

}  // namespace

void catch_interrupt() {
  struct sigaction action {};
  action.sa_handler = [](int) { signal_seen = 1; };
  // Only once, and without disturbing reads and writes under way.
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
  sigaction(SIGINT, &action, nullptr);
}

bool interrupted() { return signal_seen != 0; }

}  // namespace keen::trainer
