#pragma once

#include <cstdint>

namespace keen::bench {

// From here on counts the system calls mmap, munmap, mremap, madvise and brk of all threads of
// this process; Linux on x86-64. It can't be undone, and makes each such call slower by a signal:
// count in a process that times nothing. Throws std::runtime_error if the kernel refuses the
// filter.
void start_counting_memory_calls();

// The calls since then.
std::int64_t memory_calls();

}  // namespace keen::bench
