// cudasim.h: what tests ask of the stand-in.
#include <cstdio>
#include <cstdlib>

#include "tests/sim/core/ledger.h"
#include "tests/sim/core/machine.h"
#include "tests/sim/core/settings.h"
#include "tests/sim/cudasim.h"
#include "tests/sim/runtime/entry.h"

namespace keen::sim {
namespace {

constexpr int kFindingsStatus = 66;

// Runs when the stand-in is unloaded, at the end of the process.
__attribute__((destructor)) void end_of_process() {
  const Machine& machine = Machine::get();
  if (settings().table) print_counters();
  if (machine.findings().empty()) return;
  for (const auto& finding : machine.findings()) {
    std::fprintf(stderr, "cudasim: %s\n", finding.c_str());
  }
  std::fflush(nullptr);
  std::_Exit(kFindingsStatus);
}

}  // namespace

// NOLINTBEGIN(readability-identifier-naming)
extern "C" {

void cudasim_seed(unsigned seed) {
  const Guard guard(Machine::get());
  Machine::get().reseed(seed);
}

void cudasim_fail(const char* api, int k, int code) {
  const Guard guard(Machine::get());
  inject_failure(api, k, code);
}

void cudasim_clear() {
  const Guard guard(Machine::get());
  Machine& machine = Machine::get();
  clear_failures();
  machine.clear_findings();
  machine.clear_sticky();
  Machine::thread().last_error = cudaSuccess;
}

int cudasim_finding_count() {
  const Guard guard(Machine::get());
  return static_cast<int>(Machine::get().findings().size());
}

const char* cudasim_finding(int index) {
  const Guard guard(Machine::get());
  const auto& findings = Machine::get().findings();
  if (index < 0 || index >= static_cast<int>(findings.size())) return nullptr;
  return findings[static_cast<std::size_t>(index)].c_str();
}

void cudasim_host_release(const void* object) {
  const Guard guard(Machine::get());
  Machine::get().host_release(object);
}

void cudasim_host_acquire(const void* object) {
  const Guard guard(Machine::get());
  Machine::get().host_acquire(object);
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)

}  // namespace keen::sim
