#include "tests/sim/libraries/cudnn_descriptors.h"

namespace keen::sim {
namespace {

template <class T>
cudnnStatus_t create(const char* api, T** descriptor) {
  const Guard guard(Machine::get());
  if (const int e = enter(api)) return static_cast<cudnnStatus_t>(e);
  if (descriptor == nullptr) return CUDNN_STATUS_BAD_PARAM;
  *descriptor = registry<T>().make();
  return CUDNN_STATUS_SUCCESS;
}

template <class T>
cudnnStatus_t destroy(const char* api, T* descriptor) {
  const Guard guard(Machine::get());
  if (const int e = enter(api)) return static_cast<cudnnStatus_t>(e);
  if (descriptor == nullptr || registry<T>().destroy(descriptor)) return CUDNN_STATUS_SUCCESS;
  return CUDNN_STATUS_BAD_PARAM;
}

// "The total size of the tensor descriptor exceeds the maximum limit of 2 Giga-elements"
// (cuDNN, "cudnnSetTensor4dDescriptor").
constexpr long kMostElements = (1L << 31) - 1;

bool is_nan_mode(cudnnNanPropagation_t mode) {
  return mode == CUDNN_NOT_PROPAGATE_NAN || mode == CUDNN_PROPAGATE_NAN;
}

}  // namespace

cudnnStatus_t set_tensor(const char* api, cudnnDataType_t data_type,
                         const std::array<long, 4>& sizes, const std::array<long, 4>& strides,
                         Tensor* tensor) {
  const auto type = dnn_type(data_type);
  if (!type) {
    report_unsupported(api, "data type " + std::to_string(data_type));
    return CUDNN_STATUS_NOT_SUPPORTED;
  }
  for (std::size_t d = 0; d < sizes.size(); ++d) {
    if (sizes[d] <= 0 || strides[d] <= 0) return CUDNN_STATUS_BAD_PARAM;
  }
  const Tensor made{.set = true, .type = *type, .sizes = sizes, .strides = strides};
  if (made.bytes() / size_of(*type) > static_cast<std::size_t>(kMostElements)) {
    return CUDNN_STATUS_NOT_SUPPORTED;
  }
  *tensor = made;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t set_packed(const char* api, cudnnTensorFormat_t format, cudnnDataType_t type,
                         const std::array<long, 4>& sizes, Tensor* tensor) {
  const auto [n, c, h, w] = sizes;
  switch (format) {
    case CUDNN_TENSOR_NCHW:
      return set_tensor(api, type, sizes, {c * h * w, h * w, w, 1}, tensor);
    case CUDNN_TENSOR_NHWC:
      return set_tensor(api, type, sizes, {c * h * w, 1, w * c, c}, tensor);
    default:
      report_unsupported(api, "format " + std::to_string(format));
      return CUDNN_STATUS_NOT_SUPPORTED;
  }
}

cudnnStatus_t set_convolution(const char* api, Pair pad, Pair stride, Pair dilation,
                              cudnnConvolutionMode_t mode, cudnnDataType_t compute,
                              cudnnConvolutionDescriptor_t descriptor) {
  if (pad.h < 0 || pad.w < 0 || stride.h <= 0 || stride.w <= 0 || dilation.h <= 0 ||
      dilation.w <= 0) {
    return CUDNN_STATUS_BAD_PARAM;
  }
  if (mode != CUDNN_CROSS_CORRELATION) {
    report_unsupported(api, "mode " + std::to_string(mode));
    return CUDNN_STATUS_NOT_SUPPORTED;
  }
  if (compute != CUDNN_DATA_FLOAT && compute != CUDNN_DATA_DOUBLE) {
    report_unsupported(api, "compute type " + std::to_string(compute));
    return CUDNN_STATUS_NOT_SUPPORTED;
  }
  // The group count and the math type stay as they are (unsourced).
  descriptor->set = true;
  descriptor->pad_h = pad.h;
  descriptor->pad_w = pad.w;
  descriptor->stride_h = stride.h;
  descriptor->stride_w = stride.w;
  descriptor->dilation_h = dilation.h;
  descriptor->dilation_w = dilation.w;
  descriptor->compute = compute;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t set_pooling(cudnnPoolingMode_t mode, cudnnNanPropagation_t nan, Pair window, Pair pad,
                          Pair stride, cudnnPoolingDescriptor_t descriptor) {
  if (mode < CUDNN_POOLING_MAX || mode > CUDNN_POOLING_MAX_DETERMINISTIC || !is_nan_mode(nan) ||
      window.h <= 0 || window.w <= 0 || pad.h < 0 || pad.w < 0 || stride.h <= 0 || stride.w <= 0) {
    return CUDNN_STATUS_BAD_PARAM;
  }
  *descriptor = {true, mode, nan, window.h, window.w, pad.h, pad.w, stride.h, stride.w};
  return CUDNN_STATUS_SUCCESS;
}

}  // namespace keen::sim

using namespace keen::sim;  // NOLINT(google-build-using-namespace): the API is global

// NOLINTBEGIN(readability-identifier-naming)
extern "C" {

cudnnStatus_t cudnnCreateTensorDescriptor(cudnnTensorDescriptor_t* tensorDesc) {
  return create("cudnnCreateTensorDescriptor", tensorDesc);
}

cudnnStatus_t cudnnDestroyTensorDescriptor(cudnnTensorDescriptor_t tensorDesc) {
  return destroy("cudnnDestroyTensorDescriptor", tensorDesc);
}

cudnnStatus_t cudnnSetTensor4dDescriptor(cudnnTensorDescriptor_t tensorDesc,
                                         cudnnTensorFormat_t format, cudnnDataType_t dataType,
                                         int n, int c, int h, int w) {
  constexpr const char* kApi = "cudnnSetTensor4dDescriptor";
  const Guard guard(Machine::get());
  if (const auto status = begin_set(kApi, tensorDesc)) return status;
  return set_packed(kApi, format, dataType, {n, c, h, w}, &tensorDesc->tensor);
}

cudnnStatus_t cudnnSetTensor4dDescriptorEx(cudnnTensorDescriptor_t tensorDesc,
                                           cudnnDataType_t dataType, int n, int c, int h, int w,
                                           int nStride, int cStride, int hStride, int wStride) {
  constexpr const char* kApi = "cudnnSetTensor4dDescriptorEx";
  const Guard guard(Machine::get());
  if (const auto status = begin_set(kApi, tensorDesc)) return status;
  return set_tensor(kApi, dataType, {n, c, h, w}, {nStride, cStride, hStride, wStride},
                    &tensorDesc->tensor);
}

cudnnStatus_t cudnnGetTensorSizeInBytes(cudnnTensorDescriptor_t tensorDesc, size_t* size) {
  const Guard guard(Machine::get());
  if (const int e = enter("cudnnGetTensorSizeInBytes")) return static_cast<cudnnStatus_t>(e);
  const Tensor* tensor = tensor_of(tensorDesc);
  if (tensor == nullptr || size == nullptr) return CUDNN_STATUS_BAD_PARAM;
  *size = tensor->bytes();
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnCreateFilterDescriptor(cudnnFilterDescriptor_t* filterDesc) {
  return create("cudnnCreateFilterDescriptor", filterDesc);
}

cudnnStatus_t cudnnDestroyFilterDescriptor(cudnnFilterDescriptor_t filterDesc) {
  return destroy("cudnnDestroyFilterDescriptor", filterDesc);
}

cudnnStatus_t cudnnSetFilter4dDescriptor(cudnnFilterDescriptor_t filterDesc,
                                         cudnnDataType_t dataType, cudnnTensorFormat_t format,
                                         int k, int c, int h, int w) {
  constexpr const char* kApi = "cudnnSetFilter4dDescriptor";
  const Guard guard(Machine::get());
  if (const auto status = begin_set(kApi, filterDesc)) return status;
  filterDesc->format = format;
  return set_packed(kApi, format, dataType, {k, c, h, w}, &filterDesc->tensor);
}

cudnnStatus_t cudnnCreateConvolutionDescriptor(cudnnConvolutionDescriptor_t* convDesc) {
  return create("cudnnCreateConvolutionDescriptor", convDesc);
}

cudnnStatus_t cudnnDestroyConvolutionDescriptor(cudnnConvolutionDescriptor_t convDesc) {
  return destroy("cudnnDestroyConvolutionDescriptor", convDesc);
}

cudnnStatus_t cudnnSetConvolution2dDescriptor(cudnnConvolutionDescriptor_t convDesc, int pad_h,
                                              int pad_w, int u, int v, int dilation_h,
                                              int dilation_w, cudnnConvolutionMode_t mode,
                                              cudnnDataType_t computeType) {
  constexpr const char* kApi = "cudnnSetConvolution2dDescriptor";
  const Guard guard(Machine::get());
  if (const auto status = begin_set(kApi, convDesc)) return status;
  return set_convolution(kApi, {pad_h, pad_w}, {u, v}, {dilation_h, dilation_w}, mode, computeType,
                         convDesc);
}

cudnnStatus_t cudnnSetConvolutionGroupCount(cudnnConvolutionDescriptor_t convDesc, int groupCount) {
  const Guard guard(Machine::get());
  if (const auto status = begin_set("cudnnSetConvolutionGroupCount", convDesc)) return status;
  if (groupCount <= 0) return CUDNN_STATUS_BAD_PARAM;
  convDesc->groups = groupCount;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetConvolutionGroupCount(cudnnConvolutionDescriptor_t convDesc,
                                            int* groupCount) {
  const Guard guard(Machine::get());
  if (const auto status = begin_set("cudnnGetConvolutionGroupCount", convDesc)) return status;
  if (groupCount == nullptr) return CUDNN_STATUS_BAD_PARAM;
  *groupCount = static_cast<int>(convDesc->groups);
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnSetConvolutionMathType(cudnnConvolutionDescriptor_t convDesc,
                                          cudnnMathType_t mathType) {
  const Guard guard(Machine::get());
  if (const auto status = begin_set("cudnnSetConvolutionMathType", convDesc)) return status;
  if (mathType < CUDNN_DEFAULT_MATH || mathType > CUDNN_FMA_MATH) return CUDNN_STATUS_BAD_PARAM;
  convDesc->math = mathType;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetConvolutionMathType(cudnnConvolutionDescriptor_t convDesc,
                                          cudnnMathType_t* mathType) {
  const Guard guard(Machine::get());
  if (const auto status = begin_set("cudnnGetConvolutionMathType", convDesc)) return status;
  if (mathType == nullptr) return CUDNN_STATUS_BAD_PARAM;
  *mathType = convDesc->math;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnCreateActivationDescriptor(cudnnActivationDescriptor_t* activationDesc) {
  return create("cudnnCreateActivationDescriptor", activationDesc);
}

cudnnStatus_t cudnnDestroyActivationDescriptor(cudnnActivationDescriptor_t activationDesc) {
  return destroy("cudnnDestroyActivationDescriptor", activationDesc);
}

cudnnStatus_t cudnnSetActivationDescriptor(cudnnActivationDescriptor_t activationDesc,
                                           cudnnActivationMode_t mode,
                                           cudnnNanPropagation_t reluNanOpt, double coef) {
  constexpr const char* kApi = "cudnnSetActivationDescriptor";
  const Guard guard(Machine::get());
  if (const auto status = begin_set(kApi, activationDesc)) return status;
  if (!is_nan_mode(reluNanOpt)) return CUDNN_STATUS_BAD_PARAM;
  if (mode != CUDNN_ACTIVATION_RELU && mode != CUDNN_ACTIVATION_IDENTITY) {
    report_unsupported(kApi, "mode " + std::to_string(mode));
    return CUDNN_STATUS_NOT_SUPPORTED;
  }
  *activationDesc = {true, mode, reluNanOpt, coef};
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnCreatePoolingDescriptor(cudnnPoolingDescriptor_t* poolingDesc) {
  return create("cudnnCreatePoolingDescriptor", poolingDesc);
}

cudnnStatus_t cudnnDestroyPoolingDescriptor(cudnnPoolingDescriptor_t poolingDesc) {
  return destroy("cudnnDestroyPoolingDescriptor", poolingDesc);
}

cudnnStatus_t cudnnSetPooling2dDescriptor(cudnnPoolingDescriptor_t poolingDesc,
                                          cudnnPoolingMode_t mode,
                                          cudnnNanPropagation_t maxpoolingNanOpt, int windowHeight,
                                          int windowWidth, int verticalPadding,
                                          int horizontalPadding, int verticalStride,
                                          int horizontalStride) {
  const Guard guard(Machine::get());
  if (const auto status = begin_set("cudnnSetPooling2dDescriptor", poolingDesc)) return status;
  return set_pooling(mode, maxpoolingNanOpt, {windowHeight, windowWidth},
                     {verticalPadding, horizontalPadding}, {verticalStride, horizontalStride},
                     poolingDesc);
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)
