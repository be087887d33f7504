#include "tests/sim/core/model.h"

#include <cstdio>
#include <cstdlib>

#include "tests/sim/core/settings.h"

namespace keen::sim {
namespace {

constexpr std::size_t kKiB = 1024;

constexpr DeviceModel kModels[] = {
    {.name = "t4",
     .title = "Simulated T4",
     .major = 7,
     .minor = 5,
     .multiprocessors = 40,
     .threads_per_multiprocessor = 1024,
     .blocks_per_multiprocessor = 16,
     .registers_per_multiprocessor = 65536,
     .shared_per_multiprocessor = 64 * kKiB,
     .shared_per_block_optin = 64 * kKiB,
     .l2_bytes = 4 << 20,
     .bus_bits = 256,
     .memory_clock_khz = 5001000,
     .clock_khz = 1590000},
    {.name = "h200",
     .title = "Simulated H200",
     .major = 9,
     .minor = 0,
     .multiprocessors = 132,
     .threads_per_multiprocessor = 2048,
     .blocks_per_multiprocessor = 32,
     .registers_per_multiprocessor = 65536,
     .shared_per_multiprocessor = 228 * kKiB,
     .shared_per_block_optin = 227 * kKiB,
     .l2_bytes = 50 << 20,
     .bus_bits = 6144,
     .memory_clock_khz = 3201000,
     .clock_khz = 1980000},
};

const DeviceModel& find_model() {
  for (const auto& candidate : kModels) {
    if (settings().model == candidate.name) return candidate;
  }
  std::fprintf(stderr,
               "cudasim: CUDASIM_MODEL=%s: no such model; there are:", settings().model.c_str());
  for (const auto& candidate : kModels) std::fprintf(stderr, " %s", candidate.name);
  std::fputc('\n', stderr);
  std::_Exit(2);
}

}  // namespace

const DeviceModel& model() {
  static const DeviceModel& kModel = find_model();
  return kModel;
}

}  // namespace keen::sim
