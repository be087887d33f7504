// Copies into windows of larger arrays: paddings, the gradients of slices.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "runtime/base/shape.h"
#include "runtime/device/device_context.h"

namespace keen::detail {

// A dense output that holds the elements of a dense input at certain places, and one value at all
// others. Dimensions may be at most Shape::kMaxRank.
class WindowCopy {
 public:
  struct Dim {
    std::int64_t size = 0;    // of the output
    std::int64_t begin = 0;   // place of the input's first element
    std::int64_t stride = 1;  // from one of its elements to the next, not zero
    std::int64_t count = 0;   // of the input
  };

  // Appends a dimension, outermost first.
  void add(const Dim& dim);
  // Copies elements of that many bytes (1, 2, 4 or 8) on the device; the low bytes of `value` are
  // one element. One launch on a GPU.
  void run(device::DeviceContext& device, const void* from, void* to, std::size_t element_bytes,
           std::uint64_t value) const;

 private:
  void run_gpu(Device device, const void* from, void* to, std::size_t element_bytes,
               std::uint64_t value) const;

  std::array<Dim, Shape::kMaxRank> dims_{};
  int rank_ = 0;
};

}  // namespace keen::detail
