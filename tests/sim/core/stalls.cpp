#include "tests/sim/core/stalls.h"

#include <limits>

#include "tests/sim/core/machine.h"

namespace keen::sim {

Stalls& Stalls::get() {
  static auto* stalls = new Stalls;
  return *stalls;
}

void Stalls::add(const void* collective, int device, std::string what) {
  stalled_[{collective, device}] = std::move(what);
}

void Stalls::remove(const void* collective, int device) { stalled_.erase({collective, device}); }

void Stalls::remove(const void* collective) {
  stalled_.erase(stalled_.lower_bound({collective, std::numeric_limits<int>::min()}),
                 stalled_.upper_bound({collective, std::numeric_limits<int>::max()}));
}

void Stalls::check(int device, const std::string& call) const {
  for (const auto& [key, what] : stalled_) {
    if (key.second != device) continue;
    Machine::get().report("deadlock", call + " may wait for device " + std::to_string(device) +
                                          ", where " + what +
                                          " waits for ranks that have not called");
    return;
  }
}

}  // namespace keen::sim
