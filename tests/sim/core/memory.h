#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/sim/core/clock.h"
#include "tests/sim/core/regions.h"
#include "tests/sim/core/settings.h"
#include "tests/sim/core/window.h"

namespace keen::sim {

// Who executes: the device, the actor with what it knows, and the name that findings give.
struct Execution {
  int device = 0;
  Actor actor = 0;
  Clock clock;
  std::string name;
  View view = nullptr;  // of the announced blocks; null: those of now
};

// kAllocate: ordered like a write, but writes nothing.
enum class AccessKind { kRead, kWrite, kFree, kAllocate };

struct Access {
  const void* pointer;
  std::size_t bytes;
  AccessKind kind;
};

enum class AllocationKind { kMalloc, kPool, kVariable };

struct Allocation {
  Address base = 0;
  std::size_t bytes = 0;
  int device = 0;
  AllocationKind kind = AllocationKind::kMalloc;
  bool live = true;
  std::string origin;  // the API call or variable that made it
  // Of pool memory: a bit for each other device that cudaMemPoolSetAccess lets in.
  // cudaDeviceEnablePeerAccess does not count there.
  std::shared_ptr<const std::uint32_t> reachable;

  struct Record {
    Address low, high;
    bool write;
    Actor actor;
    Tick tick;
    std::string name;
  };
  std::vector<Record> records;  // the last accesses, for the race check
};

// The memory of all devices. Called under the lock of Machine.
class Memory {
 public:
  static Memory& get();

  // 0: the device has not that many bytes left. bytes is at least 1. `freed_before`: bytes that
  // will be free before anybody may use the new ones.
  Address allocate(int device, std::size_t bytes, AllocationKind kind, const std::string& origin,
                   std::size_t freed_before = 0);
  // Makes an allocation dead, or (memory of a graph's nodes) live again.
  void set_live(Allocation& allocation, bool live);

  // The allocation, living or dead, that holds `address` or ends within 256 bytes before it.
  Allocation* find_near(Address address);
  // The allocation, living or dead, that holds `address`.
  Allocation* find(Address address);

  // Bounds, lifetime, unwritten bytes, peer rights and races of one access; counts its bytes. What
  // is wrong is a finding, and what hardware would fault on poisons the process: false then.
  bool touch(Execution& execution, const Access& access);
  // The same without bounds, lifetime and unwritten bytes: a kernel's accesses have been held to
  // those one by one, and come here as runs of bytes.
  bool touch_run(Execution& execution, const Access& access);

  // The bytes around `address` that work of that view may touch as one piece, an allocation or an
  // announced block, or what is wrong. The first work that comes to a block finds it unwritten.
  Reach reach(Address address, const View& view);
  // What findings call the block that a sound reach lies in, and the offset of an address in it.
  std::string title(const Reach& reach);
  Address offset(const Reach& reach, Address address);
  Regions& regions() { return regions_; }

  // Who has touched what is forgotten everywhere.
  void forget_races();

  // Which bytes have been written since they were allocated.
  void set_written(Address low, std::size_t bytes);
  // The first byte that has not been written; `low + bytes` where all have been.
  Address first_unwritten(Address low, std::size_t bytes) const;

  void enable_peer(int from, int to) { peer_[from][to] = true; }
  void disable_peer(int from, int to) { peer_[from][to] = false; }
  bool peer_enabled(int from, int to) const { return from == to || peer_[from][to]; }

  std::size_t free_bytes(int device) const;

  // Page-locked host memory.
  void add_pinned(const void* pointer, std::size_t bytes);
  bool remove_pinned(const void* pointer);
  bool is_pinned(const void* pointer) const;

 private:
  Memory();
  void first_seen(Region& region);
  bool may_reach(int device, const Allocation& allocation) const;
  bool check_race(Execution& execution, Allocation& allocation, Address low, Address high,
                  bool write);

  std::map<Address, Allocation> allocations_;
  Regions regions_;
  std::map<Address, std::size_t> pinned_;
  Address next_[kMaxDevices] = {};
  std::size_t used_[kMaxDevices] = {};
  bool peer_[kMaxDevices][kMaxDevices] = {};
};

}  // namespace keen::sim
