#include "tests/sim/libraries/cudnn_types.h"

#include <algorithm>

namespace keen::sim {
namespace {

// More than that of a workspace is not made NaN, to keep the tests quick.
constexpr std::size_t kMostSpoiledBytes = 16 << 20;

bool has_order(const Tensor& tensor, const std::array<int, 4>& order) {
  long stride = 1;
  for (const int dimension : order) {
    const auto d = static_cast<std::size_t>(dimension);
    if (tensor.sizes[d] != 1 && tensor.strides[d] != stride) return false;
    stride *= tensor.sizes[d];
  }
  return true;
}

}  // namespace

std::size_t Tensor::bytes() const {
  long last = 0;
  for (std::size_t d = 0; d < sizes.size(); ++d) last += (sizes[d] - 1) * strides[d];
  return static_cast<std::size_t>(last + 1) * size_of(type);
}

bool Tensor::is_packed() const {
  return bytes() == static_cast<std::size_t>(elements()) * size_of(type);
}

bool Tensor::is_nchw() const { return has_order(*this, {3, 2, 1, 0}); }

bool Tensor::is_nhwc() const { return has_order(*this, {1, 3, 2, 0}); }

std::optional<Type> dnn_type(cudnnDataType_t type) {
  switch (type) {
    case CUDNN_DATA_FLOAT:
      return Type::kFloat;
    case CUDNN_DATA_HALF:
      return Type::kHalf;
    case CUDNN_DATA_BFLOAT16:
      return Type::kBfloat16;
    case CUDNN_DATA_DOUBLE:
      return Type::kDouble;
    default:
      return std::nullopt;
  }
}

cudnnDataType_t dnn_type(Type type) {
  switch (type) {
    case Type::kHalf:
      return CUDNN_DATA_HALF;
    case Type::kBfloat16:
      return CUDNN_DATA_BFLOAT16;
    case Type::kDouble:
      return CUDNN_DATA_DOUBLE;
    case Type::kFloat:
      break;
  }
  return CUDNN_DATA_FLOAT;
}

const Tensor* tensor_of(cudnnTensorDescriptor_t descriptor) {
  if (!registry<cudnnTensorStruct>().has(descriptor)) return nullptr;
  return descriptor->tensor.set ? &descriptor->tensor : nullptr;
}

const Tensor* tensor_of(cudnnFilterDescriptor_t descriptor) {
  if (!registry<cudnnFilterStruct>().has(descriptor)) return nullptr;
  return descriptor->tensor.set ? &descriptor->tensor : nullptr;
}

bool read_scaling(const char* api, const void* alpha, const void* beta, Type type,
                  Scaling* scaling) {
  if (!host_scalar(api, "alpha", alpha) || !host_scalar(api, "beta", beta)) return false;
  const Type scalar = type == Type::kDouble ? Type::kDouble : Type::kFloat;
  *scaling = {load(alpha, scalar, 0), load(beta, scalar, 0)};
  return true;
}

cudnnStatus_t begin(const char* api, cudnnHandle_t handle) {
  if (const int e = enter(api)) return static_cast<cudnnStatus_t>(e);
  if (!registry<cudnnContext>().has(handle)) return CUDNN_STATUS_NOT_INITIALIZED;
  // cuDNN, "Thread Safety": one handle must not be used by several threads simultaneously.
  if (!comes_after(&handle->last_call)) {
    Machine::get().report("thread", std::string(api) + ": two threads use one handle at once");
  }
  return same_device(api, handle->device, handle->stream) ? CUDNN_STATUS_SUCCESS
                                                          : CUDNN_STATUS_BAD_PARAM_STREAM_MISMATCH;
}

namespace {

bool add_access(const char* api, const Operand& operand, AccessKind kind, Operation* operation) {
  if (!device_operand(api, operand.name, operand.data, size_of(operand.tensor->type))) return false;
  operation->accesses.push_back({operand.data, operand.tensor->bytes(), kind});
  return true;
}

bool add_result(const char* api, const Result& result, Operation* operation) {
  if (result.is_read && !add_access(api, result.operand, AccessKind::kRead, operation)) {
    return false;
  }
  return add_access(api, result.operand, AccessKind::kWrite, operation);
}

}  // namespace

cudnnStatus_t enqueue_call(const TensorCall& call) {
  Operation operation;
  operation.name = call.api;
  operation.flops = call.flops;
  for (const auto& input : call.inputs) {
    if (!add_access(call.api, input, AccessKind::kRead, &operation)) return CUDNN_STATUS_BAD_PARAM;
  }
  if (!add_result(call.api, {call.output, call.reads_output}, &operation)) {
    return CUDNN_STATUS_BAD_PARAM;
  }
  for (const auto& result : call.further_outputs) {
    if (!add_result(call.api, result, &operation)) return CUDNN_STATUS_BAD_PARAM;
  }
  operation.body = [body = call.body](Execution&) { body(); };
  if (call.workspace_bytes != 0) {
    if (!device_operand(call.api, "the workspace", call.workspace, 16)) {
      return CUDNN_STATUS_BAD_PARAM;
    }
    spoil_workspace(&operation, call.workspace, std::min(call.workspace_bytes, kMostSpoiledBytes));
  }
  return submit(call.handle->stream, std::move(operation)) ? CUDNN_STATUS_SUCCESS
                                                           : CUDNN_STATUS_EXECUTION_FAILED;
}

}  // namespace keen::sim
