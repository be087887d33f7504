// Finds the control functions of the simulated CUDA at run time, so that a program can be linked
// to NVIDIA's libraries and still ask, when the stand-in took their place, what it found.
#pragma once
#include <dlfcn.h>

#include <array>
#include <bit>
#include <limits>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/sim/cudasim.h"

namespace keen::sim {

inline bool simulated() { return dlsym(RTLD_DEFAULT, "cudasim_finding_count") != nullptr; }

// What a test report says of the GPU.
inline const char* where() { return simulated() ? "simulated" : "real"; }

template <class F>
F* control(F* /*type*/, const char* name) {
  void* found = dlsym(RTLD_DEFAULT, name);
  if (found == nullptr) throw std::runtime_error(std::string(name) + ": the GPU is real");
  return reinterpret_cast<F*>(found);
}

// The function of cudasim.h of that name; throws where nothing is simulated.
#define KEEN_SIM(name) (*keen::sim::control(static_cast<decltype(&(name))>(nullptr), #name))

// All that is counted, up to a moment. The difference of two is what a step has cost.
struct Counts {
  using Rows = std::map<std::string, long long>;
  cudasim_counters sums{};
  Rows calls, operations, ranges;  // see cudasim_count_at
  std::map<std::string, cudasim_kernel> kernels;

  long long called(const std::string& api) const {
    const auto found = calls.find(api);
    return found == calls.end() ? 0 : found->second;
  }
  // The kernel whose name holds `part`; throws unless there is exactly one that ran.
  const cudasim_kernel& kernel(const std::string& part) const {
    const cudasim_kernel* found = nullptr;
    for (const auto& [name, kernel] : kernels) {
      if (name.find(part) == std::string::npos || kernel.launches == 0) continue;
      if (found != nullptr) throw std::out_of_range("several kernels ran that are named " + part);
      found = &kernel;
    }
    if (found == nullptr) throw std::out_of_range("no kernel ran that is named " + part);
    return *found;
  }
};

// Throws where nothing is simulated. Work that the device has not run yet counts as an operation,
// but not for its kernel.
inline Counts counts() {
  Counts made;
  KEEN_SIM(cudasim_get_counters)(&made.sums);
  const char* name = nullptr;
  const auto read = [&](int what, Counts::Rows& rows) {
    long long count = 0;
    for (int i = 0; KEEN_SIM(cudasim_count_at)(what, i, &name, &count) != 0; ++i)
      rows[name] = count;
  };
  read(cudasim_calls, made.calls);
  read(cudasim_operations, made.operations);
  read(cudasim_ranges, made.ranges);
  cudasim_kernel kernel{};
  for (int i = 0; KEEN_SIM(cudasim_kernel_at)(i, &name, &kernel) != 0; ++i) {
    made.kernels[name] = kernel;
  }
  return made;
}

template <class T>
T difference(const T& after, const T& before) {
  using Fields = std::array<long long, sizeof(T) / sizeof(long long)>;
  auto fields = std::bit_cast<Fields>(after);
  const auto others = std::bit_cast<Fields>(before);
  for (std::size_t i = 0; i < fields.size(); ++i) fields[i] -= others[i];
  return std::bit_cast<T>(fields);
}

// peak_bytes: how far the peak rose.
inline Counts operator-(Counts after, const Counts& before) {
  after.sums = difference(after.sums, before.sums);
  for (const auto& [name, count] : before.calls) after.calls[name] -= count;
  for (const auto& [name, count] : before.operations) after.operations[name] -= count;
  for (const auto& [name, count] : before.ranges) after.ranges[name] -= count;
  for (const auto& [name, kernel] : before.kernels) {
    after.kernels[name] = difference(after.kernels[name], kernel);
  }
  std::erase_if(after.calls, [](const auto& row) { return row.second == 0; });
  std::erase_if(after.operations, [](const auto& row) { return row.second == 0; });
  std::erase_if(after.ranges, [](const auto& row) { return row.second == 0; });
  std::erase_if(after.kernels, [](const auto& row) { return row.second.launches == 0; });
  return after;
}

// Calls that allocate anything: memory or objects of the libraries.
inline long long allocations(const cudasim_counters& c) {
  return c.mallocs + c.async_mallocs + c.host_mallocs + c.streams_made + c.events_made +
         c.handles_made + c.pools_made + c.graphs_made;
}

inline long long synchronisations(const cudasim_counters& c) {
  return c.stream_syncs + c.device_syncs + c.event_syncs + c.hidden_syncs;
}

constexpr long long kSectorBytes = 32;

// part / whole, NaN (which is equal to nothing) where there is no whole.
inline double ratio(long long part, long long whole) {
  return whole == 0 ? std::numeric_limits<double>::quiet_NaN()
                    : static_cast<double>(part) / static_cast<double>(whole);
}
// Percent of the bytes moved that are used.
inline double coalescing(const cudasim_access& a) {
  return 100 * ratio(a.used, a.sectors * kSectorBytes);
}
inline double coalescing(const cudasim_kernel& k) {
  return 100 *
         ratio(k.loads.used + k.stores.used, (k.loads.sectors + k.stores.sectors) * kSectorBytes);
}
// Bytes moved from and to global memory, as if nothing were cached.
inline double bytes_per_element(const cudasim_kernel& k, long long elements) {
  return ratio((k.loads.sectors + k.stores.sectors) * kSectorBytes, elements);
}
// Of 32.
inline double active_lanes(const cudasim_kernel& k) {
  return ratio(k.instructions, k.warp_instructions);
}

// The blocks of PTX of a kernel, by its whole name.
inline std::vector<cudasim_block> blocks(const std::string& kernel) {
  std::vector<cudasim_block> made;
  cudasim_block block{};
  for (int i = 0; KEEN_SIM(cudasim_block_at)(kernel.c_str(), i, &block) != 0; ++i) {
    made.push_back(block);
  }
  return made;
}

}  // namespace keen::sim
