#include "tests/sim/ptx/loader.h"

#include <cuda_runtime_api.h>
#include <cxxabi.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "tests/sim/core/launch.h"
#include "tests/sim/core/machine.h"
#include "tests/sim/core/memory.h"
#include "tests/sim/core/model.h"
#include "tests/sim/core/operation.h"
#include "tests/sim/core/stalls.h"
#include "tests/sim/ptx/profile.h"

namespace keen::sim::ptx {
namespace {

struct VariableHandle {
  Loaded* loaded = nullptr;
  std::string symbol;
};

struct Registry {
  std::vector<std::unique_ptr<Loaded>> modules;
  std::map<const void*, Kernel> kernels;
  std::map<const void*, VariableHandle> variables;
};

Registry& registry() {
  static auto* made = new Registry;
  return *made;
}

std::string title_of(const char* symbol) {
  int status = 0;
  char* text = abi::__cxa_demangle(symbol, nullptr, nullptr, &status);
  std::string title = status == 0 ? text : symbol;
  std::free(text);
  // Without "(parameters)", which templates make long; "(anonymous namespace)" stays.
  std::size_t end = title.find('(');
  while (end != std::string::npos && title.compare(end, 21, "(anonymous namespace)") == 0) {
    end = title.find('(', end + 1);
  }
  return title.substr(0, end);
}

// The newest code for the model, as the driver would choose it.
const Image* best_image(const std::vector<Image>& images, bool ptx) {
  const Image* best = nullptr;
  for (const auto& image : images) {
    if (image.ptx != ptx || image.architecture > model().architecture()) continue;
    if (best == nullptr || image.architecture > best->architecture) best = &image;
  }
  return best;
}

void read_module(Loaded& loaded) {
  if (loaded.module != nullptr || !loaded.error.empty()) return;
  try {
    const auto images = read_fat_binary(loaded.fat_binary);
    const Image* ptx = best_image(images, true);
    if (ptx == nullptr) {
      throw Unsupported("the program holds no PTX that compute capability " +
                        std::to_string(model().major) + "." + std::to_string(model().minor) +
                        " may run");
    }
    loaded.module = parse_module(ptx->bytes);
    loaded.module->architecture = ptx->architecture;
    // Figures of the model's own architecture, else of the nearest that is there.
    const Image* code = best_image(images, false);
    for (const auto& image : images) {
      if (code == nullptr && !image.ptx) code = &image;
    }
    if (code != nullptr) loaded.resources = read_resources(code->bytes);
  } catch (const Unsupported& refused) {
    loaded.error = refused.what();
  }
}

// Before the findings are counted: see runtime/control.cpp.
void report_at_exit() {
  const Guard guard(Machine::get());
  report_coverage();
  if (settings().table) print_kernel_table();
}

Loaded* add_module(const void* fat_binary) {
  static const bool kHooked = std::atexit(report_at_exit) == 0;
  auto& modules = registry().modules;
  modules.push_back(std::make_unique<Loaded>());
  modules.back()->fat_binary = kHooked ? fat_binary : nullptr;
  return modules.back().get();
}

Variable* find_variable(Module& module, const std::string& name) {
  for (auto& variable : module.variables) {
    if (variable.name == name) return &variable;
  }
  return nullptr;
}

}  // namespace

Kernel* find_kernel(const void* stub) {
  const auto found = registry().kernels.find(stub);
  return found == registry().kernels.end() ? nullptr : &found->second;
}

void each_kernel(const std::function<void(const Kernel&)>& see) {
  for (const auto& [stub, kernel] : registry().kernels) see(kernel);
}

const Function* load(Kernel& kernel) {
  read_module(*kernel.loaded);
  Machine& machine = Machine::get();
  if (kernel.loaded->module == nullptr) {
    machine.report("unsupported", kernel.title + ": " + kernel.loaded->error);
    return nullptr;
  }
  const auto found = kernel.loaded->module->functions.find(kernel.symbol);
  if (found == kernel.loaded->module->functions.end()) {
    machine.report("unsupported", kernel.title + ": not in the PTX of the program");
    return nullptr;
  }
  if (!found->second.error.empty()) {
    machine.report("unsupported", kernel.title + ": " + found->second.error);
    return nullptr;
  }
  return &found->second;
}

Resources resources_of(const Kernel& kernel) {
  const auto found = kernel.loaded->resources.find(kernel.symbol);
  return found == kernel.loaded->resources.end() ? Resources{} : found->second;
}

bool lacks_variables(const Module& module, int device) {
  return std::ranges::any_of(module.variables,
                             [&](const auto& variable) { return variable.address[device] == 0; });
}

bool place_variables(Module& module, int device) {
  for (auto& variable : module.variables) {
    if (variable.address[device] != 0) continue;
    const std::size_t bytes = std::max<std::size_t>(variable.bytes, 1);
    const Address address =
        Memory::get().allocate(device, bytes, AllocationKind::kVariable, variable.name);
    if (address == 0) return false;
    variable.address[device] = address;
    char* target = backing(reinterpret_cast<char*>(address));
    std::memset(target, 0, bytes);
    std::ranges::copy(variable.initial, target);
    Memory::get().set_written(address, bytes);
  }
  for (auto& variable : module.variables) {
    for (const auto& reference : variable.references) {
      const Variable* other = find_variable(module, reference.name);
      if (other == nullptr) continue;
      char* target = backing(reinterpret_cast<char*>(variable.address[device])) + reference.offset;
      std::memcpy(target, &other->address[device], sizeof(Word));
    }
  }
  return true;
}

}  // namespace keen::sim::ptx

namespace keen::sim {

cudaError_t variable_address(void** address, std::size_t* bytes, const void* variable) {
  const auto found = ptx::registry().variables.find(variable);
  if (found == ptx::registry().variables.end()) return cudaErrorInvalidSymbol;
  ptx::Loaded& loaded = *found->second.loaded;
  ptx::read_module(loaded);
  if (loaded.module == nullptr) {
    Machine::get().report("unsupported", loaded.error);
    return cudaErrorInvalidKernelImage;
  }
  const int device = Machine::thread().device;
  // CUDA C++ Programming Guide, "Lazy Loading": the module is loaded by the first use of it.
  if (ptx::lacks_variables(*loaded.module, device)) {
    Stalls::get().check(device, "the address of " + ptx::title_of(found->second.symbol.c_str()) +
                                    ", which loads it,");
  }
  if (!ptx::place_variables(*loaded.module, device)) return cudaErrorMemoryAllocation;
  const ptx::Variable* made = ptx::find_variable(*loaded.module, found->second.symbol);
  if (made == nullptr) return cudaErrorInvalidSymbol;
  *address = reinterpret_cast<void*>(made->address[device]);
  *bytes = made->bytes;
  return cudaSuccess;
}

}  // namespace keen::sim

// ---- What nvcc's code calls before main (crt/host_runtime.h)
// -------------------------------------

// NOLINTBEGIN(readability-identifier-naming)
extern "C" {

void** __cudaRegisterFatBinary(void* wrapper) {
  struct Wrapper {
    int magic, version;
    const void* data;
  };
  const keen::sim::Guard guard(keen::sim::Machine::get());
  return reinterpret_cast<void**>(keen::sim::ptx::add_module(static_cast<Wrapper*>(wrapper)->data));
}

void __cudaRegisterFatBinaryEnd(void**) {}
void __cudaUnregisterFatBinary(void**) {}
char __cudaInitModule(void**) { return 1; }

void __cudaRegisterFunction(void** handle, const char* stub, char*, const char* name, int, uint3*,
                            uint3*, dim3*, dim3*, int*) {
  const keen::sim::Guard guard(keen::sim::Machine::get());
  auto& kernel = keen::sim::ptx::registry().kernels[stub];
  kernel.loaded = reinterpret_cast<keen::sim::ptx::Loaded*>(handle);
  kernel.symbol = name;
  kernel.title = keen::sim::ptx::title_of(name);
}

void __cudaRegisterVar(void** handle, char* variable, char*, const char* name, int, size_t, int,
                       int) {
  const keen::sim::Guard guard(keen::sim::Machine::get());
  keen::sim::ptx::registry().variables[variable] = {
      reinterpret_cast<keen::sim::ptx::Loaded*>(handle), name};
}

struct CallConfiguration {
  dim3 grid, block;
  size_t shared;
  cudaStream_t stream;
};
static thread_local CallConfiguration call_configuration;

unsigned __cudaPushCallConfiguration(dim3 grid, dim3 block, size_t shared, CUstream_st* stream) {
  call_configuration = {grid, block, shared, stream};
  return 0;
}

cudaError_t __cudaPopCallConfiguration(dim3* grid, dim3* block, size_t* shared, void* stream) {
  *grid = call_configuration.grid;
  *block = call_configuration.block;
  *shared = call_configuration.shared;
  *static_cast<cudaStream_t*>(stream) = call_configuration.stream;
  return cudaSuccess;
}

cudaError_t __cudaGetKernel(cudaKernel_t* kernel, const void* stub) {
  *kernel = static_cast<cudaKernel_t>(const_cast<void*>(stub));
  return cudaSuccess;
}

cudaError_t __cudaLaunchKernel(cudaKernel_t kernel, dim3 grid, dim3 block, void** arguments,
                               size_t shared, cudaStream_t stream) {
  return cudaLaunchKernel(static_cast<const void*>(kernel), grid, block, arguments, shared, stream);
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)
