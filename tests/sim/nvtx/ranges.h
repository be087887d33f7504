#pragma once
#define NVTX_NO_IMPL  // NOLINT(readability-identifier-naming): of the header
#include <nvtx3/nvToolsExt.h>

namespace keen::sim {

// Attaches what is called for the domains of NVTX and for their nested ranges; false: NVTX is of
// another version.
bool attach_ranges(NvtxGetExportTableFunc_t get_table);

}  // namespace keen::sim
