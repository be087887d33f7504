#include "runtime/device/cuda/status.h"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <mutex>

#include "runtime/base/error.h"
#include "runtime/base/logging.h"
#include "runtime/base/text.h"
#include "runtime/device/running_op.h"

namespace keen::device::cuda {
namespace {

struct Fault {
  std::atomic<bool> happened{false};
  std::mutex mutex;
  std::string what;
};

// Never destroyed: blocks are freed as late as the end of the process.
Fault& fault() {
  static auto* the_fault = new Fault;
  return *the_fault;
}

std::string describe(cudaError_t status, const char* call) {
  const std::string op = describe_running_op();
  return text(op, op.empty() ? "" : ": ", call, ": ", cudaGetErrorString(status), " (",
              cudaGetErrorName(status), ")");
}

void note_fault(const std::string& what) {
  Fault& first = fault();
  const std::lock_guard lock(first.mutex);
  if (first.happened.load(std::memory_order_relaxed)) return;
  first.what =
      text(what, "; a kernel has faulted, and no GPU can be used any more in this process",
           blocking() ? ""
                      : ". Kernels run after the op has returned: the one at fault is this op or "
                        "an earlier one; KEEN_CUDA_BLOCKING=1 finds it");
  first.happened.store(true, std::memory_order_release);
}

}  // namespace

// driver_types.h, cudaError: "This leaves the process in an inconsistent state and any further CUDA
// work will return the same error."
// driver_types.h: those of which it says that the process must be ended and started anew.
bool is_fault(cudaError_t status) {
  switch (status) {
    case cudaErrorContained:
    case cudaErrorTensorMemoryLeak:
    case cudaErrorECCUncorrectable:
    case cudaErrorIllegalAddress:
    case cudaErrorLaunchTimeout:
    case cudaErrorAssert:
    case cudaErrorHardwareStackError:
    case cudaErrorIllegalInstruction:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorLaunchFailure:
      return true;
    default:
      return false;
  }
}

bool blocking() {
  static const bool wanted = [] {
    const char* value = std::getenv("KEEN_CUDA_BLOCKING");
    return value != nullptr && std::strcmp(value, "1") == 0;
  }();
  return wanted;
}

void check_no_fault() {
  Fault& first = fault();
  if (!first.happened.load(std::memory_order_acquire)) [[likely]] {
    return;
  }
  const std::lock_guard lock(first.mutex);
  throw InternalError(first.what);
}

void check(cudaError_t status, const char* call) {
  if (status == cudaSuccess) [[likely]] {
    return;
  }
  const std::string what = describe(status, call);
  if (is_fault(status)) {
    note_fault(what);
    check_no_fault();
  }
  static_cast<void>(cudaGetLastError());  // or the next launch would report it
  if (status == cudaErrorMemoryAllocation) throw ResourceExhaustedError(what);
  throw InternalError(what);
}

void check_quietly(cudaError_t status, const char* call) noexcept {
  if (status == cudaSuccess || status == cudaErrorCudartUnloading) return;
  try {
    const std::string what = describe(status, call);
    if (is_fault(status)) {
      note_fault(what);
    } else {
      static_cast<void>(cudaGetLastError());
    }
    log(LogLevel::kError, what);
  } catch (...) {  // nothing is left to be said
  }
}

}  // namespace keen::device::cuda
