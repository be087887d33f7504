// What the programs of the libraries' tests share: handles, descriptors, values.
#pragma once
#include <cublasLt.h>
#include <cublas_v2.h>
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cudnn.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "tests/sim/programs/check.h"

namespace keen::sim::test {

// What the libraries call the types of C++, and how many bits of a value they keep.
template <class T>
struct TypeOf;
template <>
struct TypeOf<float> {
  static constexpr cudaDataType blas = CUDA_R_32F;
  static constexpr cudnnDataType_t dnn = CUDNN_DATA_FLOAT;
  static constexpr double error = 1e-5;
};
template <>
struct TypeOf<__half> {
  static constexpr cudaDataType blas = CUDA_R_16F;
  static constexpr cudnnDataType_t dnn = CUDNN_DATA_HALF;
  static constexpr double error = 2e-3;
};
template <>
struct TypeOf<__nv_bfloat16> {
  static constexpr cudaDataType blas = CUDA_R_16BF;
  static constexpr cudnnDataType_t dnn = CUDNN_DATA_BFLOAT16;
  static constexpr double error = 1.6e-2;
};

// Small values that a float, but not every 16-bit type, holds exactly; of both signs.
template <class T>
std::vector<T> some_values(int count, int step, float scale = 1) {
  std::vector<T> made(count);
  for (int i = 0; i < count; ++i) {
    made[i] = static_cast<T>(scale * (static_cast<float>(i * step % 41) / 41 - 0.45F));
  }
  return made;
}

inline double to_double(float value) { return value; }
inline double to_double(__half value) { return __half2float(value); }
inline double to_double(__nv_bfloat16 value) { return __bfloat162float(value); }

// Whether all results lie within the type's error of what the host has in double.
template <class T>
bool are_close(const std::vector<T>& got, const std::vector<double>& wanted) {
  for (std::size_t i = 0; i < got.size(); ++i) {
    const double error = TypeOf<T>::error * (1 + std::fabs(wanted[i]));
    if (!(std::fabs(to_double(got[i]) - wanted[i]) <= error)) return false;
  }
  return got.size() == wanted.size();
}

inline cudnnTensorDescriptor_t tensor(cudnnTensorFormat_t format, cudnnDataType_t type, int n,
                                      int c, int h, int w) {
  cudnnTensorDescriptor_t made = nullptr;
  KEEN_STATUS_CHECK(cudnnCreateTensorDescriptor(&made));
  KEEN_STATUS_CHECK(cudnnSetTensor4dDescriptor(made, format, type, n, c, h, w));
  return made;
}

// A tensor's sizes and order; of a filter n is the outputs and c the inputs of a group.
struct Shape {
  int n, c, h, w;
  bool nhwc;

  int count() const { return n * c * h * w; }
  int at(int i, int j, int y, int x) const {
    return nhwc ? ((i * h + y) * w + x) * c + j : ((i * c + j) * h + y) * w + x;
  }
  cudnnTensorFormat_t format() const { return nhwc ? CUDNN_TENSOR_NHWC : CUDNN_TENSOR_NCHW; }
};

template <class T>
cudnnTensorDescriptor_t describe(const Shape& s) {
  return tensor(s.format(), TypeOf<T>::dnn, s.n, s.c, s.h, s.w);
}

inline cudnnFilterDescriptor_t filter(cudnnTensorFormat_t format, cudnnDataType_t type, int k,
                                      int c, int h, int w) {
  cudnnFilterDescriptor_t made = nullptr;
  KEEN_STATUS_CHECK(cudnnCreateFilterDescriptor(&made));
  KEEN_STATUS_CHECK(cudnnSetFilter4dDescriptor(made, type, format, k, c, h, w));
  return made;
}

// Of float accumulation, at full precision.
inline cudnnConvolutionDescriptor_t convolution(int pad, int stride, int dilation, int groups) {
  cudnnConvolutionDescriptor_t made = nullptr;
  KEEN_STATUS_CHECK(cudnnCreateConvolutionDescriptor(&made));
  KEEN_STATUS_CHECK(cudnnSetConvolution2dDescriptor(made, pad, pad, stride, stride, dilation,
                                                    dilation, CUDNN_CROSS_CORRELATION,
                                                    CUDNN_DATA_FLOAT));
  KEEN_STATUS_CHECK(cudnnSetConvolutionGroupCount(made, groups));
  KEEN_STATUS_CHECK(cudnnSetConvolutionMathType(made, CUDNN_FMA_MATH));
  return made;
}

inline cudnnHandle_t dnn_handle(cudaStream_t stream = nullptr) {
  cudnnHandle_t made = nullptr;
  KEEN_STATUS_CHECK(cudnnCreate(&made));
  KEEN_STATUS_CHECK(cudnnSetStream(made, stream));
  return made;
}

inline cublasHandle_t blas_handle(cudaStream_t stream = nullptr) {
  cublasHandle_t made = nullptr;
  KEEN_STATUS_CHECK(cublasCreate(&made));
  KEEN_STATUS_CHECK(cublasSetStream(made, stream));
  return made;
}

inline cublasLtHandle_t lt_handle() {
  cublasLtHandle_t made = nullptr;
  KEEN_STATUS_CHECK(cublasLtCreate(&made));
  return made;
}

template <class T>
void set_attribute(cublasLtMatmulDesc_t operation, cublasLtMatmulDescAttributes_t attribute,
                   T value) {
  KEEN_STATUS_CHECK(cublasLtMatmulDescSetAttribute(operation, attribute, &value, sizeof value));
}
template <class T>
void set_attribute(cublasLtMatmulPreference_t preference,
                   cublasLtMatmulPreferenceAttributes_t attribute, T value) {
  KEEN_STATUS_CHECK(
      cublasLtMatmulPreferenceSetAttribute(preference, attribute, &value, sizeof value));
}

// d = epilogue(a b), column-major, of `type`; d is m x n, with k products per element.
struct LtProblem {
  cublasLtMatmulDesc_t operation = nullptr;
  cublasLtMatrixLayout_t a = nullptr, b = nullptr, d = nullptr;
  cublasLtMatmulPreference_t preference = nullptr;

  LtProblem(cudaDataType type, int m, int n, int k, cublasLtEpilogue_t epilogue, int batch = 1) {
    KEEN_STATUS_CHECK(cublasLtMatmulDescCreate(&operation, CUBLAS_COMPUTE_32F, CUDA_R_32F));
    set(CUBLASLT_MATMUL_DESC_EPILOGUE, epilogue);
    a = layout(type, m, k, batch);
    b = layout(type, k, n, batch);
    d = layout(type, m, n, batch);
    KEEN_STATUS_CHECK(cublasLtMatmulPreferenceCreate(&preference));
  }

  static cublasLtMatrixLayout_t layout(cudaDataType type, int rows, int columns, int batch) {
    cublasLtMatrixLayout_t made = nullptr;
    const std::int64_t stride = static_cast<std::int64_t>(rows) * columns;
    KEEN_STATUS_CHECK(cublasLtMatrixLayoutCreate(&made, type, rows, columns, rows));
    KEEN_STATUS_CHECK(cublasLtMatrixLayoutSetAttribute(made, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT,
                                                       &batch, sizeof batch));
    KEEN_STATUS_CHECK(cublasLtMatrixLayoutSetAttribute(
        made, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, &stride, sizeof stride));
    return made;
  }

  template <class T>
  void set(cublasLtMatmulDescAttributes_t attribute, T value) {
    set_attribute(operation, attribute, value);
  }
  template <class T>
  void prefer(cublasLtMatmulPreferenceAttributes_t attribute, T value) {
    set_attribute(preference, attribute, value);
  }
  // What an auxiliary buffer needs beside its pointer; sizes in elements, of a mask in bits.
  void set_auxiliary(void* data, std::int64_t leading, std::int64_t batch_stride = 0) {
    set(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER, data);
    set(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD, leading);
    set(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_BATCH_STRIDE, batch_stride);
  }

  // False: the library has none.
  bool find(cublasLtHandle_t lt, cublasLtMatmulHeuristicResult_t* found) const {
    int count = 0;
    const cublasStatus_t status =
        cublasLtMatmulAlgoGetHeuristic(lt, operation, a, b, d, d, preference, 1, found, &count);
    return status == CUBLAS_STATUS_SUCCESS && count == 1;
  }
  cublasStatus_t run(cublasLtHandle_t lt, const cublasLtMatmulAlgo_t* algorithm, const void* x,
                     const void* y, void* out, void* workspace = nullptr, std::size_t bytes = 0,
                     cudaStream_t stream = nullptr) const {
    const float one = 1, zero = 0;
    return cublasLtMatmul(lt, operation, &one, x, a, y, b, &zero, out, d, out, d, algorithm,
                          workspace, bytes, stream);
  }
};

}  // namespace keen::sim::test
