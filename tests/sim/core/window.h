#pragma once
#include <cstddef>
#include <cstdint>

#include "tests/sim/core/settings.h"

namespace keen::sim {

using Address = std::uint64_t;

// Where in the address space what the simulated devices have lies. Device addresses lie in a window
// that the host cannot touch, as on hardware; device d owns kWindowBytes from
// kWindowBase + d * kWindowBytes. No address is given out twice. The bytes themselves lie
// kBackingOffset above, the bytes that say what has been written kWrittenOffset above, and from
// kRaceBase eight bytes for each, in which kernels keep who has touched a word (ptx/race.h).
#if defined(__SANITIZE_THREAD__)
#define KEEN_SIM_LOW_WINDOW 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define KEEN_SIM_LOW_WINDOW 1
#endif
#endif
#ifdef KEEN_SIM_LOW_WINDOW
// ThreadSanitizer takes only a few ranges for a program's memory (compiler-rt, tsan_platform.h). Of
// these the lowest 2^39 bytes are empty where the program is position-independent.
constexpr Address kWindowBase = Address{1} << 36;
constexpr Address kWindowBytes = Address{1} << 32;
constexpr Address kBackingOffset = Address{1} << 35;
constexpr Address kWrittenOffset = Address{1} << 36;
constexpr Address kRaceBase = kWindowBase + 3 * (Address{1} << 35);
#else
// AddressSanitizer keeps its shadow below 0x1000'8000'0000 and its heap from 0x6000'0000'0000 on
// (compiler-rt, asan_mapping.h and asan_allocator.h).
constexpr Address kWindowBase = Address{1} << 45;
constexpr Address kWindowBytes = Address{1} << 38;
constexpr Address kBackingOffset = Address{1} << 42;
constexpr Address kWrittenOffset = Address{1} << 43;
constexpr Address kRaceBase = Address{1} << 46;
#endif
constexpr Address kAllWindows = kMaxDevices * kWindowBytes;
constexpr Address kRaceBytes = 8;  // for each byte
static_assert(kAllWindows <= kBackingOffset && kBackingOffset + kAllWindows <= kWrittenOffset &&
              kWindowBase + kWrittenOffset + kAllWindows <= kRaceBase);

inline void* race_cell(Address address) {
  return reinterpret_cast<void*>(kRaceBase + ((address & ~Address{3}) - kWindowBase) * kRaceBytes);
}

inline bool is_device_address(Address address) {
  return address >= kWindowBase && address < kWindowBase + kAllWindows;
}
inline bool is_device_address(const void* pointer) {
  return is_device_address(reinterpret_cast<Address>(pointer));
}
inline int device_of(Address address) {
  return static_cast<int>((address - kWindowBase) / kWindowBytes);
}

// Where the bytes behind a pointer are: host pointers stay as they are.
template <class T>
T* backing(T* pointer) {
  const auto address = reinterpret_cast<Address>(pointer);
  return is_device_address(address) ? reinterpret_cast<T*>(address + kBackingOffset) : pointer;
}

}  // namespace keen::sim
