// The modules of the program: registered by what nvcc puts before main, read when first used.
#pragma once
#include <array>
#include <functional>
#include <memory>
#include <string>

#include "tests/sim/ptx/coverage.h"
#include "tests/sim/ptx/fatbin.h"
#include "tests/sim/ptx/module.h"

namespace keen::sim::ptx {

struct Loaded {
  const void* fat_binary = nullptr;
  std::unique_ptr<Module> module;  // null: not yet read, or it cannot be
  std::map<std::string, Resources> resources;
  std::string error;
};

struct Kernel {
  Loaded* loaded = nullptr;
  std::string symbol;      // as PTX names it
  std::string title;       // as the source names it
  unsigned loaded_on = 0;  // bits of devices
  // Bytes of shared memory by device, as cudaFuncSetAttribute has set them; 0: the default.
  std::array<std::size_t, kMaxDevices> shared_limits{};
  Coverage coverage;
};

// The kernel that a host stub stands for; null: there is none.
Kernel* find_kernel(const void* stub);

// All kernels of the program.
void each_kernel(const std::function<void(const Kernel&)>& see);

// Its code, read now if need be. Null: it cannot be run, which has been reported.
const Function* load(Kernel& kernel);

Resources resources_of(const Kernel& kernel);

// Whether some of its variables are not on the device yet.
bool lacks_variables(const Module& module, int device);
// Makes the variables of a module exist on a device. False: out of memory.
bool place_variables(Module& module, int device);

}  // namespace keen::sim::ptx
