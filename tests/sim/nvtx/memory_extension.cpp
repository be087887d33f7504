// nvtx3/nvToolsExtMem.h: heaps and regions. What a caller does wrong, and what is not known here,
// is a finding, for these calls give back no error.
#include "tests/sim/nvtx/memory_extension.h"

#include <algorithm>
#include <string>

#include "tests/sim/core/machine.h"
#include "tests/sim/core/memory.h"
#include "tests/sim/nvtx/message.h"

namespace keen::sim {
namespace {

template <class Descriptor>
bool readable(const char* api, const Descriptor* descriptor) {
  if (descriptor == nullptr) {
    report_nvtx(api, "no descriptor");
    return false;
  }
  if (descriptor->extCompatID == NVTX_EXT_COMPATID_MEM &&
      descriptor->structSize == sizeof(Descriptor)) {
    return true;
  }
  report_nvtx(api, "extCompatID or structSize is not that of the header");
  return false;
}

bool is_virtual(const char* api, std::uint32_t type) {
  if (type == NVTX_MEM_TYPE_VIRTUAL_ADDRESS) return true;
  Machine::get().report("unsupported", std::string(api) + ": type " + std::to_string(type));
  return false;
}

// Elements of a batch may be longer than what is known of them here.
template <class Element>
const Element& element(const void* elements, std::size_t size, std::size_t index) {
  return *reinterpret_cast<const Element*>(static_cast<const char*>(elements) + size * index);
}

template <class Pointer>
Address address_of(Pointer* pointer) {
  return reinterpret_cast<Address>(pointer);
}

// ---- Heaps ------------------------------------------------------------------------------------

nvtxMemHeapHandle_t heap_register(nvtxDomainHandle_t, const nvtxMemHeapDesc_t* heap) {
  constexpr const char* kApi = "nvtxMemHeapRegister";
  const Guard guard(Machine::get());
  if (!readable(kApi, heap) || !is_virtual(kApi, heap->type)) {
    return nullptr;
  }
  const bool reserved = heap->usage == NVTX_MEM_HEAP_USAGE_TYPE_SUB_ALLOCATOR;
  if (!reserved && heap->usage != NVTX_MEM_HEAP_USAGE_TYPE_LAYOUT) {
    report_nvtx(kApi, "usage " + std::to_string(heap->usage) + " is not known");
    return nullptr;
  }
  if (heap->typeSpecificDesc == nullptr ||
      heap->typeSpecificDescSize < sizeof(nvtxMemVirtualRangeDesc_t)) {
    report_nvtx(kApi, "no descriptor of a range");
    return nullptr;
  }
  const auto& range = *static_cast<const nvtxMemVirtualRangeDesc_t*>(heap->typeSpecificDesc);
  if (is_device_address(range.ptr)) {
    report_nvtx(kApi, Memory::get().regions().add_heap(
                          address_of(range.ptr), range.size,
                          nvtx_text(kApi, heap->messageType, heap->message), reserved));
  }
  // "the address of the heap's memory itself is its handle"
  return reinterpret_cast<nvtxMemHeapHandle_t>(const_cast<void*>(range.ptr));
}

void heap_unregister(nvtxDomainHandle_t, nvtxMemHeapHandle_t heap) {
  const Guard guard(Machine::get());
  if (is_device_address(heap)) {
    report_nvtx("nvtxMemHeapUnregister", Memory::get().regions().remove_heap(address_of(heap)));
  }
}

void heap_reset(nvtxDomainHandle_t, nvtxMemHeapHandle_t heap) {
  const Guard guard(Machine::get());
  if (is_device_address(heap)) {
    report_nvtx("nvtxMemHeapReset", Memory::get().regions().reset_heap(address_of(heap)));
  } else if (heap == NVTX_MEM_HEAP_HANDLE_PROCESS_WIDE) {
    Machine::get().report("unsupported", "nvtxMemHeapReset of the heap of the whole process");
  }
}

// ---- Regions ----------------------------------------------------------------------------------

void regions_register(nvtxDomainHandle_t, const nvtxMemRegionsRegisterBatch_t* batch) {
  constexpr const char* kApi = "nvtxMemRegionsRegister";
  const Guard guard(Machine::get());
  if (!readable(kApi, batch) || !is_virtual(kApi, batch->regionType)) return;
  for (std::size_t k = 0; k < batch->regionCount; ++k) {
    const auto& range = element<nvtxMemVirtualRangeDesc_t>(batch->regionDescElements,
                                                           batch->regionDescElementSize, k);
    if (is_device_address(range.ptr)) {
      report_nvtx(kApi, Memory::get().regions().add(address_of(range.ptr), range.size,
                                                    address_of(batch->heap)));
    }
    if (batch->regionHandleElementsOut != nullptr) {
      batch->regionHandleElementsOut[k] =
          reinterpret_cast<nvtxMemRegionHandle_t>(const_cast<void*>(range.ptr));
    }
  }
}

void regions_resize(nvtxDomainHandle_t, const nvtxMemRegionsResizeBatch_t* batch) {
  constexpr const char* kApi = "nvtxMemRegionsResize";
  const Guard guard(Machine::get());
  if (!readable(kApi, batch) || !is_virtual(kApi, batch->regionType)) return;
  for (std::size_t k = 0; k < batch->regionDescCount; ++k) {
    const auto& range = element<nvtxMemVirtualRangeDesc_t>(batch->regionDescElements,
                                                           batch->regionDescElementSize, k);
    if (is_device_address(range.ptr)) {
      report_nvtx(kApi, Memory::get().regions().resize(address_of(range.ptr), range.size));
    }
  }
}

// The handle of a region is its address, so that both kinds of reference are read alike.
Address referred(const char* api, std::uint32_t type, const nvtxMemRegionRef_t& reference) {
  if (type == NVTX_MEM_REGION_REF_TYPE_POINTER || type == NVTX_MEM_REGION_REF_TYPE_HANDLE) {
    return address_of(reference.pointer);
  }
  report_nvtx(api, "type of reference " + std::to_string(type) + " is not known");
  return 0;
}

void regions_unregister(nvtxDomainHandle_t, const nvtxMemRegionsUnregisterBatch_t* batch) {
  constexpr const char* kApi = "nvtxMemRegionsUnregister";
  const Guard guard(Machine::get());
  if (!readable(kApi, batch)) return;
  for (std::size_t k = 0; k < batch->refCount; ++k) {
    const auto& reference =
        element<nvtxMemRegionRef_t>(batch->refElements, batch->refElementSize, k);
    const Address base = referred(kApi, batch->refType, reference);
    if (is_device_address(base)) report_nvtx(kApi, Memory::get().regions().remove(base));
  }
}

void regions_name(nvtxDomainHandle_t, const nvtxMemRegionsNameBatch_t* batch) {
  constexpr const char* kApi = "nvtxMemRegionsName";
  const Guard guard(Machine::get());
  if (!readable(kApi, batch)) return;
  for (std::size_t k = 0; k < batch->regionCount; ++k) {
    const auto& named =
        element<nvtxMemRegionNameDesc_t>(batch->regionElements, batch->regionElementSize, k);
    const Address base = referred(kApi, named.regionRefType, named.region);
    const std::string name = nvtx_text(kApi, named.nameType, named.name);
    if (is_device_address(base)) report_nvtx(kApi, Memory::get().regions().rename(base, name));
  }
}

// ---- The rest ---------------------------------------------------------------------------------

void refuse(const char* api) {
  const Guard guard(Machine::get());
  Machine::get().report("unsupported", api);
}

void permissions_assign(nvtxDomainHandle_t, const nvtxMemPermissionsAssignBatch_t*) {
  refuse("nvtxMemPermissionsAssign");
}
nvtxMemPermissionsHandle_t permissions_create(nvtxDomainHandle_t, std::int32_t) {
  refuse("nvtxMemPermissionsCreate");
  return nullptr;
}
void permissions_destroy(nvtxDomainHandle_t, nvtxMemPermissionsHandle_t) {
  refuse("nvtxMemPermissionsDestroy");
}
void permissions_reset(nvtxDomainHandle_t, nvtxMemPermissionsHandle_t) {
  refuse("nvtxMemPermissionsReset");
}
void permissions_bind(nvtxDomainHandle_t, nvtxMemPermissionsHandle_t, std::uint32_t,
                      std::uint32_t) {
  refuse("nvtxMemPermissionsBind");
}
void permissions_unbind(nvtxDomainHandle_t, std::uint32_t) { refuse("nvtxMemPermissionsUnbind"); }
// nvToolsExtMemCudaRt.h
nvtxMemPermissionsHandle_t process_permissions(nvtxDomainHandle_t) {
  refuse("nvtxMemCudaGetProcessWidePermissions");
  return nullptr;
}
nvtxMemPermissionsHandle_t device_permissions(nvtxDomainHandle_t, int) {
  refuse("nvtxMemCudaGetDeviceWidePermissions");
  return nullptr;
}
void set_peer_access(nvtxDomainHandle_t, nvtxMemPermissionsHandle_t, int, std::uint32_t) {
  refuse("nvtxMemCudaSetPeerAccess");
}
void mark_initialized(nvtxDomainHandle_t, void*, std::uint8_t, const void*) {
  refuse("nvtxMemCudaMarkInitialized");
}

template <class Function>
std::intptr_t slot(Function* function) {
  return reinterpret_cast<std::intptr_t>(function);
}

}  // namespace

std::intptr_t nvtx_memory_function(std::size_t index) {
  switch (index) {
    case NVTX3EXT_CBID_nvtxMemHeapRegister:
      return slot(heap_register);
    case NVTX3EXT_CBID_nvtxMemHeapUnregister:
      return slot(heap_unregister);
    case NVTX3EXT_CBID_nvtxMemHeapReset:
      return slot(heap_reset);
    case NVTX3EXT_CBID_nvtxMemRegionsRegister:
      return slot(regions_register);
    case NVTX3EXT_CBID_nvtxMemRegionsResize:
      return slot(regions_resize);
    case NVTX3EXT_CBID_nvtxMemRegionsUnregister:
      return slot(regions_unregister);
    case NVTX3EXT_CBID_nvtxMemRegionsName:
      return slot(regions_name);
    case NVTX3EXT_CBID_nvtxMemPermissionsAssign:
      return slot(permissions_assign);
    case NVTX3EXT_CBID_nvtxMemPermissionsCreate:
      return slot(permissions_create);
    case NVTX3EXT_CBID_nvtxMemPermissionsDestroy:
      return slot(permissions_destroy);
    case NVTX3EXT_CBID_nvtxMemPermissionsReset:
      return slot(permissions_reset);
    case NVTX3EXT_CBID_nvtxMemPermissionsBind:
      return slot(permissions_bind);
    case NVTX3EXT_CBID_nvtxMemPermissionsUnbind:
      return slot(permissions_unbind);
    case NVTX3EXT_CBID_nvtxMemCudaGetProcessWidePermissions:
      return slot(process_permissions);
    case NVTX3EXT_CBID_nvtxMemCudaGetDeviceWidePermissions:
      return slot(device_permissions);
    case NVTX3EXT_CBID_nvtxMemCudaSetPeerAccess:
      return slot(set_peer_access);
    case NVTX3EXT_CBID_nvtxMemCudaMarkInitialized:
      return slot(mark_initialized);
    default:
      return 0;
  }
}

}  // namespace keen::sim
