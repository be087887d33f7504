#pragma once

#include <cstdint>

namespace keen::bench {

// Bytes of this process resident now, and the most there ever were (VmRSS and VmHWM of
// /proc/self/status).
std::int64_t resident_bytes();
std::int64_t peak_resident_bytes();

// Page faults of this process so far which needed no input or output: the first touches of fresh
// memory.
std::int64_t minor_page_faults();

}  // namespace keen::bench
