#include "kernels/detail/channel_sums.h"

#include "kernels/detail/scratch.h"
#include "runtime/device/cpu/parallel.h"

namespace keen::detail {
namespace {

// Adds the sums of a block's columns to `sums`.
template <class T>
void add_block(const T* x, std::int64_t rows, std::int64_t width, double* sums) {
  using S = Simd<T>;
  for_each_strip<T>(width, [&](std::int64_t at, auto vectors, std::int64_t lanes) {
    constexpr int kVectors = decltype(vectors)::value;
    typename S::Vector sum[kVectors];
    for (int v = 0; v < kVectors; ++v) sum[v] = S::zero();
    for (std::int64_t r = 0; r < rows; ++r) {
      for (int v = 0; v < kVectors; ++v) {
        sum[v] = S::add(sum[v], load_first(x + r * width + at + v * S::kLanes, lanes));
      }
    }
    alignas(32) T values[S::kLanes];
    for (int v = 0; v < kVectors; ++v) {
      S::store(values, sum[v]);
      for (std::int64_t i = 0; i < lanes; ++i) {
        sums[at + v * S::kLanes + i] += static_cast<double>(values[i]);
      }
    }
  });
}

template <class T>
void chunk_sums(const T* x, std::int64_t rows, std::int64_t width, double* sums) {
  std::fill_n(sums, width, 0.0);
  const std::int64_t step = block_rows<T>(width);
  for (std::int64_t r = 0; r < rows; r += step) {
    add_block(x + r * width, std::min(step, rows - r), width, sums);
  }
}

}  // namespace

template <class T>
void channel_sums(device::DeviceContext& device, ChannelRows size, const T* x, T* out) {
  if (size.channels == 0) return;
  const Wide wide(size);
  const Chunks chunks(wide);
  const Scratch memory = scratch_of<double>(device, (chunks.count + 1) * wide.width);
  auto* parts = memory.data<double>();
  device::cpu::parallel_for(
      threads_for(device, size), chunks.count, 1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) {
          chunk_sums(x + chunks.begin(i) * wide.width, chunks.begin(i + 1) - chunks.begin(i),
                     wide.width, parts + i * wide.width);
        }
      });
  double* rest = parts + chunks.count * wide.width;
  chunk_sums(x + wide.rows * wide.width, wide.rest, size.channels, rest);
  for (std::int64_t c = 0; c < size.channels; ++c) {
    double total = rest[c];
    for (std::int64_t i = 0; i < chunks.count * wide.fold; ++i)
      total += parts[i * size.channels + c];
    out[c] = static_cast<T>(total);
  }
}

template void channel_sums(device::DeviceContext&, ChannelRows, const float*, float*);
template void channel_sums(device::DeviceContext&, ChannelRows, const double*, double*);

}  // namespace keen::detail
