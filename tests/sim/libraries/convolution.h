#pragma once
#include <optional>

#include "tests/sim/libraries/cudnn_types.h"
#include "tests/sim/libraries/library_names.h"

namespace keen::sim {

// The tensors of a convolution, whatever of them is its output.
struct Convolution {
  Tensor x, w, y;
  cudnnConvolutionStruct settings;

  long group_inputs() const { return w.c(); }
  long group_outputs() const { return w.n() / settings.groups; }
  long window() const { return w.c() * w.h() * w.w(); }
  long positions() const { return y.h() * y.w(); }
  long long flops() const { return 2LL * y.elements() * window(); }
};

// Reads the descriptors and holds them against each other: sizes in both dimensions, stride,
// padding, dilation, groups, types.
cudnnStatus_t read_convolution(cudnnTensorDescriptor_t x, cudnnFilterDescriptor_t w,
                               cudnnConvolutionDescriptor_t settings, cudnnTensorDescriptor_t y,
                               Convolution* convolution);

// What the library support table says of an algorithm for a convolution, else cuDNN's
// documentation.
struct AlgorithmFacts {
  cudnnStatus_t query = CUDNN_STATUS_NOT_SUPPORTED;  // of the question for the workspace
  cudnnStatus_t run = CUDNN_STATUS_NOT_SUPPORTED;
  bool deterministic = true;
  std::size_t workspace_bytes = 0;
  // Of a run that adds a bias, without activation; nothing: only rules say it.
  std::optional<cudnnStatus_t> bias_run;
  // As the heuristics name it.
  bool listed = true;
  int place = -1;  // -1: not known
  std::size_t listed_bytes = 0;
  cudnnMathType_t listed_math = CUDNN_DEFAULT_MATH;

  cudnnStatus_t status() const { return query != CUDNN_STATUS_SUCCESS ? query : run; }
};
AlgorithmFacts algorithm_facts(Direction direction, int algorithm, const Convolution& convolution);
// Of the calls that list algorithms.
cudnnStatus_t heuristics_status(Direction direction, const Convolution& convolution);

// In the order of a call: the two inputs and the output.
struct ConvolutionMemory {
  const void* first;
  const void* second;
  void* output;
};
// What the calls of the three directions pass.
struct ConvolutionCall {
  const char* api;
  Direction direction;
  cudnnHandle_t handle;
  cudnnTensorDescriptor_t x;
  cudnnFilterDescriptor_t w;
  cudnnTensorDescriptor_t y;
  cudnnConvolutionDescriptor_t settings;
  int algorithm;
  void* workspace;
  std::size_t workspace_bytes;
  const void* alpha;
  const void* beta;
  ConvolutionMemory memory;
  // What a fused call reads besides, and what it does to the result.
  std::vector<Operand> more_inputs = {};
  std::function<void()> after = {};
};
// Checks the call and enqueues it.
cudnnStatus_t convolve(const ConvolutionCall& call);

void name_operands(Direction direction, const Convolution& conv, const ConvolutionMemory& memory,
                   TensorCall* work);

// Computes what `direction` makes. Without `deterministic`, sums run in an order that the seed
// chooses, as with atomic additions.
void run_convolution(Direction direction, const Convolution& convolution, const void* first,
                     const void* second, void* output, const Scaling& scaling, bool deterministic);

}  // namespace keen::sim
