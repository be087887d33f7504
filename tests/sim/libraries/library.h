#pragma once
#include <driver_types.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/sim/core/clock.h"
#include "tests/sim/core/operation.h"
#include "tests/sim/libraries/numeric.h"

namespace keen::sim {

// What all the libraries check. A finding of kind "unsupported" is what the stand-in does not have
// though NVIDIA's library may; what NVIDIA's library itself refuses is an error status alone.

void report_unsupported(const std::string& api, const std::string& what);

// Whether a handle of `device` may be used on `stream` by this thread; else a finding.
bool same_device(const std::string& api, int device, cudaStream_t stream);
// Whether `stream` belongs to `device`, whatever device is current.
bool stream_of_device(const std::string& api, int device, cudaStream_t stream);

// Whether `pointer` is device memory, aligned for elements of `alignment` bytes; else a finding.
bool device_operand(const std::string& api, const char* name, const void* pointer,
                    std::size_t alignment);

// Whether `pointer` is a scalar in host memory; else a finding.
bool host_scalar(const std::string& api, const char* name, const void* pointer);

// A library writes whatever it likes into its workspace. Marks the first `bytes` as written and
// makes them NaN when the operation runs.
void spoil_workspace(Operation* operation, void* workspace, std::size_t bytes);

// Enqueues a library's operation. False: the process is poisoned, or the stream takes no work.
bool submit(cudaStream_t stream, Operation operation);

// For calls that allocate device memory or wait for the device. False: a capture forbids it, which
// is then a finding, and invalidates the capture.
bool capture_permits(const std::string& api);
// The same for a call that waits for `stream`, which must not capture itself.
bool capture_permits_waiting(const std::string& api, cudaStream_t stream);

// FNV-1a, from a start that tells one use from another.
std::uint64_t hash_of(const std::string& what, std::uint64_t salt);

// Whether hardware refuses, of all that it may refuse, this one: about one in four, by the seed and
// by `what` alone, so that a question and the call that follows get the same answer.
bool is_refused_by_seed(const std::string& what);

// The last call on what one host thread at a time may use.
struct LastCall {
  Actor thread = 0;
  Tick tick = 0;
};
// Notes this call; whether the thread knows that the one before has ended.
bool comes_after(LastCall* last);

// Tensor cores take TF32 and bfloat16 from compute capability 8.0 on
// (CUDA C++ Programming Guide, "Compute Capabilities").
bool has_tf32();
// NVIDIA_TF32_OVERRIDE=0 forbids TF32 whatever a call permits (cuBLAS, "Environment Variables").
Rounding overridden(Rounding rounding);

// The objects of one kind that a library has given out and not taken back: a pointer that is none
// of them is never followed.
template <class T>
class Registry {
 public:
  template <class... Arguments>
  T* make(Arguments&&... arguments) {
    auto* object = new T{std::forward<Arguments>(arguments)...};
    live_.insert(object);
    return object;
  }
  bool has(const T* object) const { return live_.contains(object); }
  bool destroy(T* object) {
    if (live_.erase(object) == 0) return false;
    delete object;
    return true;
  }

 private:
  std::set<const T*> live_;
};

// One registry per kind. Never destroyed: handles are used until the very end of a process.
template <class T>
Registry<T>& registry() {
  static auto* objects = new Registry<T>;
  return *objects;
}

}  // namespace keen::sim
