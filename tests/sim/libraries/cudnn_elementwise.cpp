#include "tests/sim/libraries/cudnn_types.h"

namespace keen::sim {
namespace {

// visit(n, c, h, w) for each element.
template <class Visit>
void for_each(const Tensor& tensor, const Visit& visit) {
  for (long n = 0; n < tensor.n(); ++n) {
    for (long c = 0; c < tensor.c(); ++c) {
      for (long h = 0; h < tensor.h(); ++h) {
        for (long w = 0; w < tensor.w(); ++w) visit(n, c, h, w);
      }
    }
  }
}

// Relu of a value (cuDNN, "cudnnNanPropagation_t"): without propagation a NaN becomes 0.
double relu(double value, cudnnNanPropagation_t nan) {
  if (value != value) return nan == CUDNN_PROPAGATE_NAN ? value : 0;
  return value > 0 ? value : 0;
}

bool is_relu(cudnnActivationDescriptor_t descriptor) {
  return registry<cudnnActivationStruct>().has(descriptor) && descriptor->set &&
         descriptor->mode == CUDNN_ACTIVATION_RELU;
}

bool same_shape(const Tensor* a, const Tensor* b) {
  return a != nullptr && b != nullptr && a->sizes == b->sizes && a->type == b->type;
}

}  // namespace
}  // namespace keen::sim

using namespace keen::sim;  // NOLINT(google-build-using-namespace): the API is global

// NOLINTBEGIN(readability-identifier-naming)
extern "C" {

cudnnStatus_t cudnnAddTensor(cudnnHandle_t handle, const void* alpha, cudnnTensorDescriptor_t aDesc,
                             const void* A, const void* beta, cudnnTensorDescriptor_t cDesc,
                             void* C) {
  constexpr const char* kApi = "cudnnAddTensor";
  const Guard guard(Machine::get());
  if (const auto status = begin(kApi, handle)) return status;
  const Tensor* from = tensor_of(aDesc);
  const Tensor* to = tensor_of(cDesc);
  if (from == nullptr || to == nullptr) return CUDNN_STATUS_BAD_PARAM;
  // Each size is that of the destination or 1 (cuDNN, "cudnnAddTensor").
  for (std::size_t d = 0; d < from->sizes.size(); ++d) {
    if (from->sizes[d] != 1 && from->sizes[d] != to->sizes[d]) return CUDNN_STATUS_BAD_PARAM;
  }
  if (from->type != to->type) return CUDNN_STATUS_NOT_SUPPORTED;
  Scaling scaling;
  if (!read_scaling(kApi, alpha, beta, to->type, &scaling)) return CUDNN_STATUS_BAD_PARAM;
  const auto body = [a = *from, c = *to, A, C, scaling] {
    for_each(c, [&](long n, long k, long h, long w) {
      const std::size_t place =
          a.at(a.n() == 1 ? 0 : n, a.c() == 1 ? 0 : k, a.h() == 1 ? 0 : h, a.w() == 1 ? 0 : w);
      blend(backing(C), c.type, c.at(n, k, h, w), load(backing(A), a.type, place), scaling);
    });
  };
  return enqueue_call({.api = kApi,
                       .handle = handle,
                       .inputs = {{"A", from, A}},
                       .output = {"C", to, C},
                       .reads_output = scaling.beta != 0,
                       .flops = to->elements(),
                       .body = body});
}

cudnnStatus_t cudnnTransformTensor(cudnnHandle_t handle, const void* alpha,
                                   cudnnTensorDescriptor_t xDesc, const void* x, const void* beta,
                                   cudnnTensorDescriptor_t yDesc, void* y) {
  constexpr const char* kApi = "cudnnTransformTensor";
  const Guard guard(Machine::get());
  if (const auto status = begin(kApi, handle)) return status;
  const Tensor* from = tensor_of(xDesc);
  const Tensor* to = tensor_of(yDesc);
  if (from == nullptr || to == nullptr || from->sizes != to->sizes) return CUDNN_STATUS_BAD_PARAM;
  if (from->type != to->type) return CUDNN_STATUS_NOT_SUPPORTED;
  // Not in place (cuDNN, "cudnnTransformTensor").
  if (x == y) return CUDNN_STATUS_BAD_PARAM;
  Scaling scaling;
  if (!read_scaling(kApi, alpha, beta, to->type, &scaling)) return CUDNN_STATUS_BAD_PARAM;
  const auto body = [in = *from, out = *to, x, y, scaling] {
    for_each(out, [&](long n, long c, long h, long w) {
      blend(backing(y), out.type, out.at(n, c, h, w), load(backing(x), in.type, in.at(n, c, h, w)),
            scaling);
    });
  };
  return enqueue_call({.api = kApi,
                       .handle = handle,
                       .inputs = {{"x", from, x}},
                       .output = {"y", to, y},
                       .reads_output = scaling.beta != 0,
                       .body = body});
}

cudnnStatus_t cudnnActivationForward(cudnnHandle_t handle,
                                     cudnnActivationDescriptor_t activationDesc, const void* alpha,
                                     cudnnTensorDescriptor_t xDesc, const void* x, const void* beta,
                                     cudnnTensorDescriptor_t yDesc, void* y) {
  constexpr const char* kApi = "cudnnActivationForward";
  const Guard guard(Machine::get());
  if (const auto status = begin(kApi, handle)) return status;
  const Tensor* from = tensor_of(xDesc);
  const Tensor* to = tensor_of(yDesc);
  if (!is_relu(activationDesc) || !same_shape(from, to)) return CUDNN_STATUS_BAD_PARAM;
  // In place the strides must be the same (cuDNN, "cudnnActivationForward").
  if (x == y && from->strides != to->strides) return CUDNN_STATUS_BAD_PARAM;
  Scaling scaling;
  if (!read_scaling(kApi, alpha, beta, to->type, &scaling)) return CUDNN_STATUS_BAD_PARAM;
  const auto body = [in = *from, out = *to, x, y, scaling, nan = activationDesc->nan] {
    for_each(out, [&](long n, long c, long h, long w) {
      const double value = load(backing(x), in.type, in.at(n, c, h, w));
      blend(backing(y), out.type, out.at(n, c, h, w), relu(value, nan), scaling);
    });
  };
  return enqueue_call({.api = kApi,
                       .handle = handle,
                       .inputs = {{"x", from, x}},
                       .output = {"y", to, y},
                       .reads_output = scaling.beta != 0,
                       .flops = to->elements(),
                       .body = body});
}

cudnnStatus_t cudnnActivationBackward(cudnnHandle_t handle,
                                      cudnnActivationDescriptor_t activationDesc, const void* alpha,
                                      cudnnTensorDescriptor_t yDesc, const void* y,
                                      cudnnTensorDescriptor_t dyDesc, const void* dy,
                                      cudnnTensorDescriptor_t xDesc, const void* x,
                                      const void* beta, cudnnTensorDescriptor_t dxDesc, void* dx) {
  constexpr const char* kApi = "cudnnActivationBackward";
  const Guard guard(Machine::get());
  if (const auto status = begin(kApi, handle)) return status;
  const Tensor* result = tensor_of(yDesc);
  const Tensor* from = tensor_of(dyDesc);
  const Tensor* input = tensor_of(xDesc);
  const Tensor* to = tensor_of(dxDesc);
  if (!is_relu(activationDesc) || !same_shape(result, from) || !same_shape(from, input) ||
      !same_shape(input, to)) {
    return CUDNN_STATUS_BAD_PARAM;
  }
  Scaling scaling;
  if (!read_scaling(kApi, alpha, beta, to->type, &scaling)) return CUDNN_STATUS_BAD_PARAM;
  const auto body = [kept = *result, in = *from, out = *to, y, dy, dx, scaling] {
    for_each(out, [&](long n, long c, long h, long w) {
      const bool passes = load(backing(y), kept.type, kept.at(n, c, h, w)) > 0;
      const double gradient = load(backing(dy), in.type, in.at(n, c, h, w));
      blend(backing(dx), out.type, out.at(n, c, h, w), passes ? gradient : 0, scaling);
    });
  };
  return enqueue_call({.api = kApi,
                       .handle = handle,
                       .inputs = {{"y", result, y}, {"dy", from, dy}, {"x", input, x}},
                       .output = {"dx", to, dx},
                       .reads_output = scaling.beta != 0,
                       .flops = to->elements(),
                       .body = body});
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)
