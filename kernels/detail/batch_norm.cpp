#include "kernels/detail/batch_norm.h"

#include <algorithm>
#include <initializer_list>

#include "kernels/detail/scratch.h"
#include "runtime/device/cpu/parallel.h"

namespace keen::detail {
namespace {

// Mean and sum of squares around it of each column of a block.
template <class T>
void block_moments(const T* x, std::int64_t rows, std::int64_t width, T* mean, T* squares) {
  using S = Simd<T>;
  for_each_strip<T>(width, [&](std::int64_t at, auto vectors, std::int64_t lanes) {
    constexpr int kVectors = decltype(vectors)::value;
    typename S::Vector sum[kVectors];
    typename S::Vector square[kVectors];
    for (int v = 0; v < kVectors; ++v) sum[v] = square[v] = S::zero();
    for (std::int64_t r = 0; r < rows; ++r) {
      for (int v = 0; v < kVectors; ++v) {
        sum[v] = S::add(sum[v], load_first(x + r * width + at + v * S::kLanes, lanes));
      }
    }
    const auto share = S::set1(T{1} / static_cast<T>(rows));
    for (auto& each : sum) each = S::mul(each, share);
    for (std::int64_t r = 0; r < rows; ++r) {
      for (int v = 0; v < kVectors; ++v) {
        const auto centred = S::sub(load_first(x + r * width + at + v * S::kLanes, lanes), sum[v]);
        square[v] = S::fma(centred, centred, square[v]);
      }
    }
    for (int v = 0; v < kVectors; ++v) {
      S::store_first(mean + at + v * S::kLanes, lanes, sum[v]);
      S::store_first(squares + at + v * S::kLanes, lanes, square[v]);
    }
  });
}

// Moments of some rows of one column.
struct Moments {
  double count = 0;
  double mean = 0;
  double squares = 0;

  void merge(double other_count, double other_mean, double other_squares) {
    if (other_count == 0) return;
    const double total = count + other_count;
    const double difference = other_mean - mean;
    mean += difference * (other_count / total);
    squares += other_squares + difference * difference * (count * other_count / total);
    count = total;
  }
};

// Moments of the columns of x[rows, width]. `block` has room for two rows.
template <class T>
void chunk_moments(const T* x, std::int64_t rows, std::int64_t width, T* block, Moments* out) {
  const std::int64_t step = block_rows<T>(width);
  std::fill_n(out, width, Moments{});
  for (std::int64_t r = 0; r < rows; r += step) {
    const std::int64_t taken = std::min(step, rows - r);
    block_moments(x + r * width, taken, width, block, block + width);
    for (std::int64_t c = 0; c < width; ++c) {
      out[c].merge(static_cast<double>(taken), static_cast<double>(block[c]),
                   static_cast<double>(block[width + c]));
    }
  }
}

// Whether an element of the forward result passed the rectifier; always without one.
template <class T, bool Relu>
typename Simd<T>::Vector passed(typename Simd<T>::Vector dy, typename Simd<T>::Vector centred,
                                const T* factor, const T* offset, std::int64_t lanes) {
  using S = Simd<T>;
  if constexpr (Relu) {
    const auto y = S::add(S::mul(centred, load_first(factor, lanes)), load_first(offset, lanes));
    return S::where_positive(y, dy);
  }
  return dy;
}

// Adds the sums over a block of rows of dy and dy * (x - mean) to `sums` and `sums_x`.
template <class T, bool Relu>
void block_sums(const T* dy, const T* x, std::int64_t rows, std::int64_t width,
                const BatchNormLine<T>& line, double* sums, double* sums_x) {
  using S = Simd<T>;
  for_each_strip<T>(width, [&](std::int64_t at, auto vectors, std::int64_t lanes) {
    constexpr int kVectors = decltype(vectors)::value;
    typename S::Vector sum[kVectors];
    typename S::Vector sum_x[kVectors];
    for (int v = 0; v < kVectors; ++v) sum[v] = sum_x[v] = S::zero();
    for (std::int64_t r = 0; r < rows; ++r) {
      for (int v = 0; v < kVectors; ++v) {
        const std::int64_t c = at + v * S::kLanes;
        const auto centred =
            S::sub(load_first(x + r * width + c, lanes), load_first(line.mean + c, lanes));
        const auto d = passed<T, Relu>(load_first(dy + r * width + c, lanes), centred,
                                       line.factor + c, line.offset + c, lanes);
        sum[v] = S::add(sum[v], d);
        sum_x[v] = S::fma(d, centred, sum_x[v]);
      }
    }
    alignas(32) T values[2][S::kLanes];
    for (int v = 0; v < kVectors; ++v) {
      S::store(values[0], sum[v]);
      S::store(values[1], sum_x[v]);
      for (std::int64_t i = 0; i < lanes; ++i) {
        sums[at + v * S::kLanes + i] += static_cast<double>(values[0][i]);
        sums_x[at + v * S::kLanes + i] += static_cast<double>(values[1][i]);
      }
    }
  });
}

template <class T>
void chunk_sums(const T* dy, const T* x, std::int64_t rows, std::int64_t width,
                const BatchNormLine<T>& line, double* out) {
  const std::int64_t step = block_rows<T>(width);
  std::fill_n(out, 2 * width, 0.0);
  for (std::int64_t r = 0; r < rows; r += step) {
    const std::int64_t at = r * width;
    const std::int64_t taken = std::min(step, rows - r);
    if (line.relu) {
      block_sums<T, true>(dy + at, x + at, taken, width, line, out, out + width);
    } else {
      block_sums<T, false>(dy + at, x + at, taken, width, line, out, out + width);
    }
  }
}

// Per-channel values repeated along a wide row.
template <class T>
class WideLine {
 public:
  WideLine(device::DeviceContext& device, const Wide& wide, std::int64_t channels,
           std::initializer_list<const T*> values)
      : width_(wide.width),
        memory_(scratch_of<T>(device, wide.width * static_cast<std::int64_t>(values.size()))) {
    T* out = memory_.template data<T>();
    for (const T* value : values) {
      for (std::int64_t f = 0; f < wide.fold; ++f) {
        if (value != nullptr) std::copy_n(value, channels, out + f * channels);
      }
      out += width_;
    }
  }
  [[nodiscard]] const T* operator[](std::int64_t i) const {
    return memory_.template data<T>() + i * width_;
  }

 private:
  std::int64_t width_;
  Scratch memory_;
};

template <class T>
void apply_row(const T* x, std::int64_t width, const BatchNormLine<T>& line, T* y) {
  if (line.relu) {
#pragma omp simd
    for (std::int64_t c = 0; c < width; ++c) {
      const T value = (x[c] - line.mean[c]) * line.factor[c] + line.offset[c];
      y[c] = value < T{0} ? T{0} : value;
    }
  } else {
#pragma omp simd
    for (std::int64_t c = 0; c < width; ++c) {
      y[c] = (x[c] - line.mean[c]) * line.factor[c] + line.offset[c];
    }
  }
}

template <class T>
void gradient_row(const T* dy, const T* x, std::int64_t width, const BatchNormLine<T>& line,
                  const T* shift, const T* slope, T* dx) {
  if (line.relu) {
#pragma omp simd
    for (std::int64_t c = 0; c < width; ++c) {
      const T centred = x[c] - line.mean[c];
      const T d = centred * line.factor[c] + line.offset[c] > T{0} ? dy[c] : T{0};
      dx[c] = line.factor[c] * (d - shift[c] - centred * slope[c]);
    }
  } else {
#pragma omp simd
    for (std::int64_t c = 0; c < width; ++c) {
      dx[c] = line.factor[c] * (dy[c] - shift[c] - (x[c] - line.mean[c]) * slope[c]);
    }
  }
}

}  // namespace

template <class T>
void batch_moments(device::DeviceContext& device, ChannelRows size, const T* x, T* mean,
                   T* variance) {
  const Wide wide(size);
  const Chunks chunks(wide);
  const Scratch parts = scratch_of<Moments>(device, (chunks.count + 1) * wide.width);
  const Scratch blocks = scratch_of<T>(device, (chunks.count + 1) * 2 * wide.width);
  auto* moments = parts.data<Moments>();
  const auto part = [&](std::int64_t chunk, const T* from, std::int64_t rows, std::int64_t width) {
    chunk_moments(from, rows, width, blocks.data<T>() + chunk * 2 * wide.width,
                  moments + chunk * wide.width);
  };
  device::cpu::parallel_for(
      threads_for(device, size), chunks.count, 1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) {
          const std::int64_t row = chunks.begin(i);
          part(i, x + row * wide.width, chunks.begin(i + 1) - row, wide.width);
        }
      });
  part(chunks.count, x + wide.rows * wide.width, wide.rest, size.channels);
  for (std::int64_t c = 0; c < size.channels; ++c) {
    Moments total;
    const auto merge = [&](const Moments& each) {
      total.merge(each.count, each.mean, each.squares);
    };
    for (std::int64_t i = 0; i < chunks.count; ++i) {
      for (std::int64_t f = 0; f < wide.fold; ++f) {
        merge(moments[i * wide.width + f * size.channels + c]);
      }
    }
    merge(moments[chunks.count * wide.width + c]);
    mean[c] = static_cast<T>(total.mean);
    variance[c] = static_cast<T>(total.squares / total.count);
  }
}

template <class T>
void batch_norm_apply(device::DeviceContext& device, ChannelRows size, const T* x,
                      const BatchNormLine<T>& line, T* y) {
  const Wide wide(size);
  const WideLine<T> values(device, wide, size.channels, {line.mean, line.factor, line.offset});
  const BatchNormLine<T> row{values[0], values[1], values[2], line.relu};
  device::cpu::parallel_for(threads_for(device, size), wide.rows, 1,
                            [&](std::int64_t begin, std::int64_t end) {
                              for (std::int64_t r = begin; r < end; ++r) {
                                apply_row(x + r * wide.width, wide.width, row, y + r * wide.width);
                              }
                            });
  const std::int64_t done = wide.rows * wide.width;
  apply_row(x + done, wide.rest * size.channels, row, y + done);
}

template <class T>
void batch_norm_sums(device::DeviceContext& device, ChannelRows size, const T* dy, const T* x,
                     const BatchNormLine<T>& line, T* sum_dy, T* sum_dy_x) {
  const Wide wide(size);
  const Chunks chunks(wide);
  const WideLine<T> values(device, wide, size.channels, {line.mean, line.factor, line.offset});
  const BatchNormLine<T> row{values[0], values[1], values[2], line.relu};
  const Scratch memory = scratch_of<double>(device, (chunks.count + 1) * 2 * wide.width);
  auto* parts = memory.data<double>();
  device::cpu::parallel_for(threads_for(device, size), chunks.count, 1,
                            [&](std::int64_t begin, std::int64_t end) {
                              for (std::int64_t i = begin; i < end; ++i) {
                                const std::int64_t at = chunks.begin(i) * wide.width;
                                chunk_sums(dy + at, x + at, chunks.begin(i + 1) - chunks.begin(i),
                                           wide.width, row, parts + i * 2 * wide.width);
                              }
                            });
  double* rest = parts + chunks.count * 2 * wide.width;
  const std::int64_t done = wide.rows * wide.width;
  chunk_sums(dy + done, x + done, wide.rest, size.channels, row, rest);
  for (std::int64_t c = 0; c < size.channels; ++c) {
    double sum = rest[c];
    double sum_x = rest[size.channels + c];
    for (std::int64_t i = 0; i < chunks.count; ++i) {
      for (std::int64_t f = 0; f < wide.fold; ++f) {
        sum += parts[i * 2 * wide.width + f * size.channels + c];
        sum_x += parts[(i * 2 + 1) * wide.width + f * size.channels + c];
      }
    }
    sum_dy[c] = static_cast<T>(sum);
    sum_dy_x[c] = static_cast<T>(sum_x);
  }
}

template <class T>
void batch_norm_input_gradient(device::DeviceContext& device, ChannelRows size, const T* dy,
                               const T* x, const BatchNormLine<T>& line, const T* shift,
                               const T* slope, T* dx) {
  const Wide wide(size);
  const WideLine<T> values(device, wide, size.channels,
                           {line.mean, line.factor, line.offset, shift, slope});
  const BatchNormLine<T> row{values[0], values[1], values[2], line.relu};
  device::cpu::parallel_for(
      threads_for(device, size), wide.rows, 1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t r = begin; r < end; ++r) {
          const std::int64_t at = r * wide.width;
          gradient_row(dy + at, x + at, wide.width, row, values[3], values[4], dx + at);
        }
      });
  const std::int64_t done = wide.rows * wide.width;
  gradient_row(dy + done, x + done, wide.rest * size.channels, row, values[3], values[4],
               dx + done);
}

#define KEEN_INSTANTIATE(T)                                                                        \
  template void batch_moments(device::DeviceContext&, ChannelRows, const T*, T*, T*);              \
  template void batch_norm_apply(device::DeviceContext&, ChannelRows, const T*,                    \
                                 const BatchNormLine<T>&, T*);                                     \
  template void batch_norm_sums(device::DeviceContext&, ChannelRows, const T*, const T*,           \
                                const BatchNormLine<T>&, T*, T*);                                  \
  template void batch_norm_input_gradient(device::DeviceContext&, ChannelRows, const T*, const T*, \
                                          const BatchNormLine<T>&, const T*, const T*, T*)
KEEN_INSTANTIATE(float);
KEEN_INSTANTIATE(double);
#undef KEEN_INSTANTIATE

}  // namespace keen::detail
