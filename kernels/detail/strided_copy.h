// Copies between arrays that walk memory differently: transposes, slices, concatenations, paddings.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "runtime/base/shape.h"
#include "runtime/device/device_context.h"

namespace keen::detail {

// Elements of `dims`, read by one set of strides and written by another (in elements; 0 and
// negative ones are fine to read by). Dimensions may be at most Shape::kMaxRank.
class StridedCopy {
 public:
  // Appends a dimension, outermost first.
  void add(std::int64_t size, std::int64_t from_stride, std::int64_t to_stride);
  // Copies elements of that many bytes (1, 2, 4 or 8) on the device. What a GPU writes must be
  // dense; it takes one launch at most.
  void run(device::DeviceContext& device, const void* from, void* to,
           std::size_t element_bytes) const;

 private:
  struct Dim {
    std::int64_t size = 0;
    std::int64_t from = 0;
    std::int64_t to = 0;
  };
  template <class T>
  void run_typed(const T* from, T* to, int threads) const;
  void run_gpu(Device device, const void* from, void* to, std::size_t element_bytes) const;

  std::array<Dim, Shape::kMaxRank> dims_{};
  int rank_ = 0;
  bool empty_ = false;
};

// Strides of a dense row-major array.
[[nodiscard]] std::array<std::int64_t, Shape::kMaxRank> dense_strides(const Shape& shape);

}  // namespace keen::detail
