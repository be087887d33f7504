// Who computes convolutions and matrix products on GPUs.
#pragma once

#include <cstdint>

namespace keen::detail {

enum class GpuChoice : std::uint8_t {
  kAuto,     // NVIDIA's library; what it does not do, an own kernel
  kLibrary,  // what the library does not do is an UnimplementedError
  kOwn,      // own kernels alone: the same bits on every card
};

// What KEEN_CONV says (auto, library or own; InvalidArgumentError for anything else), or what was
// set last.
[[nodiscard]] GpuChoice gpu_choice();
void set_gpu_choice(GpuChoice choice);

}  // namespace keen::detail
