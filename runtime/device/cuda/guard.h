// Makes a GPU the thread's current one for a block. Every entry into the CUDA layer has one.
#pragma once

#include "runtime/device/cuda/status.h"

namespace keen::device::cuda {

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
    if (changed_) check_quietly(cudaSetDevice(before_), "cudaSetDevice");
  }

 private:
  int before_ = 0;
  bool changed_ = false;
};

}  // namespace keen::device::cuda
