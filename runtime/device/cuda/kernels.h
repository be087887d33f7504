// The kernels of the library, for loading them before the first launch.
//
// CUDA loads a kernel at its first launch, which may wait for everything that runs on the device
// (CUDA C++ Programming Guide, "Lazy Loading"): a deadlock where a collective is waiting for a
// peer.
#pragma once

#include "runtime/device/device.h"

namespace keen::device::cuda {

// One of a list that static initialisation links together.
class KernelEntry {
 public:
  explicit KernelEntry(const void* function);

  // The first of all; null: there are none.
  [[nodiscard]] static const KernelEntry* first();
  [[nodiscard]] const KernelEntry* next() const { return next_; }
  // As CUDA's functions take it.
  [[nodiscard]] const void* function() const { return function_; }

 private:
  const void* function_;
  const KernelEntry* next_;
};

// Loads all kernels into the current device. UnimplementedError if the library holds no code that
// the device can run.
void load_kernels(Device device);

}  // namespace keen::device::cuda
