#pragma once
#include "tests/sim/libraries/cudnn_types.h"

namespace keen::sim {

// What the entries that set a descriptor in two dimensions or in n have in common.

template <class T>
cudnnStatus_t begin_set(const char* api, const T* descriptor) {
  if (const int e = enter(api)) return static_cast<cudnnStatus_t>(e);
  return registry<T>().has(descriptor) ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_BAD_PARAM;
}

cudnnStatus_t set_tensor(const char* api, cudnnDataType_t data_type,
                         const std::array<long, 4>& sizes, const std::array<long, 4>& strides,
                         Tensor* tensor);
// Without gaps, in the order that `format` names.
cudnnStatus_t set_packed(const char* api, cudnnTensorFormat_t format, cudnnDataType_t type,
                         const std::array<long, 4>& sizes, Tensor* tensor);

struct Pair {
  long h, w;
};
cudnnStatus_t set_convolution(const char* api, Pair pad, Pair stride, Pair dilation,
                              cudnnConvolutionMode_t mode, cudnnDataType_t compute,
                              cudnnConvolutionDescriptor_t descriptor);
cudnnStatus_t set_pooling(cudnnPoolingMode_t mode, cudnnNanPropagation_t nan, Pair window, Pair pad,
                          Pair stride, cudnnPoolingDescriptor_t descriptor);

}  // namespace keen::sim
