// CPU loops of reductions from a reducer: what starts, combines and finishes an accumulator.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "kernels/detail/elementwise_loops.h"
#include "kernels/detail/reducers.h"
#include "runtime/device/buffer.h"
#include "runtime/device/cpu/parallel.h"
#include "runtime/op/op.h"

namespace keen::detail {

// ---- Loops ----

// An array seen as [outer, reduced, inner].
struct ReduceExtents {
  std::int64_t outer = 1;
  std::int64_t reduced = 1;
  std::int64_t inner = 1;
};

// Elements that one run of lanes takes; runs are combined pairwise, which keeps errors of long sums
// small.
inline constexpr std::int64_t kReduceRun = 2048;
// Rows that are summed before the sum joins the total, for the same reason.
inline constexpr std::int64_t kReduceRows = 64;
inline constexpr std::int64_t kReduceGrain = 32 * 1024;

// lanes[0 … kWidth) combined in pairs.
template <class R, int kWidth, class Acc>
Acc fold(Acc* lanes) {
  if constexpr (kWidth == 1) {
    return lanes[0];
  } else {
#pragma omp simd
    for (int k = 0; k < kWidth / 2; ++k) lanes[k] = R()(lanes[k], lanes[k + kWidth / 2]);
    return fold<R, kWidth / 2>(lanes);
  }
}

// The reduction of n contiguous elements: lane k takes every kLanes-th from element k on.
template <class R, int kLanes, class Acc, class T>
Acc reduce_lanes(const T* __restrict x, std::int64_t n) {
  const R reducer;
  Acc lanes[kLanes];
  for (Acc& lane : lanes) lane = R::template start<Acc>();
  std::int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
#pragma omp simd
    for (int k = 0; k < kLanes; ++k) lanes[k] = reducer(lanes[k], static_cast<Acc>(x[i + k]));
  }
  for (int k = 0; i + k < n; ++k) lanes[k] = reducer(lanes[k], static_cast<Acc>(x[i + k]));
  return fold<R, kLanes>(lanes);
}

// Many lanes hide the latency of their loads and stores, few have less to combine at the end.
template <class R, class Acc, class T>
Acc reduce_run(const T* x, std::int64_t n) {
  return n < 512 ? reduce_lanes<R, 16, Acc>(x, n) : reduce_lanes<R, 64, Acc>(x, n);
}

template <class R, class Acc, class T>
Acc reduce_contiguous(const T* x, std::int64_t n) {
  if (n <= kReduceRun) return reduce_run<R, Acc>(x, n);
  const std::int64_t runs = (n + kReduceRun - 1) / kReduceRun;
  const std::int64_t left = (runs / 2) * kReduceRun;
  return R()(reduce_contiguous<R, Acc>(x, left), reduce_contiguous<R, Acc>(x + left, n - left));
}

// acc[i] = reduction of x[r * stride + i] over n rows, for `count` columns.
template <class R, class Acc, class T>
void reduce_rows(const T* __restrict x, std::int64_t stride, std::int64_t n, std::int64_t count,
                 Acc* __restrict acc) {
  const R reducer;
  for (std::int64_t i = 0; i < count; ++i) acc[i] = R::template start<Acc>();
  std::int64_t r = 0;
  for (; r + 4 <= n; r += 4) {
    const T* __restrict row = x + r * stride;
#pragma omp simd
    for (std::int64_t i = 0; i < count; ++i) {
      const Acc low = reducer(static_cast<Acc>(row[i]), static_cast<Acc>(row[i + stride]));
      const Acc high =
          reducer(static_cast<Acc>(row[i + 2 * stride]), static_cast<Acc>(row[i + 3 * stride]));
      acc[i] = reducer(acc[i], reducer(low, high));
    }
  }
  for (; r < n; ++r) {
    const T* __restrict row = x + r * stride;
#pragma omp simd
    for (std::int64_t i = 0; i < count; ++i) acc[i] = reducer(acc[i], static_cast<Acc>(row[i]));
  }
}

// The same in blocks of rows, a strip of columns at a time: strips stay in the first cache.
template <class R, class Acc, class T>
void reduce_columns(const T* x, std::int64_t stride, std::int64_t n, std::int64_t count, Acc* acc) {
  constexpr std::int64_t kStrip = 512;
  std::array<Acc, kStrip> block;
  for (std::int64_t at = 0; at < count; at += kStrip) {
    const std::int64_t width = std::min(kStrip, count - at);
    reduce_rows<R>(x + at, stride, std::min(n, kReduceRows), width, acc + at);
    for (std::int64_t r = kReduceRows; r < n; r += kReduceRows) {
      reduce_rows<R>(x + r * stride + at, stride, std::min(n - r, kReduceRows), width,
                     block.data());
#pragma omp simd
      for (std::int64_t i = 0; i < width; ++i) acc[at + i] = R()(acc[at + i], block[i]);
    }
  }
}

// One output of [outer, inner] per pair, in Acc.
template <class R, class Acc, class T>
void reduce_extents(const T* x, Acc* out, const ReduceExtents& e, op::KernelContext& context) {
  const std::int64_t total = e.outer * e.reduced * e.inner;
  const bool small = total <= kReduceGrain;
  const int threads = small ? 1 : context.threads();
  const auto slice = [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t o = begin; o < end; ++o) {
      const T* from = x + o * e.reduced * e.inner;
      if (e.inner == 1) {
        out[o] = reduce_contiguous<R, Acc>(from, e.reduced);
      } else {
        reduce_columns<R>(from, e.inner, e.reduced, e.inner, out + o * e.inner);
      }
    }
  };
  if (threads == 1 || e.outer >= threads) {
    const std::int64_t each = std::max<std::int64_t>(1, e.reduced * e.inner);
    device::cpu::parallel_for(threads, e.outer, std::max<std::int64_t>(1, kReduceGrain / each),
                              slice);
    return;
  }
  // Few outputs of many elements: the threads share the reduced dimension, then their results are
  // combined in order.
  const int parts = device::cpu::part_count(
      threads, e.reduced, std::max<std::int64_t>(1, kReduceGrain / (e.outer * e.inner)));
  const std::int64_t outputs = e.outer * e.inner;
  const RefPtr<Buffer> scratch =
      context.scratch(static_cast<std::size_t>(parts * outputs) * sizeof(Acc));
  Acc* partial = static_cast<Acc*>(scratch->data());
  device::cpu::parallel_parts(parts, [&](int part) {
    const std::int64_t begin = device::cpu::part_begin(part, parts, e.reduced);
    const std::int64_t n = device::cpu::part_begin(part + 1, parts, e.reduced) - begin;
    for (std::int64_t o = 0; o < e.outer; ++o) {
      const T* from = x + (o * e.reduced + begin) * e.inner;
      Acc* to = partial + part * outputs + o * e.inner;
      if (e.inner == 1) {
        *to = reduce_contiguous<R, Acc>(from, n);
      } else {
        reduce_columns<R>(from, e.inner, n, e.inner, to);
      }
    }
  });
  std::copy_n(partial, outputs, out);
  for (int part = 1; part < parts; ++part) {
    for (std::int64_t i = 0; i < outputs; ++i) {
      out[i] = R()(out[i], partial[part * outputs + i]);
    }
  }
}

}  // namespace keen::detail
