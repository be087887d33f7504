#pragma once
#include <cstdint>
#include <map>
#include <string>

#include "tests/sim/ptx/module.h"

namespace keen::sim::ptx {

// What decides the speed of a kernel on hardware, counted over its launches. A vector access is one
// request. Sectors are 32 bytes; a shared access of 8 or 16 bytes is served in half or quarter
// warps (CUDA C++ Best Practices Guide, "Coalesced Access to Global Memory", "Shared Memory").
struct KernelProfile {
  long launches = 0;
  long requests = 0, sectors = 0, bytes_used = 0;
  long shared_requests = 0, shared_passes = 0;
  long warp_instructions = 0, lane_instructions = 0;

  void global_request(const Word* addresses, Mask lanes, int bytes);
  void shared_request(const Word* addresses, Mask lanes, int bytes);
};

std::map<std::string, KernelProfile>& kernel_profiles();

// One line per kernel, on stderr.
void print_kernel_table();

}  // namespace keen::sim::ptx
