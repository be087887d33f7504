#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/base/dtype.h"

namespace keen::random {

// What TensorFlow calls a kernel of a stateful random op in eager execution: all calls with the
// same op, element type and seeds share one, whatever their shape. `op` is any address that stands
// for the op and is not null.
struct KernelKey {
  const void* op = nullptr;
  std::int64_t seed = 0;
  std::int64_t seed2 = 0;
  DType dtype = DType::kInvalid;

  friend bool operator==(const KernelKey&, const KernelKey&) = default;
};

// How many Philox blocks each kernel has used.
//
// Under a global seed every eager op without a seed of its own is a new kernel, so the table would
// grow with every step of a training run. It is therefore bounded: it has two generations, and when
// the younger one is full, the older one, whose kernels have not run for kGeneration others, is
// forgotten; such a kernel would start again. Open addressing over one block of memory, so that a
// step allocates nothing but when the table doubles.
class KernelCounters {
 public:
  static constexpr std::size_t kGeneration = std::size_t{1} << 18U;

  KernelCounters() { clear(); }

  // The count of `key`, zero at first. Valid until the next call.
  std::uint64_t& operator[](const KernelKey& key);
  // Forgets every kernel.
  void clear();

 private:
  struct Entry {
    KernelKey key;
    std::uint64_t blocks = 0;
  };
  using Slots = std::vector<Entry>;  // a power of two of them, at most half full

  static Entry& slot_of(Slots& slots, const KernelKey& key);
  void make_room();

  Slots young_;
  Slots old_;
  std::size_t size_ = 0;  // entries in young_
};

}  // namespace keen::random
