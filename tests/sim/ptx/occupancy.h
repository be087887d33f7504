#pragma once
#include <cstddef>

#include "tests/sim/ptx/loader.h"

namespace keen::sim::ptx {

// How many blocks of a kernel a multiprocessor takes, by each limit.
struct Occupancy {
  int blocks = 0;  // by all limits together
  int by_registers = 0;
};

// As NVIDIA's <cuda_occupancy.h> works it out. `shared_limit`: bytes that a block may use.
Occupancy occupancy(const Kernel& kernel, const Function& function, int threads,
                    std::size_t dynamic_shared, std::size_t shared_limit);

}  // namespace keen::sim::ptx
