// The GPUs of this process, as the rest of the runtime asks for them.
#pragma once

#include <string>

#include "runtime/device/device_context.h"

namespace keen::device {

// How many GPUs this process can use.
[[nodiscard]] int gpu_count();

// Why there is none: built without CUDA, no driver, a driver older than the toolkit needs (with
// both versions), no device. Empty if there is one.
[[nodiscard]] const std::string& why_no_gpu();

// The context of a GPU; `index` is below gpu_count(). Opened at the first call, which loads the
// kernels, and makes streams and staging memory. InternalError if that fails, UnimplementedError if
// the library holds no code for the GPU's architecture.
[[nodiscard]] DeviceContext& gpu_context(int index);

}  // namespace keen::device
