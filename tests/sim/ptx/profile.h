#pragma once
#include <vector_types.h>

#include <map>
#include <string>

#include "tests/sim/cudasim.h"
#include "tests/sim/ptx/module.h"

namespace keen::sim::ptx {

// What decides the speed of a kernel on hardware, counted over its launches.
//
// Global memory: a warp's access takes the aligned pieces of 32 bytes that serve all its lanes
// (CUDA C++ Best Practices Guide, "Coalesced Access to Global Memory").
// Shared memory: 32 banks of successive 32-bit words; different words of one bank are served one
// after the other, lanes at one word together (the same guide, "Shared Memory and Memory Banks").
// That accesses of 8 and 16 bytes are served by halves and quarters of the warp, those without an
// active lane taking no pass, is unsourced.
struct KernelProfile {
  cudasim_kernel sums{};

  void launched(dim3 blocks, dim3 threads, long long warp_instructions, long long instructions,
                bool profiled);
  void global_request(const Word* addresses, Mask lanes, int bytes, bool store);
  void shared_request(const Word* addresses, Mask lanes, int bytes);
};

// Whether launches that run now are profiled.
bool profiling();

KernelProfile& kernel_profile(const std::string& title);

// One line per kernel, on stderr.
void print_kernel_table();

}  // namespace keen::sim::ptx
