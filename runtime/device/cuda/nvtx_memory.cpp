#include "runtime/device/cuda/nvtx_memory.h"

#include <nvtx3/nvToolsExtMem.h>

#include "runtime/device/cuda/nvtx_range.h"

namespace keen::device::cuda {

void NvtxMemory::add_segment(void* memory, std::size_t bytes) {
  const nvtxMemVirtualRangeDesc_t range{bytes, memory};
  nvtxMemHeapDesc_t heap{};
  heap.extCompatID = NVTX_EXT_COMPATID_MEM;
  heap.structSize = sizeof(nvtxMemHeapDesc_t);
  heap.usage = NVTX_MEM_HEAP_USAGE_TYPE_SUB_ALLOCATOR;
  heap.type = NVTX_MEM_TYPE_VIRTUAL_ADDRESS;
  heap.typeSpecificDescSize = sizeof range;
  heap.typeSpecificDesc = &range;
  const void*& handle = heaps_[memory];
  handle = nvtxMemHeapRegister(nvtx_domain(), &heap);
}

void NvtxMemory::remove_segment(void* memory) noexcept {
  const auto found = heaps_.find(memory);
  if (found->second != nullptr) {
    nvtxMemHeapUnregister(nvtx_domain(),
                          static_cast<nvtxMemHeapHandle_t>(const_cast<void*>(found->second)));
  }
  heaps_.erase(found);
}

void NvtxMemory::add_block(void* memory, std::size_t bytes) noexcept {
  const void* heap = (--heaps_.upper_bound(memory))->second;
  if (heap == nullptr) return;  // no tool listens
  const nvtxMemVirtualRangeDesc_t range{bytes, memory};
  nvtxMemRegionsRegisterBatch_t regions{};
  regions.extCompatID = NVTX_EXT_COMPATID_MEM;
  regions.structSize = sizeof regions;
  regions.regionType = NVTX_MEM_TYPE_VIRTUAL_ADDRESS;
  regions.heap = static_cast<nvtxMemHeapHandle_t>(const_cast<void*>(heap));
  regions.regionCount = 1;
  regions.regionDescElementSize = sizeof range;
  regions.regionDescElements = &range;
  nvtxMemRegionsRegister(nvtx_domain(), &regions);
}

void NvtxMemory::remove_block(void* memory) noexcept {
  if ((--heaps_.upper_bound(memory))->second == nullptr) return;
  nvtxMemRegionRef_t reference{};
  reference.pointer = memory;
  nvtxMemRegionsUnregisterBatch_t regions{};
  regions.extCompatID = NVTX_EXT_COMPATID_MEM;
  regions.structSize = sizeof regions;
  regions.refType = NVTX_MEM_REGION_REF_TYPE_POINTER;
  regions.refCount = 1;
  regions.refElementSize = sizeof reference;
  regions.refElements = &reference;
  nvtxMemRegionsUnregister(nvtx_domain(), &regions);
}

}  // namespace keen::device::cuda
