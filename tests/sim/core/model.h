#pragma once
#include <cstddef>

namespace keen::sim {

// The figures of a device that launches, attributes and occupancy are held to.
// Source: CUDA C++ Programming Guide 13.0, "Technical Specifications per Compute Capability"
// (limits), and NVIDIA's data sheets of the named products (multiprocessors, cache, bus, clocks).
struct DeviceModel {
  const char* name;   // as CUDASIM_MODEL gives it
  const char* title;  // as cudaDeviceProp::name tells it
  int major;
  int minor;
  int multiprocessors;
  int threads_per_multiprocessor;
  int blocks_per_multiprocessor;
  int registers_per_multiprocessor;
  std::size_t shared_per_multiprocessor;
  std::size_t shared_per_block_optin;
  int l2_bytes;
  int bus_bits;
  int memory_clock_khz;
  int clock_khz;

  // The same on every architecture that is modelled.
  static constexpr int kWarpSize = 32;
  static constexpr int kThreadsPerBlock = 1024;
  static constexpr int kRegistersPerBlock = 65536;
  static constexpr int kRegistersPerThread = 255;
  static constexpr std::size_t kSharedPerBlock = 48 * 1024;
  static constexpr int kBlockX = 1024;
  static constexpr int kBlockY = 1024;
  static constexpr int kBlockZ = 64;
  static constexpr unsigned kGridX = 2147483647;
  static constexpr unsigned kGridY = 65535;
  static constexpr unsigned kGridZ = 65535;
  static constexpr std::size_t kConstantBytes = 64 * 1024;

  int architecture() const { return major * 10 + minor; }
  // Shared memory that the system keeps for itself in each block (compute capability 8.0 and on).
  std::size_t shared_reserved_per_block() const { return major >= 8 ? 1024 : 0; }
  // The most bytes of parameters that a kernel may have (Programming Guide, "Kernel parameters").
  std::size_t parameter_bytes() const { return major >= 7 ? 32764 : 4096; }
};

// The model that settings() names. An unknown name ends the process with the list of names.
const DeviceModel& model();

}  // namespace keen::sim
