#pragma once
#define NVTX_NO_IMPL  // NOLINT(readability-identifier-naming): of the header
#include <nvtx3/nvToolsExt.h>

#include <cstdint>
#include <string>

namespace keen::sim {

// A finding of what `api` was called with wrongly, for NVTX's calls give back no error; nothing
// where `what` is empty.
void report_nvtx(const char* api, const std::string& what);

// What a message says. Of a type that is not known here: a finding, and nothing.
std::string nvtx_text(const char* api, std::uint32_t type, const nvtxMessageValue_t& message);

}  // namespace keen::sim
