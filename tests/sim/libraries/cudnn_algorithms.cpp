#include "tests/sim/libraries/cudnn_algorithms.h"

#include <algorithm>
#include <bit>

#include "tests/sim/libraries/library_table.h"

namespace keen::sim {
namespace {

// How an algorithm goes about it. The rules below follow the tables of supported combinations in
// cuDNN's API reference ("cudnnConvolutionForward", "cudnnConvolutionBackwardData",
// "cudnnConvolutionBackwardFilter"). The forward one was checked against a transcription of the
// table of version 5.1; groups, dilation, NHWC and the backward ones are from memory. Where that is
// unsure they refuse.
enum class Method {
  kNone,
  kImplicit,           // forward
  kPrecomputed,        // forward, with a table of indices
  kExplicit,           // forward, with the inputs of every position written out
  kAtomic,             // backward, by atomic additions
  kAtomicPrecomputed,  // backward filter, the same with a table of indices
  kBackward,           // backward, in a fixed order
  kFft,
  kFftTiling,
  kWinograd,
  kWinogradNonfused,
};

Method method_of(Direction direction, int algorithm) {
  static constexpr Method kForward[] = {
      Method::kImplicit, Method::kPrecomputed, Method::kExplicit, Method::kNone,
      Method::kFft,      Method::kFftTiling,   Method::kWinograd, Method::kWinogradNonfused};
  static constexpr Method kData[] = {Method::kAtomic,   Method::kBackward,
                                     Method::kFft,      Method::kFftTiling,
                                     Method::kWinograd, Method::kWinogradNonfused};
  static constexpr Method kFilter[] = {
      Method::kAtomic, Method::kBackward,         Method::kFft,      Method::kAtomicPrecomputed,
      Method::kNone,   Method::kWinogradNonfused, Method::kFftTiling};
  const auto pick = [algorithm](const auto& methods) {
    const bool known = algorithm >= 0 && algorithm < static_cast<int>(std::size(methods));
    return known ? methods[algorithm] : Method::kNone;
  };
  if (direction == Direction::kForward) return pick(kForward);
  return direction == Direction::kBackwardData ? pick(kData) : pick(kFilter);
}

bool is_transform(Method method) {
  return method == Method::kFft || method == Method::kFftTiling || method == Method::kWinograd ||
         method == Method::kWinogradNonfused;
}

bool supports_layout(Method method, const Convolution& conv) {
  if (conv.x.is_nchw() && conv.w.is_nchw() && conv.y.is_nchw()) return true;
  const bool nhwc = conv.x.is_nhwc() && conv.w.is_nhwc() && conv.y.is_nhwc();
  return nhwc && (method == Method::kImplicit || method == Method::kPrecomputed ||
                  method == Method::kAtomic || method == Method::kBackward);
}

bool supports_type(Method method, Type type) {
  switch (type) {
    case Type::kFloat:
      return true;
    case Type::kDouble:
      return !is_transform(method) && method != Method::kAtomicPrecomputed;
    default:
      return !is_transform(method) && method != Method::kExplicit;
  }
}

// Transforms: stride 1, padding smaller than the filter, and sizes as the tables say.
bool supports_transform(Method method, const Convolution& conv) {
  const auto& s = conv.settings;
  const long r = conv.w.h();
  const long q = conv.w.w();
  if (s.stride_h != 1 || s.stride_w != 1 || s.groups != 1) return false;
  if (s.pad_h >= r || s.pad_w >= q) return false;
  switch (method) {
    case Method::kFft:
      return conv.x.h() + 2 * s.pad_h <= 256 && conv.x.w() + 2 * s.pad_w <= 256;
    case Method::kFftTiling:
      return r <= 32 && q <= 32;
    case Method::kWinograd:
      return r == 3 && q == 3;
    default:
      return (r == 3 && q == 3) || (r == 5 && q == 5);
  }
}

bool supports(Method method, const Convolution& conv) {
  if (method == Method::kNone || !supports_layout(method, conv) ||
      !supports_type(method, conv.x.type)) {
    return false;
  }
  const auto& s = conv.settings;
  const bool dilated = s.dilation_h != 1 || s.dilation_w != 1;
  if (dilated && method != Method::kImplicit && method != Method::kAtomic &&
      method != Method::kBackward) {
    return false;
  }
  if (s.groups != 1 && (method == Method::kExplicit || method == Method::kAtomicPrecomputed)) {
    return false;
  }
  return !is_transform(method) || supports_transform(method, conv);
}

// Unsourced: the library's own figures are not documented. These depend on the algorithm and the
// sizes, as the library's do, so that no caller gets by with a constant.
std::size_t workspace_of(Method method, const Convolution& conv) {
  const auto size = [](long elements) { return static_cast<std::size_t>(elements); };
  const std::size_t channels = size(conv.x.n() * conv.x.c());
  const std::size_t filters = size(conv.w.n() * conv.w.c());
  const std::size_t outputs = size(conv.y.n() * conv.y.c());
  switch (method) {
    case Method::kPrecomputed:
    case Method::kAtomicPrecomputed:
      return sizeof(int) * size(conv.window() + conv.positions());
    case Method::kExplicit:
      return size_of(conv.x.type) * size(conv.window() * conv.positions());
    case Method::kBackward:
      return sizeof(float) * size(conv.w.n() * conv.window());
    case Method::kFft: {
      const auto edge = [&](long input, long pad) { return std::bit_ceil(size(input + 2 * pad)); };
      const std::size_t plane =
          edge(conv.x.h(), conv.settings.pad_h) * (edge(conv.x.w(), conv.settings.pad_w) / 2 + 1);
      return 2 * sizeof(float) * plane * (channels + filters + outputs);
    }
    case Method::kFftTiling: {
      constexpr std::size_t kTile = 32;
      return 2 * sizeof(float) * kTile * (kTile / 2 + 1) * (channels + filters + outputs);
    }
    case Method::kWinograd:
      return sizeof(float) * 16 * filters;
    case Method::kWinogradNonfused:
      return sizeof(float) * 36 * (filters + channels + outputs);
    default:
      return 0;
  }
}

// cuDNN, "cudnnGetConvolutionForwardAlgorithm_v7": CUDNN_STATUS_BAD_PARAM for what is null, does
// not agree or is not positive.
template <class Result>
cudnnStatus_t heuristics(const char* api, cudnnHandle_t handle, cudnnTensorDescriptor_t x,
                         cudnnFilterDescriptor_t w, cudnnConvolutionDescriptor_t settings,
                         cudnnTensorDescriptor_t y, int requested, int* returned, Result* results) {
  const Guard guard(Machine::get());
  if (const auto status = begin(api, handle)) return status;
  Convolution conv;
  if (const auto status = read_convolution(x, w, settings, y, &conv)) return status;
  if (requested <= 0 || returned == nullptr || results == nullptr) return CUDNN_STATUS_BAD_PARAM;
  if (const auto status = heuristics_status(Heuristics<Result>::kDirection, conv)) return status;
  give_results(list_algorithms<Result>(conv), requested, returned, results);
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t workspace_size(const char* api, Direction direction, cudnnHandle_t handle,
                             cudnnTensorDescriptor_t x, cudnnFilterDescriptor_t w,
                             cudnnConvolutionDescriptor_t settings, cudnnTensorDescriptor_t y,
                             int algorithm, std::size_t* bytes) {
  const Guard guard(Machine::get());
  if (const auto status = begin(api, handle)) return status;
  Convolution conv;
  if (const auto status = read_convolution(x, w, settings, y, &conv)) return status;
  if (bytes == nullptr) return CUDNN_STATUS_BAD_PARAM;
  const AlgorithmFacts facts = algorithm_facts(direction, algorithm, conv);
  if (facts.query != CUDNN_STATUS_SUCCESS) return facts.query;
  *bytes = facts.workspace_bytes;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t most_algorithms(const char* api, cudnnHandle_t handle, int most, int* count) {
  const Guard guard(Machine::get());
  if (const auto status = begin(api, handle)) return status;
  if (count == nullptr) return CUDNN_STATUS_BAD_PARAM;
  *count = most;
  return CUDNN_STATUS_SUCCESS;
}

std::string describe(Direction direction, int algorithm, const Convolution& conv) {
  const auto& s = conv.settings;
  std::string text = "convolution";
  const auto add = [&](long value) { text += ' ' + std::to_string(value); };
  for (const auto value : {static_cast<long>(direction), static_cast<long>(algorithm),
                           static_cast<long>(conv.x.type), static_cast<long>(s.math), s.pad_h,
                           s.pad_w, s.stride_h, s.stride_w, s.dilation_h, s.dilation_w, s.groups}) {
    add(value);
  }
  for (const Tensor* tensor : {&conv.x, &conv.w, &conv.y}) {
    for (const long size : tensor->sizes) add(size);
    for (const long stride : tensor->strides) add(stride);
  }
  return text;
}

// For all algorithms alike.
cudnnStatus_t type_status(const Convolution& conv) {
  return conv.x.type == Type::kBfloat16 && !has_tf32() ? CUDNN_STATUS_NOT_SUPPORTED_ARCH_MISMATCH
                                                       : CUDNN_STATUS_SUCCESS;
}

AlgorithmFacts facts_by_rules(Direction direction, int algorithm, const Convolution& convolution) {
  const Method method = method_of(direction, algorithm);
  AlgorithmFacts facts;
  facts.listed_math = convolution.settings.math;
  // Not the ones that the tables name without a condition on sizes: there is always one to take.
  const bool always = method == Method::kImplicit || method == Method::kAtomic;
  const bool supported =
      supports(method, convolution) &&
      (always || !is_refused_by_seed(describe(direction, algorithm, convolution)));
  // cudnn_ops.h, cudnnConvolutionBwdFilterAlgo_t and cudnnConvolutionBwdDataAlgo_t.
  facts.deterministic = method != Method::kAtomic && method != Method::kAtomicPrecomputed;
  if (const auto status = type_status(convolution)) {
    facts.query = facts.run = status;
  } else if (supported) {
    facts.query = facts.run = CUDNN_STATUS_SUCCESS;
    facts.workspace_bytes = facts.listed_bytes = workspace_of(method, convolution);
  }
  return facts;
}

}  // namespace

AlgorithmFacts algorithm_facts(Direction direction, int algorithm, const Convolution& convolution) {
  const ConvolutionAnswer* answer = find_answer(direction, algorithm, convolution);
  AlgorithmFacts facts = facts_by_rules(direction, algorithm, convolution);
  if (answer == nullptr) return facts;
  // The heuristics say whether an algorithm is deterministic, where they name it.
  const bool deterministic =
      answer->facts.listed ? answer->facts.deterministic : facts.deterministic;
  facts = answer->facts;
  facts.deterministic = deterministic;
  return facts;
}

cudnnStatus_t heuristics_status(Direction direction, const Convolution& convolution) {
  constexpr int kMostAlgorithms = CUDNN_CONVOLUTION_FWD_ALGO_COUNT;  // of all directions
  for (int algorithm = 0; algorithm < kMostAlgorithms; ++algorithm) {
    const ConvolutionAnswer* answer = find_answer(direction, algorithm, convolution);
    if (answer != nullptr) return answer->heuristics;
  }
  return type_status(convolution);
}

}  // namespace keen::sim

using namespace keen::sim;  // NOLINT(google-build-using-namespace): the API is global

// NOLINTBEGIN(readability-identifier-naming)
extern "C" {

cudnnStatus_t cudnnGetConvolutionForwardAlgorithmMaxCount(cudnnHandle_t handle, int* count) {
  return most_algorithms("cudnnGetConvolutionForwardAlgorithmMaxCount", handle,
                         CUDNN_CONVOLUTION_FWD_ALGO_COUNT, count);
}

cudnnStatus_t cudnnGetConvolutionBackwardDataAlgorithmMaxCount(cudnnHandle_t handle, int* count) {
  return most_algorithms("cudnnGetConvolutionBackwardDataAlgorithmMaxCount", handle,
                         CUDNN_CONVOLUTION_BWD_DATA_ALGO_COUNT, count);
}

cudnnStatus_t cudnnGetConvolutionBackwardFilterAlgorithmMaxCount(cudnnHandle_t handle, int* count) {
  return most_algorithms("cudnnGetConvolutionBackwardFilterAlgorithmMaxCount", handle,
                         CUDNN_CONVOLUTION_BWD_FILTER_ALGO_COUNT, count);
}

cudnnStatus_t cudnnGetConvolutionForwardAlgorithm_v7(
    cudnnHandle_t handle, cudnnTensorDescriptor_t srcDesc, cudnnFilterDescriptor_t filterDesc,
    cudnnConvolutionDescriptor_t convDesc, cudnnTensorDescriptor_t destDesc, int requestedAlgoCount,
    int* returnedAlgoCount, cudnnConvolutionFwdAlgoPerf_t* perfResults) {
  return heuristics("cudnnGetConvolutionForwardAlgorithm_v7", handle, srcDesc, filterDesc, convDesc,
                    destDesc, requestedAlgoCount, returnedAlgoCount, perfResults);
}

cudnnStatus_t cudnnGetConvolutionBackwardDataAlgorithm_v7(
    cudnnHandle_t handle, cudnnFilterDescriptor_t filterDesc, cudnnTensorDescriptor_t diffDesc,
    cudnnConvolutionDescriptor_t convDesc, cudnnTensorDescriptor_t gradDesc, int requestedAlgoCount,
    int* returnedAlgoCount, cudnnConvolutionBwdDataAlgoPerf_t* perfResults) {
  return heuristics("cudnnGetConvolutionBackwardDataAlgorithm_v7", handle, gradDesc, filterDesc,
                    convDesc, diffDesc, requestedAlgoCount, returnedAlgoCount, perfResults);
}

cudnnStatus_t cudnnGetConvolutionBackwardFilterAlgorithm_v7(
    cudnnHandle_t handle, cudnnTensorDescriptor_t srcDesc, cudnnTensorDescriptor_t diffDesc,
    cudnnConvolutionDescriptor_t convDesc, cudnnFilterDescriptor_t gradDesc, int requestedAlgoCount,
    int* returnedAlgoCount, cudnnConvolutionBwdFilterAlgoPerf_t* perfResults) {
  return heuristics("cudnnGetConvolutionBackwardFilterAlgorithm_v7", handle, srcDesc, gradDesc,
                    convDesc, diffDesc, requestedAlgoCount, returnedAlgoCount, perfResults);
}

cudnnStatus_t cudnnGetConvolutionForwardWorkspaceSize(
    cudnnHandle_t handle, cudnnTensorDescriptor_t xDesc, cudnnFilterDescriptor_t wDesc,
    cudnnConvolutionDescriptor_t convDesc, cudnnTensorDescriptor_t yDesc,
    cudnnConvolutionFwdAlgo_t algo, size_t* sizeInBytes) {
  return workspace_size("cudnnGetConvolutionForwardWorkspaceSize", Direction::kForward, handle,
                        xDesc, wDesc, convDesc, yDesc, algo, sizeInBytes);
}

cudnnStatus_t cudnnGetConvolutionBackwardDataWorkspaceSize(
    cudnnHandle_t handle, cudnnFilterDescriptor_t wDesc, cudnnTensorDescriptor_t dyDesc,
    cudnnConvolutionDescriptor_t convDesc, cudnnTensorDescriptor_t dxDesc,
    cudnnConvolutionBwdDataAlgo_t algo, size_t* sizeInBytes) {
  return workspace_size("cudnnGetConvolutionBackwardDataWorkspaceSize", Direction::kBackwardData,
                        handle, dxDesc, wDesc, convDesc, dyDesc, algo, sizeInBytes);
}

cudnnStatus_t cudnnGetConvolutionBackwardFilterWorkspaceSize(
    cudnnHandle_t handle, cudnnTensorDescriptor_t xDesc, cudnnTensorDescriptor_t dyDesc,
    cudnnConvolutionDescriptor_t convDesc, cudnnFilterDescriptor_t gradDesc,
    cudnnConvolutionBwdFilterAlgo_t algo, size_t* sizeInBytes) {
  return workspace_size("cudnnGetConvolutionBackwardFilterWorkspaceSize",
                        Direction::kBackwardFilter, handle, xDesc, gradDesc, convDesc, dyDesc, algo,
                        sizeInBytes);
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)
