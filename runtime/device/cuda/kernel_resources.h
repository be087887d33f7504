// What the kernels of the library take of a GPU, as the driver tells it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "runtime/device/device.h"

namespace keen::device::cuda {

struct KernelResources {
  std::string name;  // as the source has it, with template arguments
  int registers = 0;
  std::size_t shared_bytes = 0;  // static
  std::size_t local_bytes = 0;   // of a thread: what is spilled, and arrays that are indexed
  int block = 0;                 // threads, as the launch bounds say
  double occupancy = 0;          // of a multiprocessor's threads, with blocks of that size
};

// Of each kernel, for this device, in order of names.
[[nodiscard]] std::vector<KernelResources> kernel_resources(Device device);

}  // namespace keen::device::cuda
