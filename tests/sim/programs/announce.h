// Blocks announced through NVTX's memory extension, as an allocator announces what it hands out.
#pragma once
#include <nvtx3/nvToolsExtMem.h>

#include <cstddef>

namespace keen::sim::test {

inline nvtxMemHeapHandle_t announce_heap(const void* base, std::size_t bytes, const char* name,
                                         unsigned usage = NVTX_MEM_HEAP_USAGE_TYPE_SUB_ALLOCATOR) {
  const nvtxMemVirtualRangeDesc_t range = {bytes, base};
  nvtxMemHeapDesc_t heap = {};
  heap.extCompatID = NVTX_EXT_COMPATID_MEM;
  heap.structSize = sizeof heap;
  heap.usage = usage;
  heap.type = NVTX_MEM_TYPE_VIRTUAL_ADDRESS;
  heap.typeSpecificDescSize = sizeof range;
  heap.typeSpecificDesc = &range;
  heap.messageType = NVTX_MESSAGE_TYPE_ASCII;
  heap.message.ascii = name;
  return nvtxMemHeapRegister(nullptr, &heap);
}

// heap: null for the heap of the whole process.
template <class T>
T* announce_block(nvtxMemHeapHandle_t heap, T* base, std::size_t count) {
  const nvtxMemVirtualRangeDesc_t range = {count * sizeof(T), base};
  nvtxMemRegionsRegisterBatch_t batch = {};
  batch.extCompatID = NVTX_EXT_COMPATID_MEM;
  batch.structSize = sizeof batch;
  batch.regionType = NVTX_MEM_TYPE_VIRTUAL_ADDRESS;
  batch.heap = heap;
  batch.regionCount = 1;
  batch.regionDescElementSize = sizeof range;
  batch.regionDescElements = &range;
  nvtxMemRegionsRegister(nullptr, &batch);
  return base;
}

template <class T>
void resize_block(T* base, std::size_t count) {
  const nvtxMemVirtualRangeDesc_t range = {count * sizeof(T), base};
  nvtxMemRegionsResizeBatch_t batch = {};
  batch.extCompatID = NVTX_EXT_COMPATID_MEM;
  batch.structSize = sizeof batch;
  batch.regionType = NVTX_MEM_TYPE_VIRTUAL_ADDRESS;
  batch.regionDescCount = 1;
  batch.regionDescElementSize = sizeof range;
  batch.regionDescElements = &range;
  nvtxMemRegionsResize(nullptr, &batch);
}

inline void take_back(const void* base) {
  nvtxMemRegionRef_t region = {};
  region.pointer = base;
  nvtxMemRegionsUnregisterBatch_t batch = {};
  batch.extCompatID = NVTX_EXT_COMPATID_MEM;
  batch.structSize = sizeof batch;
  batch.refType = NVTX_MEM_REGION_REF_TYPE_POINTER;
  batch.refCount = 1;
  batch.refElementSize = sizeof region;
  batch.refElements = &region;
  nvtxMemRegionsUnregister(nullptr, &batch);
}

}  // namespace keen::sim::test
