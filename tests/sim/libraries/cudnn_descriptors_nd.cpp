// Descriptors of n dimensions, of which the stand-in has four (two of space), and what the entries
// that read a descriptor give back.
#include "tests/sim/libraries/cudnn_descriptors.h"

namespace keen::sim {
namespace {

constexpr int kDimensions = 4;
constexpr int kSpace = 2;

// Three-dimensional convolutions and the like are not there.
cudnnStatus_t check_dimensions(const char* api, int given, int wanted) {
  if (given == wanted) return CUDNN_STATUS_SUCCESS;
  if (given <= 0 || given > CUDNN_DIM_MAX) return CUDNN_STATUS_BAD_PARAM;
  report_unsupported(api, std::to_string(given) + " dimensions");
  return CUDNN_STATUS_NOT_SUPPORTED;
}

std::array<long, 4> four(const int* values) { return {values[0], values[1], values[2], values[3]}; }
Pair pair(const int* values) { return {values[0], values[1]}; }

// Values that the caller did not ask for are left out: each array holds `room` of them.
void give(std::initializer_list<long> values, int room, int* to) {
  if (to == nullptr) return;
  for (const long value : values) {
    if (room-- <= 0) return;
    *to++ = static_cast<int>(value);
  }
}

template <class T, class V>
void give_one(V value, T* to) {
  if (to != nullptr) *to = static_cast<T>(value);
}

void give_sizes(const std::array<long, 4>& sizes, int room, int* to) {
  give({sizes[0], sizes[1], sizes[2], sizes[3]}, room, to);
}

cudnnConvolutionStruct* set_one(cudnnConvolutionDescriptor_t descriptor) {
  return descriptor->set ? descriptor : nullptr;
}

}  // namespace
}  // namespace keen::sim

using namespace keen::sim;  // NOLINT(google-build-using-namespace): the API is global

// NOLINTBEGIN(readability-identifier-naming)
extern "C" {

cudnnStatus_t cudnnSetTensorNdDescriptor(cudnnTensorDescriptor_t tensorDesc,
                                         cudnnDataType_t dataType, int nbDims, const int dimA[],
                                         const int strideA[]) {
  constexpr const char* kApi = "cudnnSetTensorNdDescriptor";
  const Guard guard(Machine::get());
  if (const auto status = begin_set(kApi, tensorDesc)) return status;
  if (const auto status = check_dimensions(kApi, nbDims, kDimensions)) return status;
  if (dimA == nullptr || strideA == nullptr) return CUDNN_STATUS_BAD_PARAM;
  return set_tensor(kApi, dataType, four(dimA), four(strideA), &tensorDesc->tensor);
}

cudnnStatus_t cudnnSetTensorNdDescriptorEx(cudnnTensorDescriptor_t tensorDesc,
                                           cudnnTensorFormat_t format, cudnnDataType_t dataType,
                                           int nbDims, const int dimA[]) {
  constexpr const char* kApi = "cudnnSetTensorNdDescriptorEx";
  const Guard guard(Machine::get());
  if (const auto status = begin_set(kApi, tensorDesc)) return status;
  if (const auto status = check_dimensions(kApi, nbDims, kDimensions)) return status;
  if (dimA == nullptr) return CUDNN_STATUS_BAD_PARAM;
  return set_packed(kApi, format, dataType, four(dimA), &tensorDesc->tensor);
}

cudnnStatus_t cudnnGetTensorNdDescriptor(cudnnTensorDescriptor_t tensorDesc, int nbDimsRequested,
                                         cudnnDataType_t* dataType, int* nbDims, int dimA[],
                                         int strideA[]) {
  const Guard guard(Machine::get());
  if (const auto status = begin_set("cudnnGetTensorNdDescriptor", tensorDesc)) return status;
  const Tensor* tensor = tensor_of(tensorDesc);
  if (tensor == nullptr || nbDimsRequested <= 0) return CUDNN_STATUS_BAD_PARAM;
  give_one(dnn_type(tensor->type), dataType);
  give_one(kDimensions, nbDims);
  give_sizes(tensor->sizes, nbDimsRequested, dimA);
  give_sizes(tensor->strides, nbDimsRequested, strideA);
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetTensor4dDescriptor(cudnnTensorDescriptor_t tensorDesc,
                                         cudnnDataType_t* dataType, int* n, int* c, int* h, int* w,
                                         int* nStride, int* cStride, int* hStride, int* wStride) {
  const Guard guard(Machine::get());
  if (const auto status = begin_set("cudnnGetTensor4dDescriptor", tensorDesc)) return status;
  const Tensor* tensor = tensor_of(tensorDesc);
  if (tensor == nullptr) return CUDNN_STATUS_BAD_PARAM;
  give_one(dnn_type(tensor->type), dataType);
  int* const sizes[] = {n, c, h, w};
  int* const strides[] = {nStride, cStride, hStride, wStride};
  for (std::size_t d = 0; d < kDimensions; ++d) {
    give_one(tensor->sizes[d], sizes[d]);
    give_one(tensor->strides[d], strides[d]);
  }
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnSetFilterNdDescriptor(cudnnFilterDescriptor_t filterDesc,
                                         cudnnDataType_t dataType, cudnnTensorFormat_t format,
                                         int nbDims, const int filterDimA[]) {
  constexpr const char* kApi = "cudnnSetFilterNdDescriptor";
  const Guard guard(Machine::get());
  if (const auto status = begin_set(kApi, filterDesc)) return status;
  if (const auto status = check_dimensions(kApi, nbDims, kDimensions)) return status;
  if (filterDimA == nullptr) return CUDNN_STATUS_BAD_PARAM;
  filterDesc->format = format;
  return set_packed(kApi, format, dataType, four(filterDimA), &filterDesc->tensor);
}

cudnnStatus_t cudnnGetFilterNdDescriptor(cudnnFilterDescriptor_t filterDesc, int nbDimsRequested,
                                         cudnnDataType_t* dataType, cudnnTensorFormat_t* format,
                                         int* nbDims, int filterDimA[]) {
  const Guard guard(Machine::get());
  if (const auto status = begin_set("cudnnGetFilterNdDescriptor", filterDesc)) return status;
  const Tensor* tensor = tensor_of(filterDesc);
  if (tensor == nullptr || nbDimsRequested <= 0) return CUDNN_STATUS_BAD_PARAM;
  give_one(dnn_type(tensor->type), dataType);
  give_one(filterDesc->format, format);
  give_one(kDimensions, nbDims);
  give_sizes(tensor->sizes, nbDimsRequested, filterDimA);
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetFilterSizeInBytes(cudnnFilterDescriptor_t filterDesc, size_t* size) {
  const Guard guard(Machine::get());
  if (const auto status = begin_set("cudnnGetFilterSizeInBytes", filterDesc)) return status;
  const Tensor* tensor = tensor_of(filterDesc);
  if (tensor == nullptr || size == nullptr) return CUDNN_STATUS_BAD_PARAM;
  *size = tensor->bytes();
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnSetConvolutionNdDescriptor(cudnnConvolutionDescriptor_t convDesc,
                                              int arrayLength, const int padA[],
                                              const int filterStrideA[], const int dilationA[],
                                              cudnnConvolutionMode_t mode,
                                              cudnnDataType_t computeType) {
  constexpr const char* kApi = "cudnnSetConvolutionNdDescriptor";
  const Guard guard(Machine::get());
  if (const auto status = begin_set(kApi, convDesc)) return status;
  if (const auto status = check_dimensions(kApi, arrayLength, kSpace)) return status;
  if (padA == nullptr || filterStrideA == nullptr || dilationA == nullptr) {
    return CUDNN_STATUS_BAD_PARAM;
  }
  return set_convolution(kApi, pair(padA), pair(filterStrideA), pair(dilationA), mode, computeType,
                         convDesc);
}

cudnnStatus_t cudnnGetConvolutionNdDescriptor(cudnnConvolutionDescriptor_t convDesc,
                                              int arrayLengthRequested, int* arrayLength,
                                              int padA[], int strideA[], int dilationA[],
                                              cudnnConvolutionMode_t* mode,
                                              cudnnDataType_t* computeType) {
  const Guard guard(Machine::get());
  if (const auto status = begin_set("cudnnGetConvolutionNdDescriptor", convDesc)) return status;
  const cudnnConvolutionStruct* found = set_one(convDesc);
  if (found == nullptr || arrayLengthRequested < 0) return CUDNN_STATUS_BAD_PARAM;
  give_one(kSpace, arrayLength);
  give({found->pad_h, found->pad_w}, arrayLengthRequested, padA);
  give({found->stride_h, found->stride_w}, arrayLengthRequested, strideA);
  give({found->dilation_h, found->dilation_w}, arrayLengthRequested, dilationA);
  give_one(CUDNN_CROSS_CORRELATION, mode);
  give_one(found->compute, computeType);
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetConvolution2dDescriptor(cudnnConvolutionDescriptor_t convDesc, int* pad_h,
                                              int* pad_w, int* u, int* v, int* dilation_h,
                                              int* dilation_w, cudnnConvolutionMode_t* mode,
                                              cudnnDataType_t* computeType) {
  const Guard guard(Machine::get());
  if (const auto status = begin_set("cudnnGetConvolution2dDescriptor", convDesc)) return status;
  const cudnnConvolutionStruct* found = set_one(convDesc);
  if (found == nullptr) return CUDNN_STATUS_BAD_PARAM;
  give_one(found->pad_h, pad_h);
  give_one(found->pad_w, pad_w);
  give_one(found->stride_h, u);
  give_one(found->stride_w, v);
  give_one(found->dilation_h, dilation_h);
  give_one(found->dilation_w, dilation_w);
  give_one(CUDNN_CROSS_CORRELATION, mode);
  give_one(found->compute, computeType);
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnSetPoolingNdDescriptor(cudnnPoolingDescriptor_t poolingDesc,
                                          cudnnPoolingMode_t mode,
                                          cudnnNanPropagation_t maxpoolingNanOpt, int nbDims,
                                          const int windowDimA[], const int paddingA[],
                                          const int strideA[]) {
  constexpr const char* kApi = "cudnnSetPoolingNdDescriptor";
  const Guard guard(Machine::get());
  if (const auto status = begin_set(kApi, poolingDesc)) return status;
  if (const auto status = check_dimensions(kApi, nbDims, kSpace)) return status;
  if (windowDimA == nullptr || paddingA == nullptr || strideA == nullptr) {
    return CUDNN_STATUS_BAD_PARAM;
  }
  return set_pooling(mode, maxpoolingNanOpt, pair(windowDimA), pair(paddingA), pair(strideA),
                     poolingDesc);
}

cudnnStatus_t cudnnGetPoolingNdDescriptor(cudnnPoolingDescriptor_t poolingDesc, int nbDimsRequested,
                                          cudnnPoolingMode_t* mode,
                                          cudnnNanPropagation_t* maxpoolingNanOpt, int* nbDims,
                                          int windowDimA[], int paddingA[], int strideA[]) {
  const Guard guard(Machine::get());
  if (const auto status = begin_set("cudnnGetPoolingNdDescriptor", poolingDesc)) return status;
  if (!poolingDesc->set || nbDimsRequested < 0) return CUDNN_STATUS_BAD_PARAM;
  give_one(poolingDesc->mode, mode);
  give_one(poolingDesc->nan, maxpoolingNanOpt);
  give_one(kSpace, nbDims);
  give({poolingDesc->window_h, poolingDesc->window_w}, nbDimsRequested, windowDimA);
  give({poolingDesc->pad_h, poolingDesc->pad_w}, nbDimsRequested, paddingA);
  give({poolingDesc->stride_h, poolingDesc->stride_w}, nbDimsRequested, strideA);
  return CUDNN_STATUS_SUCCESS;
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)
