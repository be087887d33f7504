#include "runtime/device/cuda/nvtx_range.h"

namespace keen::device::cuda {

nvtxDomainHandle_t nvtx_domain() {
  static auto* const made = nvtxDomainCreateA("keen");
  return made;
}

void NvtxRange::begin(const char* name) {
  nvtxEventAttributes_t event{};
  event.version = NVTX_VERSION;
  event.size = NVTX_EVENT_ATTRIB_STRUCT_SIZE;
  event.messageType = NVTX_MESSAGE_TYPE_ASCII;
  event.message.ascii = name;
  nvtxDomainRangePushEx(domain_, &event);
}

}  // namespace keen::device::cuda
