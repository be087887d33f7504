// How kernels are launched; there is no bare <<<>>> in Keen.
//
//   cuda::launch<relu_kernel<float>>(context.device(), {.grid = blocks, .block = 256}, x, y, n);
#pragma once

#include <cuda_runtime_api.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <utility>

#include "runtime/device/cuda/kernels.h"
#include "runtime/device/device.h"

namespace keen::device::cuda {

struct Extent {
  std::int64_t x = 1;
  std::int64_t y = 1;
  std::int64_t z = 1;
  constexpr Extent(std::int64_t width, std::int64_t height = 1, std::int64_t depth = 1)  // NOLINT
      : x(width), y(height), z(depth) {}
};

struct LaunchShape {
  Extent grid{1};
  Extent block{1};
  std::size_t shared_bytes = 0;  // dynamic
};

namespace detail {

// InternalError for a shape beyond the device's limits. A grid of no blocks launches
// nothing.
void launch(Device device, const void* kernel, const LaunchShape& shape, void** arguments);

template <auto kKernel>
struct Loaded {
  static inline const KernelEntry entry{reinterpret_cast<const void*>(kKernel)};
};

template <auto kKernel, class... Parameters, class... Arguments>
void launch_as(void (*)(Parameters...), Device device, const LaunchShape& shape,
               Arguments&&... arguments) {
  static_assert(sizeof...(Parameters) == sizeof...(Arguments), "wrong number of arguments");
  static_cast<void>(Loaded<kKernel>::entry);
  std::tuple<Parameters...> values(static_cast<Parameters>(std::forward<Arguments>(arguments))...);
  std::apply(
      [&](auto&... each) {
        std::array<void*, sizeof...(Parameters)> pointers{
            const_cast<void*>(static_cast<const void*>(&each))...};
        launch(device, reinterpret_cast<const void*>(kKernel), shape, pointers.data());
      },
      values);
}

}  // namespace detail

// Enqueues a kernel on the device's compute stream. Each argument is converted to the type of the
// kernel's parameter.
template <auto kKernel, class... Arguments>
void launch(Device device, const LaunchShape& shape, Arguments&&... arguments) {
  detail::launch_as<kKernel>(kKernel, device, shape, std::forward<Arguments>(arguments)...);
}

// Blocks for a loop over `n` independent elements, `per_block` of them at a time, in strides of the
// whole grid: enough to fill the device and no more than the work.
[[nodiscard]] std::int64_t blocks_for(Device device, std::int64_t n, std::int64_t per_block);

// Zero bytes, in the order of the compute stream.
void zero(Device device, void* to, std::size_t bytes);

}  // namespace keen::device::cuda
