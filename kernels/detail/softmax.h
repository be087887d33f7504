// Softmax and cross entropies along the rows of a matrix, on plain pointers. T is float or double.
#pragma once

#include <cstdint>

namespace keen::device {
class DeviceContext;
}

namespace keen::detail {

struct RowMatrix {
  std::int64_t rows = 0;
  std::int64_t columns = 0;
};

// y = exp(x - max) / sum(exp(x - max)) of each row.
template <class T>
void softmax(device::DeviceContext& device, RowMatrix size, const T* x, T* y);

// y = x - max - log(sum(exp(x - max))) of each row.
template <class T>
void log_softmax(device::DeviceContext& device, RowMatrix size, const T* x, T* y);

// loss[row] = -sum(labels * log_softmax(x)); gradient = softmax(x) - labels.
template <class T>
void cross_entropy(device::DeviceContext& device, RowMatrix size, const T* x, const T* labels,
                   T* loss, T* gradient);

// The same for labels that are the number of one column each, 0 <= label < columns.
template <class T, class Label>
void sparse_cross_entropy(device::DeviceContext& device, RowMatrix size, const T* x,
                          const Label* labels, T* loss, T* gradient);

}  // namespace keen::detail
