#include "kernels/detail/softmax.h"

#include <algorithm>
#include <limits>

#include "kernels/detail/simd_math.h"
#include "runtime/device/cpu/parallel.h"
#include "runtime/device/device_context.h"

namespace keen::detail {
namespace {

constexpr std::int64_t kGrain = 4 * 1024;  // exponentials that are worth a thread

template <class Work>
void for_each_row(device::DeviceContext& device, RowMatrix size, Work&& work) {
  const std::int64_t grain = 1 + kGrain / std::max<std::int64_t>(1, size.columns);
  device::cpu::parallel_for(device.threads(), size.rows, grain,
                            [&](std::int64_t begin, std::int64_t end) {
                              for (std::int64_t r = begin; r < end; ++r) work(r, r * size.columns);
                            });
}

template <class T>
T row_max(const T* x, std::int64_t n) {
  T best = -std::numeric_limits<T>::infinity();
  for (std::int64_t i = 0; i < n; ++i) best = x[i] > best ? x[i] : best;
  return best;
}

// y = exp(x - max); returns the sum.
template <class T>
T exponentials(const T* x, std::int64_t n, T max, T* y) {
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) y[i] = math::exp(x[i] - max);
  T sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < n; ++i) sum += y[i];
  return sum;
}

template <class T>
void scale(T* y, std::int64_t n, T factor) {
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) y[i] *= factor;
}

}  // namespace

template <class T>
void softmax(device::DeviceContext& device, RowMatrix size, const T* x, T* y) {
  for_each_row(device, size, [&](std::int64_t, std::int64_t at) {
    const T sum = exponentials(x + at, size.columns, row_max(x + at, size.columns), y + at);
    scale(y + at, size.columns, T{1} / sum);
  });
}

template <class T>
void log_softmax(device::DeviceContext& device, RowMatrix size, const T* x, T* y) {
  for_each_row(device, size, [&](std::int64_t, std::int64_t at) {
    const T max = row_max(x + at, size.columns);
    const T log_sum = math::log(exponentials(x + at, size.columns, max, y + at));
#pragma omp simd
    for (std::int64_t i = 0; i < size.columns; ++i) y[at + i] = x[at + i] - max - log_sum;
  });
}

template <class T>
void cross_entropy(device::DeviceContext& device, RowMatrix size, const T* x, const T* labels,
                   T* loss, T* gradient) {
  for_each_row(device, size, [&](std::int64_t row, std::int64_t at) {
    const T max = row_max(x + at, size.columns);
    const T sum = exponentials(x + at, size.columns, max, gradient + at);
    const T log_sum = math::log(sum);
    const T share = T{1} / sum;
    T total = 0;
#pragma omp simd reduction(+ : total)
    for (std::int64_t i = 0; i < size.columns; ++i) {
      total += labels[at + i] * (log_sum - (x[at + i] - max));
      gradient[at + i] = gradient[at + i] * share - labels[at + i];
    }
    loss[row] = total;
  });
}

template <class T, class Label>
void sparse_cross_entropy(device::DeviceContext& device, RowMatrix size, const T* x,
                          const Label* labels, T* loss, T* gradient) {
  for_each_row(device, size, [&](std::int64_t row, std::int64_t at) {
    const auto label = static_cast<std::int64_t>(labels[row]);
    const T max = row_max(x + at, size.columns);
    const T sum = exponentials(x + at, size.columns, max, gradient + at);
    loss[row] = math::log(sum) - (x[at + label] - max);
    scale(gradient + at, size.columns, T{1} / sum);
    gradient[at + label] -= T{1};
  });
}

#define KEEN_INSTANTIATE(T)                                                                   \
  template void softmax(device::DeviceContext&, RowMatrix, const T*, T*);                     \
  template void log_softmax(device::DeviceContext&, RowMatrix, const T*, T*);                 \
  template void cross_entropy(device::DeviceContext&, RowMatrix, const T*, const T*, T*, T*); \
  template void sparse_cross_entropy(device::DeviceContext&, RowMatrix, const T*,             \
                                     const std::int32_t*, T*, T*);                            \
  template void sparse_cross_entropy(device::DeviceContext&, RowMatrix, const T*,             \
                                     const std::int64_t*, T*, T*)
KEEN_INSTANTIATE(float);
KEEN_INSTANTIATE(double);
#undef KEEN_INSTANTIATE

}  // namespace keen::detail
