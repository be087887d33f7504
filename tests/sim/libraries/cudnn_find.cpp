// The timed search for an algorithm: it runs, waits and writes, unlike the heuristics.
#include <cstring>
#include <memory>

#include "tests/sim/libraries/cudnn_algorithms.h"

namespace keen::sim {
namespace {

template <class Result>
struct Search {
  const char* api;
  cudnnHandle_t handle;
  cudnnTensorDescriptor_t x;
  cudnnFilterDescriptor_t w;
  cudnnConvolutionDescriptor_t settings;
  cudnnTensorDescriptor_t y;
  int requested;
  int* returned;
  Result* results;
};

// The memory of the caller, in place of the library's own.
struct SearchMemory {
  const void* first;
  const void* second;
  void* output;
  void* workspace;
  std::size_t workspace_bytes;
};

template <class Result>
cudnnStatus_t begin_search(const Search<Result>& search, Convolution* conv) {
  if (const auto status = begin(search.api, search.handle)) return status;
  const auto status = read_convolution(search.x, search.w, search.settings, search.y, conv);
  if (status != CUDNN_STATUS_SUCCESS) return status;
  if (const auto refused = heuristics_status(Heuristics<Result>::kDirection, *conv)) return refused;
  if (search.requested <= 0 || search.returned == nullptr || search.results == nullptr) {
    return CUDNN_STATUS_BAD_PARAM;
  }
  // cuDNN, "cudnnFindConvolutionForwardAlgorithm": it allocates and is host blocking. The status is
  // unsourced.
  return capture_permits_waiting(search.api, search.handle->stream) ? CUDNN_STATUS_SUCCESS
                                                                    : CUDNN_STATUS_EXECUTION_FAILED;
}

// Times are not those of hardware: the order of what works is the seed's.
template <class Result>
void end_search(const Search<Result>& search, std::vector<Result> listed) {
  constexpr unsigned kTimes = 1000;
  for (Result& result : listed) {
    if (result.status != CUDNN_STATUS_SUCCESS) continue;
    result.time = static_cast<float>(1 + Machine::get().random(kTimes));
  }
  std::ranges::stable_sort(listed, [](const Result& a, const Result& b) {
    const bool works = a.status == CUDNN_STATUS_SUCCESS;
    if (works != (b.status == CUDNN_STATUS_SUCCESS)) return works;
    return works && a.time < b.time;
  });
  give_results(listed, search.requested, search.returned, search.results);
  ++Machine::get().counters.hidden_syncs;
}

template <class Result>
cudnnStatus_t find(const Search<Result>& search) {
  const Guard guard(Machine::get());
  Convolution conv;
  if (const auto status = begin_search(search, &conv)) return status;
  end_search(search, list_algorithms<Result>(conv));
  return CUDNN_STATUS_SUCCESS;
}

// Runs on the caller's memory and waits. What then lies in the output is arbitrary (cuDNN,
// "cudnnFindConvolutionForwardAlgorithmEx").
cudnnStatus_t try_algorithms(const char* api, cudnnHandle_t handle, Direction direction,
                             const Convolution& conv, const SearchMemory& memory) {
  TensorCall work;
  work.api = api;
  work.handle = handle;
  name_operands(direction, conv, {memory.first, memory.second, memory.output}, &work);
  const auto done = std::make_shared<bool>(false);
  work.workspace = memory.workspace;
  work.workspace_bytes = memory.workspace_bytes;
  work.body = [done, output = memory.output, bytes = work.output.tensor->bytes()] {
    std::memset(backing(output), 0xff, bytes);
    *done = true;
  };
  if (const auto status = enqueue_call(work)) return status;
  const bool ended = run_until([&] { return *done || Machine::get().sticky() != cudaSuccess; });
  return ended && *done ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_EXECUTION_FAILED;
}

template <class Result>
cudnnStatus_t find_on(const Search<Result>& search, const SearchMemory& memory) {
  const Guard guard(Machine::get());
  Convolution conv;
  if (const auto status = begin_search(search, &conv)) return status;
  std::vector<Result> listed = list_algorithms<Result>(conv);
  for (Result& result : listed) {
    if (result.status != CUDNN_STATUS_SUCCESS || result.memory <= memory.workspace_bytes) continue;
    result.status = CUDNN_STATUS_ALLOC_FAILED;
    result.time = -1.0F;
  }
  const auto status =
      try_algorithms(search.api, search.handle, Heuristics<Result>::kDirection, conv, memory);
  if (status != CUDNN_STATUS_SUCCESS) return status;
  end_search(search, std::move(listed));
  return CUDNN_STATUS_SUCCESS;
}

}  // namespace
}  // namespace keen::sim

using namespace keen::sim;  // NOLINT(google-build-using-namespace): the API is global

// NOLINTBEGIN(readability-identifier-naming)
extern "C" {

cudnnStatus_t cudnnFindConvolutionForwardAlgorithm(
    cudnnHandle_t handle, cudnnTensorDescriptor_t xDesc, cudnnFilterDescriptor_t wDesc,
    cudnnConvolutionDescriptor_t convDesc, cudnnTensorDescriptor_t yDesc, int requestedAlgoCount,
    int* returnedAlgoCount, cudnnConvolutionFwdAlgoPerf_t* perfResults) {
  return find<cudnnConvolutionFwdAlgoPerf_t>({"cudnnFindConvolutionForwardAlgorithm", handle, xDesc,
                                              wDesc, convDesc, yDesc, requestedAlgoCount,
                                              returnedAlgoCount, perfResults});
}

cudnnStatus_t cudnnFindConvolutionForwardAlgorithmEx(
    cudnnHandle_t handle, cudnnTensorDescriptor_t xDesc, const void* x,
    cudnnFilterDescriptor_t wDesc, const void* w, cudnnConvolutionDescriptor_t convDesc,
    cudnnTensorDescriptor_t yDesc, void* y, int requestedAlgoCount, int* returnedAlgoCount,
    cudnnConvolutionFwdAlgoPerf_t* perfResults, void* workSpace, size_t workSpaceSizeInBytes) {
  return find_on<cudnnConvolutionFwdAlgoPerf_t>(
      {"cudnnFindConvolutionForwardAlgorithmEx", handle, xDesc, wDesc, convDesc, yDesc,
       requestedAlgoCount, returnedAlgoCount, perfResults},
      {x, w, y, workSpace, workSpaceSizeInBytes});
}

cudnnStatus_t cudnnFindConvolutionBackwardDataAlgorithm(
    cudnnHandle_t handle, cudnnFilterDescriptor_t wDesc, cudnnTensorDescriptor_t dyDesc,
    cudnnConvolutionDescriptor_t convDesc, cudnnTensorDescriptor_t dxDesc, int requestedAlgoCount,
    int* returnedAlgoCount, cudnnConvolutionBwdDataAlgoPerf_t* perfResults) {
  return find<cudnnConvolutionBwdDataAlgoPerf_t>(
      {"cudnnFindConvolutionBackwardDataAlgorithm", handle, dxDesc, wDesc, convDesc, dyDesc,
       requestedAlgoCount, returnedAlgoCount, perfResults});
}

cudnnStatus_t cudnnFindConvolutionBackwardDataAlgorithmEx(
    cudnnHandle_t handle, cudnnFilterDescriptor_t wDesc, const void* w,
    cudnnTensorDescriptor_t dyDesc, const void* dy, cudnnConvolutionDescriptor_t convDesc,
    cudnnTensorDescriptor_t dxDesc, void* dx, int requestedAlgoCount, int* returnedAlgoCount,
    cudnnConvolutionBwdDataAlgoPerf_t* perfResults, void* workSpace, size_t workSpaceSizeInBytes) {
  return find_on<cudnnConvolutionBwdDataAlgoPerf_t>(
      {"cudnnFindConvolutionBackwardDataAlgorithmEx", handle, dxDesc, wDesc, convDesc, dyDesc,
       requestedAlgoCount, returnedAlgoCount, perfResults},
      {w, dy, dx, workSpace, workSpaceSizeInBytes});
}

cudnnStatus_t cudnnFindConvolutionBackwardFilterAlgorithm(
    cudnnHandle_t handle, cudnnTensorDescriptor_t xDesc, cudnnTensorDescriptor_t dyDesc,
    cudnnConvolutionDescriptor_t convDesc, cudnnFilterDescriptor_t dwDesc, int requestedAlgoCount,
    int* returnedAlgoCount, cudnnConvolutionBwdFilterAlgoPerf_t* perfResults) {
  return find<cudnnConvolutionBwdFilterAlgoPerf_t>(
      {"cudnnFindConvolutionBackwardFilterAlgorithm", handle, xDesc, dwDesc, convDesc, dyDesc,
       requestedAlgoCount, returnedAlgoCount, perfResults});
}

cudnnStatus_t cudnnFindConvolutionBackwardFilterAlgorithmEx(
    cudnnHandle_t handle, cudnnTensorDescriptor_t xDesc, const void* x,
    cudnnTensorDescriptor_t dyDesc, const void* y, cudnnConvolutionDescriptor_t convDesc,
    cudnnFilterDescriptor_t dwDesc, void* dw, int requestedAlgoCount, int* returnedAlgoCount,
    cudnnConvolutionBwdFilterAlgoPerf_t* perfResults, void* workSpace,
    size_t workSpaceSizeInBytes) {
  return find_on<cudnnConvolutionBwdFilterAlgoPerf_t>(
      {"cudnnFindConvolutionBackwardFilterAlgorithmEx", handle, xDesc, dwDesc, convDesc, dyDesc,
       requestedAlgoCount, returnedAlgoCount, perfResults},
      {x, y, dw, workSpace, workSpaceSizeInBytes});
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)
