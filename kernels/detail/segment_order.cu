#include <algorithm>
#include <utility>

#include "kernels/detail/indices.cuh"
#include "kernels/detail/segment_order.h"
#include "kernels/detail/units.cuh"
#include "kernels/detail/wide_index.h"

namespace keen::detail {
namespace {

constexpr int kDigits = 256;
constexpr int kDigitBits = 8;
constexpr int kWarp = 32;
constexpr int kWarps = kLoopBlock / kWarp;
constexpr int kTile = 4096;  // rows that a block orders
constexpr int kPerWarp = kTile / kWarps;
constexpr unsigned kAllLanes = 0xFFFFFFFFU;

static_assert(kLoopBlock == kDigits, "a thread takes care of a digit");

// One pass: by the digit at `shift`. Word is int32 or int64.
template <class Word>
struct Pass {
  Indices ids = {};            // read by the first pass
  const Word* keys = nullptr;  // read by the others
  const Word* rows = nullptr;
  Word* keys_out = nullptr;
  Word* rows_out = nullptr;
  Word* counts = nullptr;  // [digit, tile]
  Word n = 0;
  Word segments = 0;
  Word tiles = 0;
  int shift = 0;
};

template <class Word>
__device__ inline Word key_at(const Pass<Word>& pass, Word i) {
  if (pass.keys != nullptr) return pass.keys[i];
  const std::int64_t id = pass.ids[i];
  return id < 0 || id >= pass.segments ? pass.segments : static_cast<Word>(id);
}

template <class Word>
__device__ inline int digit_of(const Pass<Word>& pass, Word key) {
  return static_cast<int>(key >> pass.shift) & (kDigits - 1);
}

// The sum of `value` over the threads before this one; `total` gets that over all. To be called by
// the whole block.
template <class Word>
__device__ inline Word sum_before(Word value, Word* total) {
  __shared__ Word sums[kWarps];
  const int lane = threadIdx.x % kWarp;
  const int warp = threadIdx.x / kWarp;
  Word sum = value;
  for (int step = 1; step < kWarp; step *= 2) {
    const Word other = __shfl_up_sync(kAllLanes, sum, step);
    if (lane >= step) sum += other;
  }
  if (lane == kWarp - 1) sums[warp] = sum;
  __syncthreads();
  Word before = 0;
  *total = 0;
  for (int i = 0; i < kWarps; ++i) {
    if (i < warp) before += sums[i];
    *total += sums[i];
  }
  __syncthreads();
  return before + sum - value;
}

template <class Word>
__global__ void __launch_bounds__(kLoopBlock)
    count_digits_kernel(const __grid_constant__ Pass<Word> pass) {
  __shared__ int counts[kDigits];
  for (Word tile = blockIdx.x; tile < pass.tiles; tile += gridDim.x) {
    counts[threadIdx.x] = 0;
    __syncthreads();
    for (int k = threadIdx.x; k < kTile; k += kLoopBlock) {
      const Word i = tile * kTile + k;
      if (i < pass.n) atomicAdd(&counts[digit_of(pass, key_at(pass, i))], 1);
    }
    __syncthreads();
    pass.counts[threadIdx.x * pass.tiles + tile] = counts[threadIdx.x];
    __syncthreads();
  }
}

// Each count becomes the sum of those before it. One block.
template <class Word>
__global__ void __launch_bounds__(kLoopBlock) sum_counts_kernel(Word* counts, Word n) {
  Word carry = 0;
  for (Word base = 0; base < n; base += kLoopBlock) {
    const Word i = base + static_cast<Word>(threadIdx.x);
    Word total = 0;
    const Word before = sum_before(i < n ? counts[i] : Word{0}, &total);
    if (i < n) counts[i] = carry + before;
    carry += total;
  }
}

// Calls f(i, digit, lanes) for the rows of the warp's part of a tile, 32 at a time and in order;
// `lanes` are those that have the same digit.
template <class Word, class F>
__device__ inline void for_each_round(const Pass<Word>& pass, Word tile, F&& f) {
  const int lane = threadIdx.x % kWarp;
  const int warp = threadIdx.x / kWarp;
#pragma unroll 1
  for (int round = 0; round < kPerWarp; round += kWarp) {
    const Word i = tile * kTile + warp * kPerWarp + round + lane;
    const int digit = i < pass.n ? digit_of(pass, key_at(pass, i)) : kDigits;
    const unsigned lanes = __match_any_sync(kAllLanes, digit);
    f(i, digit, lanes);
    __syncwarp();
  }
}

// Moves rows to their places: `counts` says where those of a tile and digit begin, unless there is
// one tile only.
template <class Word>
__global__ void __launch_bounds__(kLoopBlock)
    place_rows_kernel(const __grid_constant__ Pass<Word> pass) {
  __shared__ Word places[kWarps][kDigits];
  const int warp = threadIdx.x / kWarp;
  const unsigned below = (1U << (threadIdx.x % kWarp)) - 1;
  for (Word tile = blockIdx.x; tile < pass.tiles; tile += gridDim.x) {
    for (int w = 0; w < kWarps; ++w) places[w][threadIdx.x] = 0;
    __syncthreads();
    for_each_round(pass, tile, [&](Word, int digit, unsigned lanes) {
      if (digit < kDigits && (lanes & below) == 0) places[warp][digit] += __popc(lanes);
    });
    __syncthreads();
    Word own = 0;
    for (int w = 0; w < kWarps; ++w) own += places[w][threadIdx.x];
    Word place = 0;
    if (pass.tiles == 1) {
      Word total = 0;
      place = sum_before(own, &total);
    } else {
      place = pass.counts[threadIdx.x * pass.tiles + tile];
    }
    for (int w = 0; w < kWarps; ++w) {
      const Word count = places[w][threadIdx.x];
      places[w][threadIdx.x] = place;
      place += count;
    }
    __syncthreads();
    for_each_round(pass, tile, [&](Word i, int digit, unsigned lanes) {
      Word first = 0;
      if (digit < kDigits) {
        first = places[warp][digit];
        const Word to = first + __popc(lanes & below);
        pass.keys_out[to] = key_at(pass, i);
        pass.rows_out[to] = pass.rows != nullptr ? pass.rows[i] : i;
      }
      __syncwarp();
      if (digit < kDigits && (lanes & below) == 0) places[warp][digit] = first + __popc(lanes);
    });
    __syncthreads();
  }
}

template <class Word>
void run_pass(Device device, const Pass<Word>& pass) {
  const device::cuda::LaunchShape shape{.grid = device::cuda::blocks_for(device, pass.tiles, 1),
                                        .block = kLoopBlock};
  if (pass.tiles > 1) {
    launch<count_digits_kernel<Word>>(device, shape, pass);
    launch<sum_counts_kernel<Word>>(device, {.grid = 1, .block = kLoopBlock}, pass.counts,
                                    pass.tiles * kDigits);
  }
  launch<place_rows_kernel<Word>>(device, shape, pass);
}

template <class Word>
SegmentOrder order_of(op::KernelContext& context, int input, std::int64_t segments) {
  const std::int64_t n = context.shape(input).num_elements();
  const std::int64_t tiles = (n + kTile - 1) / kTile;
  SegmentOrder order{.type = DTypeOf<Word>::value};
  order.memory = context.scratch(sizeof(Word) * static_cast<std::size_t>(4 * n + kDigits * tiles));
  auto* keys = static_cast<Word*>(order.memory->data());
  Word* rows = keys + n;
  Pass<Word> pass{.ids = indices_of(context.in<void>(input), context.dtype(input)),
                  .keys_out = keys,
                  .rows_out = rows,
                  .counts = keys + 4 * n,
                  .n = static_cast<Word>(n),
                  .segments = static_cast<Word>(segments),
                  .tiles = static_cast<Word>(tiles)};
  do {
    run_pass(context.device(), pass);
    order.segments = pass.keys_out;
    order.rows = pass.rows_out;
    pass.keys = pass.keys_out;
    pass.rows = pass.rows_out;
    pass.keys_out = pass.keys_out == keys ? keys + 2 * n : keys;
    pass.rows_out = pass.rows_out == rows ? rows + 2 * n : rows;
    pass.shift += kDigitBits;
  } while (segments >> pass.shift != 0);
  return order;
}

}  // namespace

SegmentOrder SegmentOrder::of(op::KernelContext& context, int input, std::int64_t segments) {
  const std::int64_t most = std::max(context.shape(input).num_elements(), segments);
  // Places of counts and of rows of the last tile are beyond n.
  if (most < wide_index_limit() - kTile) return order_of<std::int32_t>(context, input, segments);
  return order_of<std::int64_t>(context, input, segments);
}

}  // namespace keen::detail
