#pragma once
#define NVTX_NO_IMPL  // NOLINT(readability-identifier-naming): of the header
#include <nvtx3/nvToolsExtMem.h>

#include <cstddef>
#include <cstdint>

namespace keen::sim {

// What is called for a slot of the memory extension (NVTX3EXT_CBID_ of nvToolsExtMem.h); 0: the
// slot is not in use.
std::intptr_t nvtx_memory_function(std::size_t slot);

}  // namespace keen::sim
