// NVTX (nvtx3/nvToolsExt.h): the stand-in is the tool that NVTX looks for. It reads the memory
// extension and the nested ranges of domains; marks, names and what else there is do nothing, as
// without a tool.
#include <dlfcn.h>

#include <climits>
#include <cstdlib>

#include "tests/sim/nvtx/memory_extension.h"
#include "tests/sim/nvtx/ranges.h"

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
int InitializeInjectionNvtx2(NvtxGetExportTableFunc_t get_table) {
  return keen::sim::attach_ranges(get_table) ? 1 : 0;
}

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
