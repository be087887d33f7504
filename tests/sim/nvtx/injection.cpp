// NVTX (nvtx3/nvToolsExt.h): the stand-in is the tool that NVTX looks for. It reads the memory
// extension; ranges, marks and names do nothing, as without a tool.
#include <dlfcn.h>

#include <climits>
#include <cstdlib>

#include "tests/sim/nvtx/memory_extension.h"

namespace keen::sim {
namespace {

// nvtxDetail/nvtxInit.h, "Order of search": the library that NVTX_INJECTION64_PATH names. What the
// user has set stays.
[[gnu::constructor]] void announce_injection() {
  Dl_info own{};
  char path[PATH_MAX];
  if (dladdr(reinterpret_cast<const void*>(&nvtx_memory_function), &own) == 0) return;
  if (realpath(own.dli_fname, path) != nullptr) setenv("NVTX_INJECTION64_PATH", path, 0);
}

}  // namespace
}  // namespace keen::sim

// NOLINTBEGIN(readability-identifier-naming)
extern "C" {

// nvtxDetail/nvtxTypes.h, NvtxInitializeInjectionNvtxFunc_t: 0 is failure. Functions that are not
// attached do nothing.
int InitializeInjectionNvtx2(NvtxGetExportTableFunc_t) { return 1; }

// nvtxDetail/nvtxExtInit.h. Of other extensions nothing is attached. The header hides what has its
// types, unless told otherwise.
[[gnu::visibility("default")]] int InitializeInjectionNvtxExtension(nvtxExtModuleInfo_t* module) {
  if (module->moduleId != NVTX_EXT_MODULEID_MEM) return 1;
  for (std::size_t s = 0; s < module->segmentsCount; ++s) {
    const nvtxExtModuleSegment_t& segment = module->segments[s];
    for (std::size_t slot = 0; slot < segment.slotCount; ++slot) {
      if (const std::intptr_t function = keen::sim::nvtx_memory_function(slot)) {
        segment.functionSlots[slot] = function;
      }
    }
  }
  return 1;
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)
