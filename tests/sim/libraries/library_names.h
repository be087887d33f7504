#pragma once
#include <cublasLt.h>
#include <cudnn.h>

#include <cstddef>
#include <string_view>

namespace keen::sim {

enum class Direction { kForward, kBackwardData, kBackwardFilter };

// What the library support table calls the libraries' enumerators; the program that writes it and
// the stand-in that reads it share them.
template <class T>
struct Named {
  const char* name;
  T value;
};

inline constexpr Named<Direction> kDirectionNames[] = {
    {"forward", Direction::kForward},
    {"data_gradient", Direction::kBackwardData},
    {"filter_gradient", Direction::kBackwardFilter}};

inline constexpr Named<cudnnTensorFormat_t> kLayoutNames[] = {{"nhwc", CUDNN_TENSOR_NHWC},
                                                              {"nchw", CUDNN_TENSOR_NCHW}};

inline constexpr Named<cudnnDataType_t> kTypeNames[] = {{"float32", CUDNN_DATA_FLOAT},
                                                        {"float16", CUDNN_DATA_HALF},
                                                        {"bfloat16", CUDNN_DATA_BFLOAT16},
                                                        {"float64", CUDNN_DATA_DOUBLE}};

inline constexpr Named<cudnnMathType_t> kMathNames[] = {
    {"default", CUDNN_DEFAULT_MATH},
    {"tensor_op", CUDNN_TENSOR_OP_MATH},
    {"tensor_op_conversion", CUDNN_TENSOR_OP_MATH_ALLOW_CONVERSION},
    {"fma", CUDNN_FMA_MATH}};

inline constexpr Named<cudaDataType> kBlasTypeNames[] = {{"float32", CUDA_R_32F},
                                                         {"float16", CUDA_R_16F},
                                                         {"bfloat16", CUDA_R_16BF},
                                                         {"float64", CUDA_R_64F}};

inline constexpr Named<cublasComputeType_t> kComputeNames[] = {
    {"32f", CUBLAS_COMPUTE_32F},
    {"32f_fast_tf32", CUBLAS_COMPUTE_32F_FAST_TF32},
    {"64f", CUBLAS_COMPUTE_64F}};

inline constexpr Named<cublasLtEpilogue_t> kEpilogueNames[] = {
    {"default", CUBLASLT_EPILOGUE_DEFAULT},     {"bias", CUBLASLT_EPILOGUE_BIAS},
    {"relu", CUBLASLT_EPILOGUE_RELU},           {"relu_bias", CUBLASLT_EPILOGUE_RELU_BIAS},
    {"gelu_bias", CUBLASLT_EPILOGUE_GELU_BIAS}, {"bgrada", CUBLASLT_EPILOGUE_BGRADA},
    {"bgradb", CUBLASLT_EPILOGUE_BGRADB}};

// nullptr: the table has no name for it.
template <class T, std::size_t kCount>
const char* name_of(const Named<T> (&names)[kCount], T value) {
  for (const Named<T>& each : names) {
    if (each.value == value) return each.name;
  }
  return nullptr;
}

// nullptr: nothing is called so.
template <class T, std::size_t kCount>
const T* value_of(const Named<T> (&names)[kCount], std::string_view name) {
  for (const Named<T>& each : names) {
    if (each.name == name) return &each.value;
  }
  return nullptr;
}

}  // namespace keen::sim
