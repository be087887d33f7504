// Cases of correct programs, in which a checker that is too strict would see faults: each must end
// without a finding and with the right numbers, with 20 seeds.
#pragma once
#include <cstdio>
#include <map>
#include <string>

#include "tests/sim/sim_control.h"

namespace keen::sim::test {

inline std::map<std::string, bool (*)()>& correct_cases() {
  static std::map<std::string, bool (*)()> all;
  return all;
}

// main() of a program of cases. usage: program CASE
inline int run_correct(int argc, char** argv) {
  const auto found = correct_cases().find(argc == 2 ? argv[1] : "");
  if (found == correct_cases().end() || !simulated()) {
    std::fprintf(stderr, "usage: %s CASE, on the simulated CUDA; cases:\n", argv[0]);
    for (const auto& [name, run] : correct_cases()) std::fprintf(stderr, "  %s\n", name.c_str());
    return 2;
  }
  bool good = true;
  for (unsigned seed = 1; seed <= 20; ++seed) {
    KEEN_SIM(cudasim_seed)(seed);
    const bool right = found->second();
    const int count = KEEN_SIM(cudasim_finding_count)();
    if (right && count == 0) continue;
    good = false;
    std::printf("%s, seed %u: %s numbers, %s\n", argv[1], seed, right ? "right" : "wrong",
                count > 0 ? KEEN_SIM(cudasim_finding)(0) : "no finding");
    KEEN_SIM(cudasim_clear)();
  }
  return good ? 0 : 1;
}

}  // namespace keen::sim::test

#define KEEN_CORRECT(name)                                                                \
  bool name();                                                                            \
  const bool name##_added = keen::sim::test::correct_cases().emplace(#name, name).second; \
  bool name()
