#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/sim/core/window.h"

namespace keen::sim {

// A moment among the announcements. Work runs later than the program asks for it; what holds for it
// is what was announced when it was asked for. While somebody keeps a view, what it shows is kept.
using View = std::shared_ptr<const std::uint64_t>;

// A block that the program has announced inside memory of its own (nvToolsExtMem.h).
struct Region {
  Address base = 0;
  std::size_t bytes = 0;
  std::string name;
  bool layout = false;  // only names a part of something: the bytes are as they were
  bool fresh = true;    // no work has come yet that sees it
  // Bytes from the base on that work has seen before, also when the block had another size: those
  // behind are unwritten.
  std::shared_ptr<std::size_t> known = std::make_shared<std::size_t>(0);
  std::uint64_t born = 0, died = ~std::uint64_t{0};

  bool holds(Address address) const { return address >= base && address - base < bytes; }
  bool alive_at(std::uint64_t moment) const { return born <= moment && moment < died; }
  std::string title() const;
};

// What an access may go on to touch: low to high; or what is wrong with it.
struct Reach {
  Address low = 0, high = 0;
  Region* region = nullptr;     // null: the bytes belong to no announced block
  const char* wrong = nullptr;  // the kind of the finding
  std::string what = {};
};

// The announced blocks of all devices. The functions that announce give back why they refuse, or
// an empty text.
class Regions {
 public:
  bool empty() const { return heaps_.empty() && living_.empty() && dead_.empty(); }
  View view();
  bool is_heap(Address base) const { return heaps_.contains(base); }

  // Of a reserved heap nothing may be touched but blocks (NVTX_MEM_HEAP_USAGE_TYPE_SUB_ALLOCATOR:
  // "should not be accessed by the user until regions are registered").
  std::string add_heap(Address base, std::size_t bytes, const std::string& name, bool reserved);
  std::string reset_heap(Address base);  // ends all blocks in it
  std::string remove_heap(Address base);

  std::string add(Address base, std::size_t bytes, Address heap);
  std::string resize(Address base, std::size_t bytes);
  std::string remove(Address base);
  std::string rename(Address base, const std::string& name);

  // The memory is gone, and all that was announced in it.
  void forget(Address low, Address high);

  // For work of that view (null: now), in the allocation from low to high.
  Reach reach(Address address, Address low, Address high, const View& seen_by);

 private:
  struct Heap {
    std::size_t bytes = 0;
    std::string name;
    bool reserved = false;
    std::uint64_t born = 0;
  };

  const std::pair<const Address, Heap>* heap_of(Address address) const;
  Region* living_at(Address address);
  void cut_gap(Reach& gap, Address address, std::uint64_t moment) const;
  void bury(std::map<Address, Region>::iterator region);
  void sweep();
  bool seen(const Region& region) const;
  Reach search(Address address, Address low, Address high, std::uint64_t moment);

  std::uint64_t moment_ = 0;  // counts announcements
  std::map<Address, Heap> heaps_;
  std::map<Address, Region> living_;
  std::vector<std::unique_ptr<Region>> dead_;
  std::size_t sweep_at_ = 64;
  std::map<std::uint64_t, std::weak_ptr<const std::uint64_t>> views_;
};

}  // namespace keen::sim
