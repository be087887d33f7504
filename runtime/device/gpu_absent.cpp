// What a build without CUDA says of GPUs.
#include "runtime/base/error.h"
#include "runtime/device/gpu.h"

namespace keen::device {

int gpu_count() { return 0; }

const std::string& why_no_gpu() {
  static const std::string reason = "Keen was built without CUDA";
  return reason;
}

DeviceContext& gpu_context(int) { throw InternalError(why_no_gpu()); }

}  // namespace keen::device
