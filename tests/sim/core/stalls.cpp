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
    std::string text = call;
    text += " may wait for device ";
    text += std::to_string(device);
    text += ", where ";
    text += what;
    text += " waits for ranks that have not called";
    Machine::get().report("deadlock", text);
    return;
  }
}

}  // namespace keen::sim
