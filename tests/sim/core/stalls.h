#pragma once
#include <map>
#include <string>
#include <utility>

namespace keen::sim {

// Kernels of collectives that wait on a device, because other ranks have not called yet.
//
// What may wait for all work of a device (loading a kernel: CUDA C++ Programming Guide, "Lazy
// Loading", "Concurrent Execution"; memory that is allocated or freed: NCCL, "Using NCCL with CUDA
// Graphs" and "Group Calls") never returns where the missing rank's call comes after it.
class Stalls {
 public:
  static Stalls& get();

  void add(const void* collective, int device, std::string what);
  void remove(const void* collective, int device);
  void remove(const void* collective);
  void clear() { stalled_.clear(); }

  // Reports `call` if something is stalled on the device.
  void check(int device, const std::string& call) const;

 private:
  std::map<std::pair<const void*, int>, std::string> stalled_;
};

}  // namespace keen::sim
