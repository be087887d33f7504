// cudasim.h: what tests ask of the stand-in.
#include <cstdio>
#include <cstdlib>

#include "tests/sim/core/machine.h"
#include "tests/sim/core/settings.h"
#include "tests/sim/cudasim.h"
#include "tests/sim/runtime/entry.h"

namespace keen::sim {
namespace {

constexpr int kFindingsStatus = 66;

void print_table(const cudasim_counters& c) {
  std::fprintf(stderr,
               "cudasim: calls %ld, launches %ld, library calls %ld, collectives %ld, "
               "graph launches %ld of %ld nodes\n",
               c.api_calls, c.kernel_launches, c.library_calls, c.collectives, c.graph_launches,
               c.graph_nodes);
  std::fprintf(stderr,
               "cudasim: cudaMalloc %ld, cudaFree %ld, async %ld and %ld, host %ld, copies %ld, "
               "memsets %ld, peak bytes %lld\n",
               c.mallocs, c.frees, c.async_mallocs, c.async_frees, c.host_mallocs, c.memcpys,
               c.memsets, c.peak_bytes);
  std::fprintf(stderr,
               "cudasim: waits: stream %ld, device %ld, event %ld, hidden %ld; events recorded "
               "%ld, waited for %ld\n",
               c.stream_syncs, c.device_syncs, c.event_syncs, c.hidden_syncs, c.event_records,
               c.event_waits);
  std::fprintf(stderr,
               "cudasim: bytes: to device %lld, to host %lld, on device %lld, between devices "
               "%lld, read %lld, written %lld; flops %lld, PTX instructions %lld\n",
               c.bytes_h2d, c.bytes_d2h, c.bytes_d2d, c.bytes_peer, c.bytes_read, c.bytes_written,
               c.flops, c.ptx_instructions);
}

// Runs when the stand-in is unloaded, at the end of the process.
__attribute__((destructor)) void end_of_process() {
  const Machine& machine = Machine::get();
  if (settings().table) print_table(machine.counters);
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

void cudasim_get_counters(cudasim_counters* counters) {
  const Guard guard(Machine::get());
  *counters = Machine::get().counters;
}

void cudasim_reset_counters() {
  const Guard guard(Machine::get());
  cudasim_counters& counters = Machine::get().counters;
  cudasim_counters fresh{};
  fresh.live_bytes = fresh.peak_bytes = counters.live_bytes;
  fresh.findings = counters.findings;
  counters = fresh;
}

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
