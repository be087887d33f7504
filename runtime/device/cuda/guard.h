// Makes a GPU the thread's current one for a block. Every entry into the CUDA layer has one.
//
// A new thread's current device is GPU 0, which the process may not use at all. To make it current
// again would make its primary context (CUDA Runtime API, cudaSetDevice): a few hundred MB of its
// memory, or an error where another process has it to itself. So a GPU without a context is left.
#pragma once

#include "runtime/device/cuda/status.h"

namespace keen::device::cuda {

// Makes `before` current again if it has a context.
void restore_device(int before) noexcept;

class [[nodiscard]] DeviceGuard {
 public:
  explicit DeviceGuard(int index) {
    check(cudaGetDevice(&before_), "cudaGetDevice");
    if (before_ == index) return;
    check(cudaSetDevice(index), "cudaSetDevice");
    changed_ = true;
  }
  DeviceGuard(const DeviceGuard&) = delete;
  DeviceGuard& operator=(const DeviceGuard&) = delete;
  ~DeviceGuard() {
    if (changed_) restore_device(before_);
  }

 private:
  int before_ = 0;
  bool changed_ = false;
};

}  // namespace keen::device::cuda
