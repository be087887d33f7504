// Elementwise kernels on pointers that tensors don't have: they begin where their buffer does.
#pragma once

#include <cstdint>

#include "runtime/device/device.h"

namespace keen::test {

// out = -x, and out = x + y: n floats in the device's memory, at any multiple of 4 bytes.
void negate(Device device, const float* x, float* out, std::int64_t n);
void add(Device device, const float* x, const float* y, float* out, std::int64_t n);

}  // namespace keen::test
