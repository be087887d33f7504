#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/sim/libraries/cudnn_types.h"

namespace keen::sim {
namespace {

// visit(places) for each set of values that softmax normalises: of an image, or of a position
// (cudnn_ops.h, cudnnSoftmaxMode_t). A place is (n, c, h, w).
using Place = std::array<long, 4>;

template <class Visit>
void for_each_set(const Tensor& tensor, cudnnSoftmaxMode_t mode, const Visit& visit) {
  const long positions = tensor.h() * tensor.w();
  const bool by_position = mode == CUDNN_SOFTMAX_MODE_CHANNEL;
  for (long n = 0; n < tensor.n(); ++n) {
    for (long set = 0; set < (by_position ? positions : 1); ++set) {
      std::vector<Place> places;
      for (long c = 0; c < tensor.c(); ++c) {
        for (long i = by_position ? set : 0; i < (by_position ? set + 1 : positions); ++i) {
          places.push_back({n, c, i / tensor.w(), i % tensor.w()});
        }
      }
      visit(places);
    }
  }
}

std::vector<double> values(const Tensor& tensor, const void* data,
                           const std::vector<Place>& places) {
  std::vector<double> result;
  for (const auto& [n, c, h, w] : places) {
    result.push_back(load(backing(data), tensor.type, tensor.at(n, c, h, w)));
  }
  return result;
}

// CUDNN_SOFTMAX_FAST takes the exponential as it is: a float's overflows above 88, and the result
// is NaN (cudnn_ops.h, cudnnSoftmaxAlgorithm_t).
void softmax(std::vector<double>* x, cudnnSoftmaxAlgorithm_t algorithm, Type type) {
  const double greatest = algorithm == CUDNN_SOFTMAX_FAST ? 0 : *std::ranges::max_element(*x);
  const double limit = type == Type::kDouble ? std::numeric_limits<double>::max()
                                             : std::numeric_limits<float>::max();
  const auto exponential = [&](double value) {
    const double result = std::exp(value - greatest);
    return result > limit ? std::numeric_limits<double>::infinity() : result;
  };
  double sum = 0;
  for (const double value : *x) sum += exponential(value);
  for (double& value : *x) {
    value = algorithm == CUDNN_SOFTMAX_LOG ? value - greatest - std::log(sum)
                                           : exponential(value) / sum;
  }
}

void softmax_gradient(const std::vector<double>& y, std::vector<double>* dy,
                      cudnnSoftmaxAlgorithm_t algorithm) {
  const bool is_log = algorithm == CUDNN_SOFTMAX_LOG;
  double sum = 0;
  for (std::size_t i = 0; i < y.size(); ++i) sum += is_log ? (*dy)[i] : (*dy)[i] * y[i];
  for (std::size_t i = 0; i < y.size(); ++i) {
    double& gradient = (*dy)[i];
    gradient = is_log ? gradient - std::exp(y[i]) * sum : y[i] * (gradient - sum);
  }
}

void store_all(const Tensor& tensor, void* data, const std::vector<Place>& places,
               const std::vector<double>& results, const Scaling& scaling) {
  for (std::size_t i = 0; i < places.size(); ++i) {
    const auto [n, c, h, w] = places[i];
    blend(backing(data), tensor.type, tensor.at(n, c, h, w), results[i], scaling);
  }
}

bool are_valid(cudnnSoftmaxAlgorithm_t algorithm, cudnnSoftmaxMode_t mode,
               std::initializer_list<const Tensor*> tensors) {
  const Tensor* first = *tensors.begin();
  for (const Tensor* tensor : tensors) {
    if (tensor == nullptr || tensor->sizes != first->sizes || tensor->type != first->type) {
      return false;
    }
  }
  return algorithm >= CUDNN_SOFTMAX_FAST && algorithm <= CUDNN_SOFTMAX_LOG &&
         (mode == CUDNN_SOFTMAX_MODE_INSTANCE || mode == CUDNN_SOFTMAX_MODE_CHANNEL);
}

}  // namespace
}  // namespace keen::sim

using namespace keen::sim;  // NOLINT(google-build-using-namespace): the API is global

// NOLINTBEGIN(readability-identifier-naming)
extern "C" {

cudnnStatus_t cudnnSoftmaxForward(cudnnHandle_t handle, cudnnSoftmaxAlgorithm_t algo,
                                  cudnnSoftmaxMode_t mode, const void* alpha,
                                  cudnnTensorDescriptor_t xDesc, const void* x, const void* beta,
                                  cudnnTensorDescriptor_t yDesc, void* y) {
  constexpr const char* kApi = "cudnnSoftmaxForward";
  const Guard guard(Machine::get());
  if (const auto status = begin(kApi, handle)) return status;
  const Tensor* from = tensor_of(xDesc);
  const Tensor* to = tensor_of(yDesc);
  Scaling scaling;
  if (!are_valid(algo, mode, {from, to}) || !read_scaling(kApi, alpha, beta, to->type, &scaling)) {
    return CUDNN_STATUS_BAD_PARAM;
  }
  const auto body = [=, in = *from, out = *to] {
    for_each_set(in, mode, [&](const std::vector<Place>& places) {
      std::vector<double> set = values(in, x, places);
      softmax(&set, algo, in.type);
      store_all(out, y, places, set, scaling);
    });
  };
  return enqueue_call({.api = kApi,
                       .handle = handle,
                       .inputs = {{"x", from, x}},
                       .output = {"y", to, y},
                       .reads_output = scaling.beta != 0,
                       .flops = 3LL * to->elements(),
                       .body = body});
}

cudnnStatus_t cudnnSoftmaxBackward(cudnnHandle_t handle, cudnnSoftmaxAlgorithm_t algo,
                                   cudnnSoftmaxMode_t mode, const void* alpha,
                                   cudnnTensorDescriptor_t yDesc, const void* y,
                                   cudnnTensorDescriptor_t dyDesc, const void* dy, const void* beta,
                                   cudnnTensorDescriptor_t dxDesc, void* dx) {
  constexpr const char* kApi = "cudnnSoftmaxBackward";
  const Guard guard(Machine::get());
  if (const auto status = begin(kApi, handle)) return status;
  const Tensor* result = tensor_of(yDesc);
  const Tensor* from = tensor_of(dyDesc);
  const Tensor* to = tensor_of(dxDesc);
  Scaling scaling;
  if (!are_valid(algo, mode, {result, from, to}) ||
      !read_scaling(kApi, alpha, beta, to->type, &scaling)) {
    return CUDNN_STATUS_BAD_PARAM;
  }
  const auto body = [=, kept = *result, in = *from, out = *to] {
    for_each_set(in, mode, [&](const std::vector<Place>& places) {
      std::vector<double> set = values(in, dy, places);
      softmax_gradient(values(kept, y, places), &set, algo);
      store_all(out, dx, places, set, scaling);
    });
  };
  return enqueue_call({.api = kApi,
                       .handle = handle,
                       .inputs = {{"y", result, y}, {"dy", from, dy}},
                       .output = {"dx", to, dx},
                       .reads_output = scaling.beta != 0,
                       .flops = 4LL * to->elements(),
                       .body = body});
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)
