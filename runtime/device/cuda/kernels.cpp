#include "runtime/device/cuda/kernels.h"

#include <cuda_runtime_api.h>

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/device/cuda/status.h"

namespace keen::device::cuda {
namespace {

constinit const KernelEntry* first_entry = nullptr;

}  // namespace

KernelEntry::KernelEntry(const void* function) : function_(function), next_(first_entry) {
  first_entry = this;
}

const KernelEntry* KernelEntry::first() { return first_entry; }

void load_kernels(Device device) {
  for (const KernelEntry* entry = KernelEntry::first(); entry != nullptr; entry = entry->next()) {
    cudaFuncAttributes attributes{};
    const cudaError_t status = cudaFuncGetAttributes(&attributes, entry->function());
    if (status == cudaErrorNoKernelImageForDevice || status == cudaErrorInvalidDeviceFunction) {
      static_cast<void>(cudaGetLastError());
      int major = 0;
      int minor = 0;
      check(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device.index),
            "cudaDeviceGetAttribute");
      check(cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, device.index),
            "cudaDeviceGetAttribute");
      throw UnimplementedError(text("device: ", device, " has compute capability ", major, '.',
                                    minor,
                                    ", for which Keen was built without code; set "
                                    "CMAKE_CUDA_ARCHITECTURES"));
    }
    check(status, "cudaFuncGetAttributes");
  }
}

}  // namespace keen::device::cuda
