#include "kernels/detail/strided_copy.h"

#include <algorithm>

#include "runtime/device/cpu/parallel.h"

namespace keen::detail {
namespace {

constexpr std::int64_t kGrain = 32 * 1024;
// Side of the blocks in which a transpose walks: one cache line of float32 a side.
constexpr std::int64_t kBlock = 16;

template <class T>
void copy_line(const T* __restrict from, T* __restrict to, std::int64_t n, std::int64_t from_stride,
               std::int64_t to_stride) {
  if (from_stride == 1 && to_stride == 1) {
    std::copy_n(from, n, to);
  } else if (from_stride == 0 && to_stride == 1) {
    std::fill_n(to, n, *from);
  } else {
    for (std::int64_t i = 0; i < n; ++i) to[i * to_stride] = from[i * from_stride];
  }
}

}  // namespace

std::array<std::int64_t, Shape::kMaxRank> dense_strides(const Shape& shape) {
  std::array<std::int64_t, Shape::kMaxRank> strides{};
  std::int64_t stride = 1;
  for (int i = shape.rank() - 1; i >= 0; --i) {
    strides[static_cast<std::size_t>(i)] = stride;
    stride *= shape.dim(i);
  }
  return strides;
}

void StridedCopy::add(std::int64_t size, std::int64_t from_stride, std::int64_t to_stride) {
  empty_ = empty_ || size == 0;
  if (size == 1) return;
  if (rank_ > 0) {
    Dim& outer = dims_[static_cast<std::size_t>(rank_ - 1)];
    if (outer.from == from_stride * size && outer.to == to_stride * size) {
      outer = {outer.size * size, from_stride, to_stride};
      return;
    }
  }
  dims_[static_cast<std::size_t>(rank_++)] = {size, from_stride, to_stride};
}

// The two innermost dimensions are copied in planes, the others counted through. Where the second
// innermost one is what lies densely in `from`, planes go block by block.
template <class T>
void StridedCopy::run_typed(const T* from, T* to, int threads) const {
  std::array<Dim, Shape::kMaxRank> dims = dims_;
  int rank = rank_;
  while (rank < 2) {  // lines of one element, planes of one line
    std::copy_backward(dims.begin(), dims.begin() + rank, dims.begin() + rank + 1);
    dims[0] = {1, 0, 0};
    ++rank;
  }
  const auto last = static_cast<std::size_t>(rank - 1);
  if (dims[last].from != 1) {  // bring the dimension that is dense in `from` next to the last
    for (std::size_t i = 0; i + 1 < last; ++i) {
      if (dims[i].from == 1)
        std::rotate(dims.begin() + static_cast<std::ptrdiff_t>(i),
                    dims.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                    dims.begin() + static_cast<std::ptrdiff_t>(last));
    }
  }
  const Dim row = dims[last - 1];
  const Dim column = dims[last];
  const bool blocked = row.from == 1 && column.from != 1 && column.size > 1;
  const std::int64_t height = blocked ? kBlock : 1;
  const std::int64_t strips = (row.size + height - 1) / height;
  std::int64_t items = strips;
  for (std::size_t i = 0; i + 1 < last; ++i) items *= dims[i].size;
  const std::int64_t each = std::max<std::int64_t>(1, height * column.size);
  device::cpu::parallel_for(
      threads, items, std::max<std::int64_t>(1, kGrain / each),
      [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t item = begin; item < end; ++item) {
          const std::int64_t first = (item % strips) * height;
          std::int64_t rest = item / strips;
          std::int64_t read = first * row.from;
          std::int64_t write = first * row.to;
          for (std::size_t i = last - 1; i-- > 0;) {
            const std::int64_t at = rest % dims[i].size;
            rest /= dims[i].size;
            read += at * dims[i].from;
            write += at * dims[i].to;
          }
          if (!blocked) {
            copy_line(from + read, to + write, column.size, column.from, column.to);
            continue;
          }
          const std::int64_t rows = std::min(height, row.size - first);
          for (std::int64_t c = 0; c < column.size; c += kBlock) {
            const std::int64_t columns = std::min(kBlock, column.size - c);
            for (std::int64_t r = 0; r < rows; ++r) {
              copy_line(from + read + r + c * column.from, to + write + r * row.to + c * column.to,
                        columns, column.from, column.to);
            }
          }
        }
      });
}

void StridedCopy::run(device::DeviceContext& device, const void* from, void* to,
                      std::size_t element_bytes) const {
  if (empty_) return;
#ifdef KEEN_HAS_CUDA
  if (device.device().type == DeviceType::kGpu) {
    run_gpu(device.device(), from, to, element_bytes);
    return;
  }
#endif
  const int threads = device.threads();
  if (element_bytes == 1) {
    run_typed(static_cast<const std::uint8_t*>(from), static_cast<std::uint8_t*>(to), threads);
  } else if (element_bytes == 2) {
    run_typed(static_cast<const std::uint16_t*>(from), static_cast<std::uint16_t*>(to), threads);
  } else if (element_bytes == 4) {
    run_typed(static_cast<const std::uint32_t*>(from), static_cast<std::uint32_t*>(to), threads);
  } else {
    run_typed(static_cast<const std::uint64_t*>(from), static_cast<std::uint64_t*>(to), threads);
  }
}

}  // namespace keen::detail
