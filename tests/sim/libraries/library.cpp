#include "tests/sim/libraries/library.h"

#include <cuda_runtime_api.h>

#include <cstdlib>
#include <cstring>
#include <string_view>

#include "tests/sim/core/machine.h"
#include "tests/sim/core/model.h"
#include "tests/sim/runtime/capture.h"
#include "tests/sim/runtime/queue.h"

namespace keen::sim {
namespace {

bool is_default_stream(cudaStream_t stream) {
  return stream == nullptr || stream == cudaStreamLegacy || stream == cudaStreamPerThread;
}

}  // namespace

void report_unsupported(const std::string& api, const std::string& what) {
  Machine::get().report("unsupported", api + ": " + what);
}

// cuBLAS, "cublasCreate", and cuDNN, "cudnnCreate": a handle belongs to the device that was
// current. What a call then gives back is unsourced.
bool stream_of_device(const std::string& api, int device, cudaStream_t stream) {
  if (is_default_stream(stream)) return true;
  const int owner = stream_device(stream);
  if (owner == device) return true;
  Machine::get().report("wrong-device",
                        api + ": the handle belongs to device " + std::to_string(device) +
                            (owner < 0 ? std::string(", and there is no such stream")
                                       : ", the stream to device " + std::to_string(owner)));
  return false;
}

bool same_device(const std::string& api, int device, cudaStream_t stream) {
  const int current = Machine::thread().device;
  if (current != device) {
    Machine::get().report("wrong-device", api + ": the handle belongs to device " +
                                              std::to_string(device) + ", device " +
                                              std::to_string(current) + " is current");
    return false;
  }
  return stream_of_device(api, device, stream);
}

// That libraries look at pointers at all is unsourced: hardware fails later, in their kernels.
bool device_operand(const std::string& api, const char* name, const void* pointer,
                    std::size_t alignment) {
  if (!is_device_address(pointer)) {
    Machine::get().report("host-pointer", api + ": " + name + " is not device memory");
    return false;
  }
  if (reinterpret_cast<Address>(pointer) % alignment != 0) {
    Machine::get().report("misaligned", api + ": " + name + " is not aligned to " +
                                            std::to_string(alignment) + " bytes");
    return false;
  }
  return true;
}

bool host_scalar(const std::string& api, const char* name, const void* pointer) {
  if (pointer == nullptr) return false;
  if (!is_device_address(pointer)) return true;
  Machine::get().report("device-pointer",
                        api + ": " + name + " is device memory where host memory belongs");
  return false;
}

void spoil_workspace(Operation* operation, void* workspace, std::size_t bytes) {
  if (workspace == nullptr || bytes == 0) return;
  operation->accesses.push_back({workspace, bytes, AccessKind::kWrite});
  operation->body = [workspace, bytes, body = std::move(operation->body)](Execution& execution) {
    std::memset(backing(workspace), 0xff, bytes);
    body(execution);
  };
}

bool capture_permits_waiting(const std::string& api, cudaStream_t stream) {
  const Stream* found = find_stream(stream);
  if (found == nullptr) return false;
  if (refuse_capturing(*found) == cudaSuccess) return capture_permits(api);
  Machine::get().report("capture", api + ": it waits for a stream that captures");
  return false;
}

bool capture_permits(const std::string& api) {
  if (refuse_in_capture() == cudaSuccess) return true;
  Machine::get().report("capture", api + ": it allocates memory or waits, while a stream captures");
  return false;
}

std::uint64_t hash_of(const std::string& what, std::uint64_t salt) {
  std::uint64_t hash = 0xcbf2'9ce4'8422'2325 ^ salt;
  for (const char byte : what) {
    hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100'0000'01b3;
  }
  return hash;
}

bool is_refused_by_seed(const std::string& what) {
  constexpr std::uint64_t kOneIn = 4;
  return (hash_of(what, Machine::get().seed()) >> 32) % kOneIn == 0;
}

bool comes_after(LastCall* last) {
  Machine::Thread& thread = Machine::thread();
  const bool ordered =
      last->thread == thread.actor || thread.clock.covers(last->thread, last->tick);
  *last = {thread.actor, thread.clock.advance(thread.actor)};
  return ordered;
}

bool submit(cudaStream_t stream, Operation operation) {
  if (Machine::get().sticky() != cudaSuccess) return false;
  operation.library = true;
  return enqueue(stream, std::move(operation)) == cudaSuccess;
}

bool has_tf32() { return model().major >= 8; }

Rounding overridden(Rounding rounding) {
  static const bool kForbidden = [] {
    const char* value = std::getenv("NVIDIA_TF32_OVERRIDE");
    return value != nullptr && std::string_view(value) == "0";
  }();
  return kForbidden && rounding == Rounding::kTf32 ? Rounding::kNone : rounding;
}

}  // namespace keen::sim
