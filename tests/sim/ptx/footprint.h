#pragma once
#include <array>
#include <cstdint>
#include <unordered_map>

#include "tests/sim/core/memory.h"

namespace keen::sim::ptx {

// The bytes that a kernel has read and written, exactly: a bit per byte, by pages.
class Footprint {
 public:
  // kCached: read by ld.global.nc, through a cache that sees no writes of the kernel.
  enum class Mark : std::uint8_t { kRead, kCached, kWrite };
  // Whether this kernel has both written bytes of these and read them by ld.global.nc.
  bool mark(Address low, std::size_t bytes, Mark mark);

  // Calls visit(low, high, write) for each run of bytes, in no order.
  template <class Visit>
  void each_run(Visit visit) const {
    for (const auto& [page, bits] : pages_) {
      runs(page * kPageBytes, bits.read, false, visit);
      runs(page * kPageBytes, bits.write, true, visit);
    }
  }

 private:
  static constexpr std::size_t kPageBytes = 4096;
  using Bits = std::array<std::uint64_t, kPageBytes / 64>;
  struct Page {
    Bits read{}, write{}, cached{};
  };

  static bool bit(const Bits& bits, std::size_t i) { return (bits[i / 64] >> (i % 64) & 1) != 0; }

  template <class Visit>
  static void runs(Address base, const Bits& bits, bool write, Visit visit) {
    for (std::size_t i = 0; i < kPageBytes;) {
      if (bits[i / 64] == 0) {
        i = (i / 64 + 1) * 64;
        continue;
      }
      if (!bit(bits, i)) {
        ++i;
        continue;
      }
      std::size_t end = i + 1;
      while (end < kPageBytes && bit(bits, end)) ++end;
      visit(base + i, base + end, write);
      i = end;
    }
  }

  std::unordered_map<std::uint64_t, Page> pages_;
  Page* last_ = nullptr;
  std::uint64_t last_number_ = 0;
};

}  // namespace keen::sim::ptx
