// Cases of faults: each runs planted, when exactly what is named must be found, once, and repaired
// (the same program but for the fix), when nothing may be; both with 20 seeds.
#pragma once
#include <cuda_runtime.h>

#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "tests/sim/sim_control.h"

namespace keen::sim::test {

struct Fault {
  // Of the finding: one, or several with "|" between; null: there is none. "..." behind it: others
  // may follow.
  const char* kind;
  int error;  // that the case gives back
  // The error or status that the program gets to see at its end.
  int (*run)(bool planted);
  std::vector<std::string> parts = {};  // what the text of the finding must hold
};

inline std::map<std::string, Fault>& faults() {
  static std::map<std::string, Fault> all;
  return all;
}

inline bool add_fault(const char* name, Fault fault) {
  return faults().emplace(name, fault).second;
}

// Whether what was found is what the case names.
inline bool is_found(const Fault& fault, const std::string& first, int count) {
  if (fault.kind == nullptr) return count == 0;
  std::string kinds = fault.kind;
  const bool more = kinds.ends_with("...");
  if (more) kinds.resize(kinds.size() - 3);
  const std::string kind = first.substr(0, first.find(':'));
  bool found = count == 1 || (more && count > 1);
  found &= ("|" + kinds + "|").find("|" + kind + "|") != std::string::npos;
  for (const std::string& part : fault.parts) found &= first.find(part) != std::string::npos;
  return found;
}

// One run of a case; says what is not as it must be.
inline bool is_as_expected(const std::string& name, const Fault& fault, bool planted,
                           unsigned seed) {
  KEEN_SIM(cudasim_clear)();
  KEEN_SIM(cudasim_seed)(seed);
  const int error = fault.run(planted);
  const int count = KEEN_SIM(cudasim_finding_count)();
  const std::string first = count > 0 ? KEEN_SIM(cudasim_finding)(0) : "nothing";
  const bool found = planted ? is_found(fault, first, count) : count == 0;
  const int wanted = planted ? fault.error : 0;
  KEEN_SIM(cudasim_clear)();
  cudaGetLastError();
  if (seed == 1 || !found || error != wanted) {
    std::printf("%s, %s, seed %u: %d, %d findings, %s\n", name.c_str(),
                planted ? "planted" : "repaired", seed, error, count, first.c_str());
  }
  return found && error == wanted;
}

// One run of a case in a process of its own, which a fault of a real GPU poisons, as one line of
// JSON: what the case gave back, and what the simulated CUDA gives back. 3: the case needs the
// simulator.
inline int run_once(const std::string& name, bool planted) {
  const auto found = faults().find(name);
  if (found == faults().end()) return 2;
  try {
    const int error = found->second.run(planted);
    std::printf(R"({"case": "%s", "planted": %s, "error": %d, "simulated": %d})"
                "\n",
                name.c_str(), planted ? "true" : "false", error, planted ? found->second.error : 0);
  } catch (const std::runtime_error& error) {
    std::printf("%s\n", error.what());
    return simulated() ? 1 : 3;
  }
  return 0;
}

// main() of a program of cases. usage: program CASE | --list | --once CASE planted|repaired
inline int run_faults(int argc, char** argv) {
  const std::string first = argc > 1 ? argv[1] : "";
  if (first == "--list") {
    for (const auto& [name, fault] : faults()) std::printf("%s\n", name.c_str());
    return 0;
  }
  if (first == "--once" && argc == 4) return run_once(argv[2], argv[3] == std::string("planted"));
  const auto found = faults().find(argc == 2 ? argv[1] : "");
  if (found == faults().end() || !simulated()) {
    std::fprintf(stderr, "usage: %s CASE, on the simulated CUDA; cases:\n", argv[0]);
    for (const auto& [name, fault] : faults()) std::fprintf(stderr, "  %s\n", name.c_str());
    return 2;
  }
  bool good = true;
  for (unsigned seed = 1; seed <= 20; ++seed) {
    good &= is_as_expected(found->first, found->second, true, seed);
    good &= is_as_expected(found->first, found->second, false, seed);
  }
  return good ? 0 : 1;
}

}  // namespace keen::sim::test

// Behind the error: parts of the text of the finding.
#define KEEN_FAULT(name, kind, error, ...)                                                         \
  int name(bool planted);                                                                          \
  const bool name##_added = keen::sim::test::add_fault(#name, {kind, error, name, {__VA_ARGS__}}); \
  int name(bool planted)
