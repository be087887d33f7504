// cuda_runtime_api.h, "Memory Management": copies and fills.
#include <cuda_runtime_api.h>

#include <cstring>
#include <utility>
#include <vector>

#include "tests/sim/core/launch.h"
#include "tests/sim/core/memory.h"
#include "tests/sim/core/settings.h"
#include "tests/sim/runtime/capture.h"
#include "tests/sim/runtime/copies.h"
#include "tests/sim/runtime/entry.h"
#include "tests/sim/runtime/queue.h"

namespace keen::sim {
namespace {

CopyShape flat(void* target, const void* source, std::size_t bytes) {
  return {target, bytes, source, bytes, bytes, 1};
}

bool lies_on(const void* pointer, int device) {
  return is_device_address(pointer) && device_of(reinterpret_cast<Address>(pointer)) == device;
}

cudaError_t check_peers(const void* target, int target_device, const void* source,
                        int source_device) {
  for (const int device : {target_device, source_device}) {
    if (!is_device(device)) return cudaErrorInvalidDevice;
  }
  const bool match = lies_on(target, target_device) && lies_on(source, source_device);
  return match ? cudaSuccess : cudaErrorInvalidValue;
}

// cuda_runtime_api.h, cudaMemcpyPeer: serialised with all pending and future work of the current,
// the source and the target device, but asynchronous to the host.
cudaError_t copy_between(const CopyShape& shape, int target_device, int source_device) {
  Runtime& runtime = Runtime::get();
  Stream& stream = *find_stream(nullptr);
  std::vector<WorkRef> before;
  for (const int device : {target_device, source_device}) {
    for (const Stream* other : runtime.streams.live()) {
      if (other->device == device && other != &stream) before.push_back(other->last);
    }
  }
  Operation wait;
  wait.name = "cudaMemcpyPeer";
  if (const cudaError_t error = submit(stream, wait, before)) return fail(error);
  if (const cudaError_t error =
          copy("cudaMemcpyPeer", shape, cudaMemcpyDeviceToDevice, stream, true)) {
    return error;
  }
  for (const int device : {target_device, source_device}) {
    Stream* other = runtime.legacy[device];
    if (other == &stream) continue;
    if (const cudaError_t error = submit(*other, wait, {stream.last})) return fail(error);
  }
  return cudaSuccess;
}

cudaError_t fill(void* pointer, int value, std::size_t bytes, Stream& stream) {
  if (bytes == 0) return cudaSuccess;
  if (!is_device_address(pointer)) return fail(cudaErrorInvalidValue);
  Operation operation;
  operation.name = "cudaMemset";
  operation.type = cudaGraphNodeTypeMemset;
  operation.accesses = {{pointer, bytes, AccessKind::kWrite}};
  operation.body = [=](Execution&) {
    std::memset(backing(static_cast<char*>(pointer)), value, bytes);
  };
  operation.prepare = [](Operation&) { ++Machine::get().counters.memsets; };
  return fail(submit(stream, std::move(operation)));
}

// The part of a variable of the current device that a copy concerns.
cudaError_t find_symbol(const void* symbol, std::size_t offset, std::size_t bytes, char** address) {
  void* base = nullptr;
  std::size_t size = 0;
  if (const cudaError_t error = variable_address(&base, &size, symbol)) return error;
  if (offset > size || bytes > size - offset) return cudaErrorInvalidValue;
  *address = static_cast<char*>(base) + offset;
  return cudaSuccess;
}

cudaError_t copy_to_symbol(const char* api, const void* symbol, const void* source,
                           std::size_t bytes, std::size_t offset, cudaMemcpyKind kind,
                           cudaStream_t stream, bool blocking) {
  Stream* found = find_stream(stream);
  if (found == nullptr) return fail(cudaErrorInvalidResourceHandle);
  char* target = nullptr;
  if (const cudaError_t error = find_symbol(symbol, offset, bytes, &target)) return fail(error);
  return copy(api, flat(target, source, bytes), kind, *found, blocking);
}

cudaError_t copy_from_symbol(const char* api, void* target, const void* symbol, std::size_t bytes,
                             std::size_t offset, cudaMemcpyKind kind, cudaStream_t stream,
                             bool blocking) {
  Stream* found = find_stream(stream);
  if (found == nullptr) return fail(cudaErrorInvalidResourceHandle);
  char* source = nullptr;
  if (const cudaError_t error = find_symbol(symbol, offset, bytes, &source)) return fail(error);
  return copy(api, flat(target, source, bytes), kind, *found, blocking);
}

}  // namespace

// NOLINTBEGIN(readability-identifier-naming)
extern "C" {

cudaError_t cudaMemcpy(void* target, const void* source, size_t bytes, cudaMemcpyKind kind) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaMemcpy")) return error;
  return copy("cudaMemcpy", flat(target, source, bytes), kind, *find_stream(nullptr), true);
}

cudaError_t cudaMemcpyAsync(void* target, const void* source, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaMemcpyAsync")) return error;
  Stream* found = find_stream(stream);
  if (found == nullptr) return fail(cudaErrorInvalidResourceHandle);
  return copy("cudaMemcpyAsync", flat(target, source, bytes), kind, *found, false);
}

cudaError_t cudaMemcpy2DAsync(void* target, size_t target_pitch, const void* source,
                              size_t source_pitch, size_t width, size_t height, cudaMemcpyKind kind,
                              cudaStream_t stream) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaMemcpy2DAsync")) return error;
  Stream* found = find_stream(stream);
  if (found == nullptr) return fail(cudaErrorInvalidResourceHandle);
  if (width > target_pitch || width > source_pitch) return fail(cudaErrorInvalidPitchValue);
  const CopyShape shape{target, target_pitch, source, source_pitch, width, height};
  return copy("cudaMemcpy2DAsync", shape, kind, *found, false);
}

cudaError_t cudaMemcpyPeerAsync(void* target, int target_device, const void* source,
                                int source_device, size_t bytes, cudaStream_t stream) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaMemcpyPeerAsync")) return error;
  Stream* found = find_stream(stream);
  if (found == nullptr) return fail(cudaErrorInvalidResourceHandle);
  if (const cudaError_t error = check_peers(target, target_device, source, source_device)) {
    return fail(error);
  }
  return copy("cudaMemcpyPeerAsync", flat(target, source, bytes), cudaMemcpyDeviceToDevice, *found,
              false);
}

cudaError_t cudaMemcpyPeer(void* target, int target_device, const void* source, int source_device,
                           size_t bytes) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaMemcpyPeer")) return error;
  if (const cudaError_t error = check_peers(target, target_device, source, source_device)) {
    return fail(error);
  }
  if (const cudaError_t error = refuse_in_capture()) return fail(error);
  return copy_between(flat(target, source, bytes), target_device, source_device);
}

// Asynchronous to the host, as memory of a device is ("API synchronization behavior").
cudaError_t cudaMemset(void* pointer, int value, size_t bytes) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaMemset")) return error;
  return fill(pointer, value, bytes, *find_stream(nullptr));
}

cudaError_t cudaMemsetAsync(void* pointer, int value, size_t bytes, cudaStream_t stream) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaMemsetAsync")) return error;
  Stream* found = find_stream(stream);
  if (found == nullptr) return fail(cudaErrorInvalidResourceHandle);
  return fill(pointer, value, bytes, *found);
}

cudaError_t cudaMemcpyToSymbol(const void* symbol, const void* source, size_t bytes, size_t offset,
                               cudaMemcpyKind kind) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaMemcpyToSymbol")) return error;
  return copy_to_symbol("cudaMemcpyToSymbol", symbol, source, bytes, offset, kind, nullptr, true);
}

cudaError_t cudaMemcpyToSymbolAsync(const void* symbol, const void* source, size_t bytes,
                                    size_t offset, cudaMemcpyKind kind, cudaStream_t stream) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaMemcpyToSymbolAsync")) return error;
  return copy_to_symbol("cudaMemcpyToSymbolAsync", symbol, source, bytes, offset, kind, stream,
                        false);
}

cudaError_t cudaMemcpyFromSymbol(void* target, const void* symbol, size_t bytes, size_t offset,
                                 cudaMemcpyKind kind) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaMemcpyFromSymbol")) return error;
  return copy_from_symbol("cudaMemcpyFromSymbol", target, symbol, bytes, offset, kind, nullptr,
                          true);
}

cudaError_t cudaMemcpyFromSymbolAsync(void* target, const void* symbol, size_t bytes, size_t offset,
                                      cudaMemcpyKind kind, cudaStream_t stream) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaMemcpyFromSymbolAsync")) return error;
  return copy_from_symbol("cudaMemcpyFromSymbolAsync", target, symbol, bytes, offset, kind, stream,
                          false);
}

cudaError_t cudaGetSymbolAddress(void** address, const void* symbol) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaGetSymbolAddress")) return error;
  if (address == nullptr) return fail(cudaErrorInvalidValue);
  size_t bytes = 0;
  return fail(variable_address(address, &bytes, symbol));
}

cudaError_t cudaGetSymbolSize(size_t* bytes, const void* symbol) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaGetSymbolSize")) return error;
  if (bytes == nullptr) return fail(cudaErrorInvalidValue);
  void* address = nullptr;
  return fail(variable_address(&address, bytes, symbol));
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)

}  // namespace keen::sim
