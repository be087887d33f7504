#pragma once
#include <cudnn.h>

#include <array>
#include <optional>
#include <string>

#include "tests/sim/core/machine.h"
#include "tests/sim/libraries/library.h"
#include "tests/sim/libraries/numeric.h"

namespace keen::sim {

// A tensor of four dimensions in the order n, c, h, w, or a filter in the order k, c, r, s.
struct Tensor {
  bool set = false;
  Type type = Type::kFloat;
  std::array<long, 4> sizes{};
  std::array<long, 4> strides{};

  long n() const { return sizes[0]; }
  long c() const { return sizes[1]; }
  long h() const { return sizes[2]; }
  long w() const { return sizes[3]; }
  long elements() const { return n() * c() * h() * w(); }
  std::size_t at(long i, long j, long y, long x) const {
    return static_cast<std::size_t>(i * strides[0] + j * strides[1] + y * strides[2] +
                                    x * strides[3]);
  }
  // From the first element to behind the last one, gaps included.
  std::size_t bytes() const;
  bool is_packed() const;
  bool is_nchw() const;  // packed in that order; a tensor can be both
  bool is_nhwc() const;
};

}  // namespace keen::sim

// The objects that cuDNN's headers declare.
// NOLINTBEGIN(readability-identifier-naming)
struct cudnnContext {
  int device = 0;
  cudaStream_t stream = nullptr;
  keen::sim::LastCall last_call;
};
struct cudnnTensorStruct {
  keen::sim::Tensor tensor;
};
struct cudnnFilterStruct {
  keen::sim::Tensor tensor;
  cudnnTensorFormat_t format = CUDNN_TENSOR_NCHW;
};
struct cudnnConvolutionStruct {
  bool set = false;
  long pad_h = 0, pad_w = 0;
  long stride_h = 1, stride_w = 1;
  long dilation_h = 1, dilation_w = 1;
  long groups = 1;
  cudnnDataType_t compute = CUDNN_DATA_FLOAT;
  cudnnMathType_t math = CUDNN_DEFAULT_MATH;
};
struct cudnnActivationStruct {
  bool set = false;
  cudnnActivationMode_t mode = CUDNN_ACTIVATION_RELU;
  cudnnNanPropagation_t nan = CUDNN_NOT_PROPAGATE_NAN;
  double coefficient = 0;
};
struct cudnnPoolingStruct {
  bool set = false;
  cudnnPoolingMode_t mode = CUDNN_POOLING_MAX;
  cudnnNanPropagation_t nan = CUDNN_NOT_PROPAGATE_NAN;
  long window_h = 1, window_w = 1;
  long pad_h = 0, pad_w = 0;
  long stride_h = 1, stride_w = 1;
};
// NOLINTEND(readability-identifier-naming)

namespace keen::sim {

std::optional<Type> dnn_type(cudnnDataType_t type);
cudnnDataType_t dnn_type(Type type);

// The tensor that a descriptor tells; nullptr: it is none, or was never set.
const Tensor* tensor_of(cudnnTensorDescriptor_t descriptor);
const Tensor* tensor_of(cudnnFilterDescriptor_t descriptor);

// alpha and beta of a call: double for double tensors, else float
// (cuDNN, "Scaling Parameters").
struct Scaling {
  double alpha = 1;
  double beta = 0;
};
bool read_scaling(const char* api, const void* alpha, const void* beta, Type type,
                  Scaling* scaling);

// The beginning of every call that does work: the injected failure, the handle and its device.
// CUDNN_STATUS_SUCCESS: go on.
cudnnStatus_t begin(const char* api, cudnnHandle_t handle);

// One tensor of a call.
struct Operand {
  const char* name;
  const Tensor* tensor;
  const void* data;
};

// A further output of a call, read as well where a factor blends it.
struct Result {
  Operand operand;
  bool is_read;
};

// A call that reads `inputs` and writes `output`, which it reads as well unless beta is 0.
// Checks the memory; `body` is what it does.
struct TensorCall {
  const char* api;
  cudnnHandle_t handle;
  std::vector<Operand> inputs;
  Operand output;
  bool reads_output = false;
  std::vector<Result> further_outputs = {};
  long long flops = 0;
  void* workspace = nullptr;
  std::size_t workspace_bytes = 0;
  std::function<void()> body;
};
cudnnStatus_t enqueue_call(const TensorCall& call);

// output[index] = alpha * value + beta * output[index]
inline void blend(void* output, Type type, std::size_t index, double value,
                  const Scaling& scaling) {
  double result = scaling.alpha * value;
  if (scaling.beta != 0) result += scaling.beta * load(output, type, index);
  store(output, type, index, result);
}

}  // namespace keen::sim
