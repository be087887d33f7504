// Which GPUs there are, and their contexts.
#include <array>
#include <atomic>
#include <memory>
#include <mutex>

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/device/cuda/cuda_context.h"
#include "runtime/device/cuda/guard.h"
#include "runtime/device/cuda/kernels.h"
#include "runtime/device/cuda/status.h"
#include "runtime/device/gpu.h"

namespace keen::device {
namespace {

// As many as the ledger tells apart.
constexpr int kMaxGpus = 16;

std::string version_text(int version) { return text(version / 1000, '.', version % 1000 / 10); }

struct Found {
  int count = 0;
  std::string why_none;
};

Found look() {
  Found found;
  const cudaError_t status = cudaGetDeviceCount(&found.count);
  if (status == cudaSuccess && found.count > 0) {
    found.count = std::min(found.count, kMaxGpus);
    return found;
  }
  found.count = 0;
  static_cast<void>(cudaGetLastError());
  int driver = 0;
  int runtime = 0;
  static_cast<void>(cudaDriverGetVersion(&driver));
  static_cast<void>(cudaRuntimeGetVersion(&runtime));
  if (driver == 0) {
    found.why_none = "there is no NVIDIA driver";
  } else if (status == cudaErrorInsufficientDriver) {
    found.why_none = text("the NVIDIA driver is too old: it is for CUDA ", version_text(driver),
                          ", Keen was built with CUDA ", version_text(runtime));
  } else {
    found.why_none = cudaGetErrorString(status == cudaSuccess ? cudaErrorNoDevice : status);
  }
  return found;
}

const Found& found() {
  static const Found result = look();
  return result;
}

struct Contexts {
  std::array<std::atomic<cuda::CudaContext*>, kMaxGpus> open{};
  std::mutex mutex;
};

// Never destroyed: tensors in static variables may outlive everything else.
Contexts& contexts() {
  static auto* all = new Contexts;
  return *all;
}

DeviceContext& open_context(int index) {
  Contexts& all = contexts();
  auto& slot = all.open[static_cast<std::size_t>(index)];
  const std::lock_guard lock(all.mutex);
  if (cuda::CudaContext* made = slot.load(std::memory_order_acquire)) return *made;
  const cuda::DeviceGuard guard(index);
  cuda::load_kernels(gpu(static_cast<std::uint8_t>(index)));
  auto made = std::make_unique<cuda::CudaContext>(gpu(static_cast<std::uint8_t>(index)));
  slot.store(made.get(), std::memory_order_release);
  return *made.release();
}

}  // namespace

int gpu_count() { return found().count; }

const std::string& why_no_gpu() { return found().why_none; }

DeviceContext& gpu_context(int index) {
  cuda::CudaContext* context =
      contexts().open[static_cast<std::size_t>(index)].load(std::memory_order_acquire);
  return context != nullptr ? *context : open_context(index);
}

}  // namespace keen::device
