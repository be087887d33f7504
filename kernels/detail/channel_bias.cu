#include <algorithm>

#include "kernels/detail/channel_bias.h"
#include "kernels/detail/compute_type.h"
#include "kernels/detail/index_divisor.cuh"
#include "kernels/detail/wide_index.h"
#include "runtime/device/buffer.h"
#include "runtime/device/cuda/cuda_context.h"
#include "runtime/device/cuda/vectors.cuh"

namespace keen::detail {
namespace {

using device::cuda::kLoopBlock;
using device::cuda::kVectorOf;
using device::cuda::launch;
using device::cuda::load_vector;
using device::cuda::loop_shape;
using device::cuda::store_vector;

// ---- Adding ----

// The channel of an element, and of those that follow.
template <class Index>
struct Channels {
  Index channels;
  Index inner;
  IndexDivisor<Index> by_channels, by_inner;
  bool whole_vectors;  // a vector of elements belongs to a vector of the bias

  struct Walk {
    Index channel;
    Index place;  // within the inner dimension
  };
  __device__ Walk at(Index element) const {
    Index channel = by_inner.split(&element);
    static_cast<void>(by_channels.split(&channel));
    return {channel, element};
  }
  __device__ void advance(Walk* walk) const {
    if (++walk->place < inner) return;
    walk->place = 0;
    if (++walk->channel == channels) walk->channel = 0;
  }
};

template <class T>
__device__ inline T biased(T value, T bias, bool relu) {
  const T sum = static_cast<T>(value + bias);
  return relu && sum < T(0) ? T(0) : sum;  // nan stays
}

template <class T, class Index>
__global__ void __launch_bounds__(kLoopBlock)
    bias_kernel(const T* value, const T* bias, T* out, std::int64_t n, bool aligned, bool relu,
                const __grid_constant__ Channels<Index> channels) {
  constexpr int kCount = kVectorOf<T>;
  device::cuda::for_each_vector<kCount>(
      n, aligned,
      [&](std::int64_t i) {
        auto values = load_vector<T, kCount>(value, i);
        auto walk = channels.at(static_cast<Index>(i * kCount));
        if (channels.whole_vectors) {
          const auto added = load_vector<T, kCount>(bias + walk.channel, 0);
          for (int k = 0; k < kCount; ++k) {
            values.values[k] = biased(values.values[k], added.values[k], relu);
          }
        } else {
          for (int k = 0; k < kCount; ++k) {
            values.values[k] = biased(values.values[k], bias[walk.channel], relu);
            channels.advance(&walk);
          }
        }
        store_vector(out, i, values);
      },
      [&](std::int64_t i) {
        const auto walk = channels.at(static_cast<Index>(i));
        out[i] = biased(value[i], bias[walk.channel], relu);
      });
}

template <class T, class Index>
void launch_bias(Device device, const ChannelLayout& layout, const T* value, const T* bias, T* out,
                 bool relu) {
  constexpr int kCount = kVectorOf<T>;
  const auto index = [](std::int64_t number) { return static_cast<Index>(number); };
  const Channels<Index> channels{index(layout.channels), index(layout.inner),
                                 IndexDivisor<Index>(layout.channels),
                                 IndexDivisor<Index>(layout.inner),
                                 layout.inner == 1 && layout.channels % kCount == 0 &&
                                     device::cuda::vectors_fit<kCount>(bias)};
  const bool aligned = device::cuda::vectors_fit<kCount>(value, out);
  launch<bias_kernel<T, Index>>(device, loop_shape(device, layout.size(), kCount), value, bias, out,
                                layout.size(), aligned, relu, channels);
}

// ---- Summing ----
//
// An array of [rows, columns], where several rows stand beside each other in a block if they are
// short, is cut into parts by rows. The block that ends last adds up the sums of all parts, in
// their order. With an inner dimension a channel is one block wide and its elements are its rows.

struct SumPlan {
  std::int64_t channels = 1;
  std::int64_t rows = 1;
  std::int64_t part_rows = 1;
  int parts = 1;
  int columns = 1;  // of a block
  int beside = 1;   // rows that a block reads at once
};

// Where the elements of a channel lie: rows of all channels, or planes of each.
template <class T>
struct Rows {
  const T* from;
  std::int64_t channels;
  __device__ Compute<T> at(std::int64_t row, std::int64_t channel) const {
    return static_cast<Compute<T>>(from[row * channels + channel]);
  }
};

template <class T, class Index>
struct Planes {
  const T* from;
  std::int64_t channels;
  std::int64_t inner;
  IndexDivisor<Index> by_inner;
  __device__ Compute<T> at(std::int64_t row, std::int64_t channel) const {
    auto place = static_cast<Index>(row);
    const std::int64_t image = by_inner.split(&place);
    return static_cast<Compute<T>>(from[(image * channels + channel) * inner + place]);
  }
};

// The sum of rows `begin` to `end` for the threads below plan.columns.
template <class Part, class Source>
__device__ Part sum_rows(const Source& rows, const SumPlan& plan, std::int64_t first_channel,
                         std::int64_t begin, std::int64_t end, Part* shared) {
  constexpr int kChains = 4;
  const auto thread = static_cast<int>(threadIdx.x);
  const std::int64_t channel = first_channel + thread % plan.columns;
  const int row = thread / plan.columns;
  Part sums[kChains] = {};
  if (row < plan.beside && channel < plan.channels) {
    std::int64_t r = begin + row;
    for (; r + (kChains - 1) * plan.beside < end; r += kChains * plan.beside) {
      for (int i = 0; i < kChains; ++i) sums[i] += rows.at(r + i * plan.beside, channel);
    }
    for (; r < end; r += plan.beside) sums[0] += rows.at(r, channel);
  }
  __syncthreads();  // what was in `shared` has been read
  shared[thread] = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  __syncthreads();
  // Halves of the rows beside each other, until one is left.
  for (int left = plan.beside; left > 1; left = (left + 1) / 2) {
    const int half = (left + 1) / 2;
    if (row + half < left) shared[thread] += shared[thread + half * plan.columns];
    __syncthreads();
  }
  return shared[thread];
}

template <class Source, class T>
__global__ void __launch_bounds__(kLoopBlock, 4)
    channel_sums_kernel(const __grid_constant__ Source rows, T* out, Compute<T>* partial,
                        unsigned* arrivals, const __grid_constant__ SumPlan plan) {
  __shared__ Compute<T> shared[kLoopBlock];
  __shared__ bool last;
  const auto part = static_cast<std::int64_t>(blockIdx.x) % plan.parts;
  const auto tile = static_cast<std::int64_t>(blockIdx.x) / plan.parts;
  const std::int64_t first = tile * plan.columns;
  const std::int64_t channel = first + threadIdx.x;
  const bool writes = static_cast<int>(threadIdx.x) < plan.columns && channel < plan.channels;
  const std::int64_t begin = part * plan.part_rows;
  const std::int64_t end = min(begin + plan.part_rows, plan.rows);
  Compute<T> sum = sum_rows(rows, plan, first, begin, end, shared);
  if (plan.parts > 1) {
    if (writes) partial[part * plan.channels + channel] = sum;
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0) {
      const auto most = static_cast<unsigned>(plan.parts - 1);
      last = atomicInc(arrivals + tile, most) == most;
    }
    __syncthreads();
    if (!last) return;
    __threadfence();
    const Rows<Compute<T>> parts{partial, plan.channels};
    sum = sum_rows(parts, plan, first, 0, plan.parts, shared);
  }
  if (writes) out[channel] = static_cast<T>(sum);
}

constexpr std::int64_t kPartSteps = 64;  // rows that a thread adds up, at least
constexpr std::int64_t kMostParts = 512;

SumPlan sum_plan(const ChannelLayout& layout) {
  SumPlan plan{.channels = layout.channels, .rows = layout.outer * layout.inner};
  plan.columns =
      layout.inner > 1 ? 1 : static_cast<int>(std::min<std::int64_t>(layout.channels, kLoopBlock));
  plan.beside = kLoopBlock / plan.columns;
  const std::int64_t tiles = (layout.channels + plan.columns - 1) / plan.columns;
  if (tiles <= device::cuda::CudaContext::kArrivals) {
    const std::int64_t step = kPartSteps * plan.beside;
    plan.parts = static_cast<int>(std::clamp<std::int64_t>(
        (plan.rows + step - 1) / step, 1, std::max<std::int64_t>(1, kMostParts / tiles)));
  }
  plan.part_rows = (plan.rows + plan.parts - 1) / plan.parts;
  return plan;
}

template <class Source, class T>
void launch_sums(Device device, const ChannelLayout& layout, const Source& rows, T* out) {
  const SumPlan plan = sum_plan(layout);
  const std::int64_t tiles = (plan.channels + plan.columns - 1) / plan.columns;
  RefPtr<Buffer> memory;
  Compute<T>* partial = nullptr;
  if (plan.parts > 1) {
    const auto sums = static_cast<std::size_t>(plan.parts * plan.channels);
    memory = Buffer::allocate(device, sums * sizeof(Compute<T>));
    partial = static_cast<Compute<T>*>(memory->data());
  }
  launch<channel_sums_kernel<Source, T>>(device, {.grid = tiles * plan.parts, .block = kLoopBlock},
                                         rows, out, partial,
                                         device::cuda::cuda_context(device).arrivals(), plan);
}

}  // namespace

void bias_gpu(Device device, DType dtype, const ChannelLayout& layout, const void* value,
              const void* bias, void* out, bool relu) {
  visit_dtype<float, double, half, bfloat16>(dtype, [&]<class T>() {
    const auto* from = static_cast<const T*>(value);
    const auto* added = static_cast<const T*>(bias);
    auto* to = static_cast<T*>(out);
    if (layout.size() < wide_index_limit()) {
      launch_bias<T, std::int32_t>(device, layout, from, added, to, relu);
    } else {
      launch_bias<T, std::int64_t>(device, layout, from, added, to, relu);
    }
  });
}

void channel_sums_gpu(Device device, DType dtype, const ChannelLayout& layout, const void* value,
                      void* out) {
  if (layout.channels == 0) return;
  visit_dtype<float, double, half, bfloat16>(dtype, [&]<class T>() {
    const auto* from = static_cast<const T*>(value);
    auto* to = static_cast<T*>(out);
    if (layout.inner == 1) {
      launch_sums(device, layout, Rows<T>{from, layout.channels}, to);
    } else if (layout.size() < wide_index_limit()) {
      using Index = std::int32_t;
      launch_sums(
          device, layout,
          Planes<T, Index>{from, layout.channels, layout.inner, IndexDivisor<Index>(layout.inner)},
          to);
    } else {
      using Index = std::int64_t;
      launch_sums(
          device, layout,
          Planes<T, Index>{from, layout.channels, layout.inner, IndexDivisor<Index>(layout.inner)},
          to);
    }
  });
}

}  // namespace keen::detail
