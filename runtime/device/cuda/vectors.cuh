// Parts of kernels that loop over elements: 16 bytes at a time where pointers allow it.
#pragma once

#include <cstdint>

#include "runtime/device/cuda/launch.h"

namespace keen::device::cuda {

// Threads of a block in loops over elements.
inline constexpr int kLoopBlock = 256;

template <class T, int kCount>
struct alignas(sizeof(T) * kCount) Vector {
  T values[kCount];
};

// Elements that a thread takes at a time: 16 bytes, 8 elements at most.
template <class T>
inline constexpr int kVectorOf = sizeof(T) >= 2 ? static_cast<int>(16 / sizeof(T)) : 8;

template <class T, int kCount>
__device__ inline Vector<T, kCount> load_vector(const T* from, std::int64_t at) {
  return reinterpret_cast<const Vector<T, kCount>*>(from)[at];
}

template <class T, int kCount>
__device__ inline void store_vector(T* to, std::int64_t at, const Vector<T, kCount>& value) {
  reinterpret_cast<Vector<T, kCount>*>(to)[at] = value;
}

__device__ inline std::int64_t global_thread() {
  return static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
}
__device__ inline std::int64_t global_threads() {
  return static_cast<std::int64_t>(gridDim.x) * blockDim.x;
}

// A grid-stride loop over n elements: many(i) for vector i of kCount elements, one(i) for each
// element i that is left, which is all of them where the pointers are not aligned. Not unrolled:
// the threads that fit with few registers keep more bytes in flight than copies of the loop's body
// would.
template <int kCount, class Many, class One>
__device__ inline void for_each_vector(std::int64_t n, bool aligned, Many many, One one) {
  const std::int64_t whole = aligned ? n / kCount : 0;
#pragma unroll 1
  for (std::int64_t i = global_thread(); i < whole; i += global_threads()) many(i);
#pragma unroll 1
  for (std::int64_t i = whole * kCount + global_thread(); i < n; i += global_threads()) one(i);
}

// Whether a vector of kCount elements can be read at each pointer.
template <int kCount, class... T>
[[nodiscard]] bool vectors_fit(const T*... pointers) {
  return ((reinterpret_cast<std::uintptr_t>(pointers) % (sizeof(T) * kCount) == 0) && ...);
}

// Calls f.template operator()<Bits>() with the unsigned type of that size (1, 2, 4 or 8 bytes):
// what only moves elements needs one kernel per size.
template <class F>
void visit_bits(std::size_t bytes, F&& f) {
  if (bytes == 1) f.template operator()<std::uint8_t>();
  if (bytes == 2) f.template operator()<std::uint16_t>();
  if (bytes == 4) f.template operator()<std::uint32_t>();
  if (bytes == 8) f.template operator()<std::uint64_t>();
}

// The shape of a launch of a loop over n elements, `per_thread` at a time.
[[nodiscard]] inline LaunchShape loop_shape(Device device, std::int64_t n, int per_thread) {
  return {.grid = blocks_for(device, n, std::int64_t{kLoopBlock} * per_thread),
          .block = kLoopBlock};
}

}  // namespace keen::device::cuda
