#include "tests/sim/libraries/convolution.h"

namespace keen::sim {

// cuDNN, "cudnnConvolutionForward": CUDNN_STATUS_NOT_SUPPORTED and CUDNN_STATUS_BAD_PARAM; that too
// small a workspace is CUDNN_STATUS_BAD_PARAM_SIZE_INSUFFICIENT is unsourced.
cudnnStatus_t convolve(const ConvolutionCall& call) {
  const Guard guard(Machine::get());
  if (const auto status = begin(call.api, call.handle)) return status;
  Convolution conv;
  if (const auto status = read_convolution(call.x, call.w, call.settings, call.y, &conv)) {
    return status;
  }
  const AlgorithmFacts facts = algorithm_facts(call.direction, call.algorithm, conv);
  if (facts.status() != CUDNN_STATUS_SUCCESS) return facts.status();
  if (call.workspace_bytes < facts.workspace_bytes) {
    return CUDNN_STATUS_BAD_PARAM_SIZE_INSUFFICIENT;
  }
  Scaling scaling;
  if (!read_scaling(call.api, call.alpha, call.beta, conv.x.type, &scaling)) {
    return CUDNN_STATUS_BAD_PARAM;
  }
  TensorCall work;
  work.api = call.api;
  work.handle = call.handle;
  work.reads_output = scaling.beta != 0;
  work.flops = conv.flops();
  work.workspace = call.workspace;
  // Memory that the algorithm asks nothing of may be no memory at all.
  work.workspace_bytes = facts.workspace_bytes == 0 ? 0 : call.workspace_bytes;
  name_operands(call.direction, conv, call.memory, &work);
  work.inputs.insert(work.inputs.end(), call.more_inputs.begin(), call.more_inputs.end());
  work.body = [conv, scaling, direction = call.direction, memory = call.memory,
               deterministic = facts.deterministic, after = call.after] {
    run_convolution(direction, conv, backing(memory.first), backing(memory.second),
                    backing(memory.output), scaling, deterministic);
    if (after) after();
  };
  return enqueue_call(work);
}

void name_operands(Direction direction, const Convolution& conv, const ConvolutionMemory& memory,
                   TensorCall* work) {
  switch (direction) {
    case Direction::kForward:
      work->inputs = {{"x", &conv.x, memory.first}, {"w", &conv.w, memory.second}};
      work->output = {"y", &conv.y, memory.output};
      return;
    case Direction::kBackwardData:
      work->inputs = {{"w", &conv.w, memory.first}, {"dy", &conv.y, memory.second}};
      work->output = {"dx", &conv.x, memory.output};
      return;
    case Direction::kBackwardFilter:
      work->inputs = {{"x", &conv.x, memory.first}, {"dy", &conv.y, memory.second}};
      work->output = {"dw", &conv.w, memory.output};
      return;
  }
}

}  // namespace keen::sim

using namespace keen::sim;  // NOLINT(google-build-using-namespace): the API is global

// NOLINTBEGIN(readability-identifier-naming)
extern "C" {

cudnnStatus_t cudnnConvolutionForward(cudnnHandle_t handle, const void* alpha,
                                      cudnnTensorDescriptor_t xDesc, const void* x,
                                      cudnnFilterDescriptor_t wDesc, const void* w,
                                      cudnnConvolutionDescriptor_t convDesc,
                                      cudnnConvolutionFwdAlgo_t algo, void* workSpace,
                                      size_t workSpaceSizeInBytes, const void* beta,
                                      cudnnTensorDescriptor_t yDesc, void* y) {
  return convolve({"cudnnConvolutionForward",
                   Direction::kForward,
                   handle,
                   xDesc,
                   wDesc,
                   yDesc,
                   convDesc,
                   algo,
                   workSpace,
                   workSpaceSizeInBytes,
                   alpha,
                   beta,
                   {x, w, y}});
}

cudnnStatus_t cudnnConvolutionBackwardData(cudnnHandle_t handle, const void* alpha,
                                           cudnnFilterDescriptor_t wDesc, const void* w,
                                           cudnnTensorDescriptor_t dyDesc, const void* dy,
                                           cudnnConvolutionDescriptor_t convDesc,
                                           cudnnConvolutionBwdDataAlgo_t algo, void* workSpace,
                                           size_t workSpaceSizeInBytes, const void* beta,
                                           cudnnTensorDescriptor_t dxDesc, void* dx) {
  return convolve({"cudnnConvolutionBackwardData",
                   Direction::kBackwardData,
                   handle,
                   dxDesc,
                   wDesc,
                   dyDesc,
                   convDesc,
                   algo,
                   workSpace,
                   workSpaceSizeInBytes,
                   alpha,
                   beta,
                   {w, dy, dx}});
}

cudnnStatus_t cudnnConvolutionBackwardFilter(cudnnHandle_t handle, const void* alpha,
                                             cudnnTensorDescriptor_t xDesc, const void* x,
                                             cudnnTensorDescriptor_t dyDesc, const void* dy,
                                             cudnnConvolutionDescriptor_t convDesc,
                                             cudnnConvolutionBwdFilterAlgo_t algo, void* workSpace,
                                             size_t workSpaceSizeInBytes, const void* beta,
                                             cudnnFilterDescriptor_t dwDesc, void* dw) {
  return convolve({"cudnnConvolutionBackwardFilter",
                   Direction::kBackwardFilter,
                   handle,
                   xDesc,
                   dwDesc,
                   dyDesc,
                   convDesc,
                   algo,
                   workSpace,
                   workSpaceSizeInBytes,
                   alpha,
                   beta,
                   {x, dy, dw}});
}

cudnnStatus_t cudnnConvolutionBackwardBias(cudnnHandle_t handle, const void* alpha,
                                           cudnnTensorDescriptor_t dyDesc, const void* dy,
                                           const void* beta, cudnnTensorDescriptor_t dbDesc,
                                           void* db) {
  constexpr const char* kApi = "cudnnConvolutionBackwardBias";
  const Guard guard(Machine::get());
  if (const auto status = begin(kApi, handle)) return status;
  const Tensor* from = tensor_of(dyDesc);
  const Tensor* to = tensor_of(dbDesc);
  // cuDNN, "cudnnConvolutionBackwardBias"
  if (from == nullptr || to == nullptr || from->type != to->type || to->n() != 1 ||
      to->c() != from->c() || to->h() != 1 || to->w() != 1) {
    return CUDNN_STATUS_BAD_PARAM;
  }
  Scaling scaling;
  if (!read_scaling(kApi, alpha, beta, from->type, &scaling)) return CUDNN_STATUS_BAD_PARAM;
  const auto body = [in = *from, out = *to, scaling, dy, db] {
    for (long c = 0; c < in.c(); ++c) {
      double sum = 0;
      for (long n = 0; n < in.n(); ++n) {
        for (long i = 0; i < in.h() * in.w(); ++i) {
          sum += load(backing(dy), in.type, in.at(n, c, i / in.w(), i % in.w()));
        }
      }
      blend(backing(db), out.type, out.at(0, c, 0, 0), sum, scaling);
    }
  };
  TensorCall work;
  work.api = kApi;
  work.handle = handle;
  work.inputs = {{"dy", from, dy}};
  work.output = {"db", to, db};
  work.reads_output = scaling.beta != 0;
  work.flops = from->elements();
  work.body = body;
  return enqueue_call(work);
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)
