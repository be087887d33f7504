// Finds the control functions of the simulated CUDA at run time, so that a program can be linked
// to NVIDIA's libraries and still ask, when the stand-in took their place, what it found.
#pragma once
#include <dlfcn.h>

#include "tests/sim/cudasim.h"

namespace keen::sim {

// Null where the stand-in is not loaded.
template <class F>
F* control(F* /*type*/, const char* name) {
  return reinterpret_cast<F*>(dlsym(RTLD_DEFAULT, name));
}

inline bool simulated() { return dlsym(RTLD_DEFAULT, "cudasim_finding_count") != nullptr; }

}  // namespace keen::sim

// The function of cudasim.h of that name; calling it where nothing is simulated is an error.
#define KEEN_SIM(name) (*keen::sim::control(static_cast<decltype(&(name))>(nullptr), #name))
