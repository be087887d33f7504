#include "runtime/device/cuda/launch.h"

#include <algorithm>

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/device/cuda/cuda_context.h"
#include "runtime/device/cuda/status.h"
#include "runtime/device/ledger.h"
#include "runtime/device/running_op.h"

namespace keen::device::cuda {
namespace {

// Blocks that a multiprocessor holds at most, for the blocks of 256 threads that loops use.
constexpr std::int64_t kResidentBlocks = 8;

dim3 dim3_of(const Extent& extent) {
  return {static_cast<unsigned>(extent.x), static_cast<unsigned>(extent.y),
          static_cast<unsigned>(extent.z)};
}

void check_shape(const Properties& properties, const LaunchShape& shape) {
  const Extent& g = shape.grid;
  const Extent& b = shape.block;
  const bool fits = g.x <= properties.max_grid[0] && g.y <= properties.max_grid[1] &&
                    g.z <= properties.max_grid[2] && b.x > 0 && b.y > 0 && b.z > 0 && b.z <= 64 &&
                    b.x * b.y * b.z <= properties.max_threads_per_block &&
                    shape.shared_bytes <= properties.max_shared_bytes;
  if (fits) [[likely]] {
    return;
  }
  throw InternalError(text(describe_running_op(),
                           ": a kernel's launch does not fit the device: grid ", g.x, 'x', g.y, 'x',
                           g.z, ", block ", b.x, 'x', b.y, 'x', b.z, ", ", shape.shared_bytes,
                           " bytes of shared memory"));
}

}  // namespace

void detail::launch(Device device, const void* kernel, const LaunchShape& shape, void** arguments) {
  const Extent& g = shape.grid;
  if (g.x == 0 || g.y == 0 || g.z == 0) return;
  const CudaContext& context = cuda_context(device);
  check_shape(context.properties(), shape);
  check(cudaLaunchKernel(kernel, dim3_of(g), dim3_of(shape.block), arguments, shape.shared_bytes,
                         context.compute_stream()),
        "cudaLaunchKernel");
  count(device, Count::kLaunches);
}

std::int64_t blocks_for(Device device, std::int64_t n, std::int64_t per_block) {
  const std::int64_t most = kResidentBlocks * cuda_context(device).properties().multiprocessors;
  return std::min(most, (n + per_block - 1) / per_block);
}

void zero(Device device, void* to, std::size_t bytes) {
  if (bytes == 0) return;
  check(cudaMemsetAsync(to, 0, bytes, cuda_context(device).compute_stream()), "cudaMemsetAsync");
  count(device, Count::kLaunches);
}

}  // namespace keen::device::cuda
