// The one place where CPU kernels open an OpenMP region.
#pragma once

#include <omp.h>

#include <algorithm>
#include <cstdint>

namespace keen::device::cpu {

// Parts that n items are cut into: at most `threads`, each of at least `grain` items.
[[nodiscard]] inline int part_count(int threads, std::int64_t n, std::int64_t grain) {
  if (threads <= 1 || n <= grain) return 1;
  return static_cast<int>(std::min<std::int64_t>(threads, (n + grain - 1) / grain));
}

// Calls body(part) for part = 0 … parts-1, at once where threads are free. The cut into parts is
// the caller's and doesn't depend on how many threads the region really gets: the same count gives
// the same bits. `body` must not throw.
template <class Body>
void parallel_parts(int parts, Body&& body) {
  if (parts <= 1) {
    if (parts == 1) body(0);
    return;
  }
#pragma omp parallel num_threads(parts)
  {
    const int team = omp_get_num_threads();
    for (int part = omp_get_thread_num(); part < parts; part += team) body(part);
  }
}

// Start of a part: equal cuts, rounded so that parts begin at multiples of 64 items where n allows.
[[nodiscard]] inline std::int64_t part_begin(int part, int parts, std::int64_t n) {
  if (part >= parts) return n;
  const std::int64_t each = n / parts;
  const std::int64_t at = each * part + std::min<std::int64_t>(part, n % parts);
  return each >= 1024 ? at & ~std::int64_t{63} : at;
}

// Calls body(begin, end) over [0, n) in parts of at least `grain` items; serially, without a
// region, below two grains' work. `body` must not throw.
template <class Body>
void parallel_for(int threads, std::int64_t n, std::int64_t grain, Body&& body) {
  const int parts = part_count(threads, n, grain);
  if (parts == 1) {
    body(std::int64_t{0}, n);
    return;
  }
  parallel_parts(
      parts, [&](int part) { body(part_begin(part, parts, n), part_begin(part + 1, parts, n)); });
}

}  // namespace keen::device::cpu
