#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/sim/libraries/cudnn_types.h"

namespace keen::sim {
namespace {

// The part of the input that one window covers.
struct Window {
  long top, bottom, left, right;  // bottom and right: behind the last

  long covered() const { return (bottom - top) * (right - left); }
};

Window window_at(const cudnnPoolingStruct& pool, const Tensor& x, long h, long w) {
  const long top = h * pool.stride_h - pool.pad_h;
  const long left = w * pool.stride_w - pool.pad_w;
  return {std::max(top, 0L), std::min(top + pool.window_h, x.h()), std::max(left, 0L),
          std::min(left + pool.window_w, x.w())};
}

bool is_max(const cudnnPoolingStruct& pool) {
  return pool.mode == CUDNN_POOLING_MAX || pool.mode == CUDNN_POOLING_MAX_DETERMINISTIC;
}

double divisor(const cudnnPoolingStruct& pool, const Window& window) {
  const bool includes = pool.mode == CUDNN_POOLING_AVERAGE_COUNT_INCLUDE_PADDING;
  return static_cast<double>(includes ? pool.window_h * pool.window_w : window.covered());
}

// The place of the greatest value; of equal ones the first. A NaN wins if it propagates, and else
// loses against every number.
std::size_t place_of_max(const cudnnPoolingStruct& pool, const Tensor& x, const void* data, long n,
                         long c, const Window& window) {
  std::size_t best = x.at(n, c, window.top, window.left);
  double greatest = load(data, x.type, best);
  const bool propagates = pool.nan == CUDNN_PROPAGATE_NAN;
  for (long h = window.top; h < window.bottom; ++h) {
    for (long w = window.left; w < window.right; ++w) {
      const std::size_t place = x.at(n, c, h, w);
      const double value = load(data, x.type, place);
      const bool nan_wins = propagates && std::isnan(value) && !std::isnan(greatest);
      const bool nan_loses = !propagates && std::isnan(greatest) && !std::isnan(value);
      if (value > greatest || nan_wins || nan_loses) {
        greatest = value;
        best = place;
      }
    }
  }
  return best;
}

double average(const cudnnPoolingStruct& pool, const Tensor& x, const void* data, long n, long c,
               const Window& window) {
  double sum = 0;
  for (long h = window.top; h < window.bottom; ++h) {
    for (long w = window.left; w < window.right; ++w) sum += load(data, x.type, x.at(n, c, h, w));
  }
  return sum / divisor(pool, window);
}

template <class Visit>
void for_each_window(const cudnnPoolingStruct& pool, const Tensor& x, const Tensor& y, long turn,
                     const Visit& visit) {
  const long positions = y.h() * y.w();
  for (long n = 0; n < y.n(); ++n) {
    for (long c = 0; c < y.c(); ++c) {
      for (long i = 0; i < positions; ++i) {
        const long position = (i + turn) % positions;
        const long h = position / y.w();
        const long w = position % y.w();
        visit(n, c, window_at(pool, x, h, w), y.at(n, c, h, w));
      }
    }
  }
}

// CUDNN_POOLING_MAX adds with atomics going back: the order of its sums is not fixed.
long random_turn(const cudnnPoolingStruct& pool, const Tensor& y) {
  if (pool.mode != CUDNN_POOLING_MAX) return 0;
  return Machine::get().random(static_cast<unsigned>(y.h() * y.w()));
}

std::vector<float> input_gradients(const cudnnPoolingStruct& pool, const Tensor& x,
                                   const void* data, const Tensor& dy, const void* gradients) {
  std::vector<float> total(x.bytes() / size_of(x.type));
  for_each_window(pool, x, dy, random_turn(pool, dy),
                  [&](long n, long c, const Window& window, std::size_t place) {
                    const double gradient = load(gradients, dy.type, place);
                    if (is_max(pool)) {
                      total[place_of_max(pool, x, data, n, c, window)] +=
                          static_cast<float>(gradient);
                      return;
                    }
                    const auto share = static_cast<float>(gradient / divisor(pool, window));
                    for (long h = window.top; h < window.bottom; ++h) {
                      for (long w = window.left; w < window.right; ++w) {
                        total[x.at(n, c, h, w)] += share;
                      }
                    }
                  });
  return total;
}

// Outputs along one dimension (cuDNN, "cudnnGetPooling2dForwardOutputDim").
long output_size(long input, long pad, long window, long stride) {
  const long room = input + 2 * pad - window;
  return room < 0 ? 0 : room / stride + 1;
}

bool is_set(cudnnPoolingDescriptor_t descriptor) {
  return registry<cudnnPoolingStruct>().has(descriptor) && descriptor->set;
}

std::array<long, 4> output_sizes(const cudnnPoolingStruct& pool, const Tensor& x) {
  return {x.n(), x.c(), output_size(x.h(), pool.pad_h, pool.window_h, pool.stride_h),
          output_size(x.w(), pool.pad_w, pool.window_w, pool.stride_w)};
}

// Windows that lie wholly in the padding have no greatest value and nothing to divide by.
bool are_shapes_valid(const cudnnPoolingStruct& pool, const Tensor* x, const Tensor* y) {
  return x != nullptr && y != nullptr && x->type == y->type && pool.pad_h < pool.window_h &&
         pool.pad_w < pool.window_w && y->sizes == output_sizes(pool, *x);
}

}  // namespace
}  // namespace keen::sim

using namespace keen::sim;  // NOLINT(google-build-using-namespace): the API is global

// NOLINTBEGIN(readability-identifier-naming)
extern "C" {

cudnnStatus_t cudnnGetPooling2dForwardOutputDim(cudnnPoolingDescriptor_t poolingDesc,
                                                cudnnTensorDescriptor_t inputTensorDesc, int* n,
                                                int* c, int* h, int* w) {
  const Guard guard(Machine::get());
  if (const int e = enter("cudnnGetPooling2dForwardOutputDim")) {
    return static_cast<cudnnStatus_t>(e);
  }
  const Tensor* x = tensor_of(inputTensorDesc);
  if (!is_set(poolingDesc) || x == nullptr || n == nullptr || c == nullptr || h == nullptr ||
      w == nullptr) {
    return CUDNN_STATUS_BAD_PARAM;
  }
  const auto sizes = output_sizes(*poolingDesc, *x);
  *n = static_cast<int>(sizes[0]);
  *c = static_cast<int>(sizes[1]);
  *h = static_cast<int>(sizes[2]);
  *w = static_cast<int>(sizes[3]);
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetPoolingNdForwardOutputDim(cudnnPoolingDescriptor_t poolingDesc,
                                                cudnnTensorDescriptor_t inputTensorDesc, int nbDims,
                                                int outputTensorDimA[]) {
  if (nbDims != 4 || outputTensorDimA == nullptr) return CUDNN_STATUS_BAD_PARAM;
  return cudnnGetPooling2dForwardOutputDim(poolingDesc, inputTensorDesc, &outputTensorDimA[0],
                                           &outputTensorDimA[1], &outputTensorDimA[2],
                                           &outputTensorDimA[3]);
}

cudnnStatus_t cudnnPoolingForward(cudnnHandle_t handle, cudnnPoolingDescriptor_t poolingDesc,
                                  const void* alpha, cudnnTensorDescriptor_t xDesc, const void* x,
                                  const void* beta, cudnnTensorDescriptor_t yDesc, void* y) {
  constexpr const char* kApi = "cudnnPoolingForward";
  const Guard guard(Machine::get());
  if (const auto status = begin(kApi, handle)) return status;
  const Tensor* from = tensor_of(xDesc);
  const Tensor* to = tensor_of(yDesc);
  if (!is_set(poolingDesc) || !are_shapes_valid(*poolingDesc, from, to)) {
    return CUDNN_STATUS_BAD_PARAM;
  }
  Scaling scaling;
  if (!read_scaling(kApi, alpha, beta, to->type, &scaling)) return CUDNN_STATUS_BAD_PARAM;
  const auto body = [in = *from, out = *to, pool = *poolingDesc, x, y, scaling] {
    const void* data = backing(x);
    for_each_window(pool, in, out, 0, [&](long n, long c, const Window& window, std::size_t place) {
      const double value = is_max(pool)
                               ? load(data, in.type, place_of_max(pool, in, data, n, c, window))
                               : average(pool, in, data, n, c, window);
      blend(backing(y), out.type, place, value, scaling);
    });
  };
  return enqueue_call({.api = kApi,
                       .handle = handle,
                       .inputs = {{"x", from, x}},
                       .output = {"y", to, y},
                       .reads_output = scaling.beta != 0,
                       .flops = to->elements() * poolingDesc->window_h * poolingDesc->window_w,
                       .body = body});
}

cudnnStatus_t cudnnPoolingBackward(cudnnHandle_t handle, cudnnPoolingDescriptor_t poolingDesc,
                                   const void* alpha, cudnnTensorDescriptor_t yDesc, const void* y,
                                   cudnnTensorDescriptor_t dyDesc, const void* dy,
                                   cudnnTensorDescriptor_t xDesc, const void* x, const void* beta,
                                   cudnnTensorDescriptor_t dxDesc, void* dx) {
  constexpr const char* kApi = "cudnnPoolingBackward";
  const Guard guard(Machine::get());
  if (const auto status = begin(kApi, handle)) return status;
  const Tensor* result = tensor_of(yDesc);
  const Tensor* from = tensor_of(dyDesc);
  const Tensor* input = tensor_of(xDesc);
  const Tensor* to = tensor_of(dxDesc);
  if (!is_set(poolingDesc) || !are_shapes_valid(*poolingDesc, input, from) || result == nullptr ||
      to == nullptr || result->sizes != from->sizes || to->sizes != input->sizes ||
      result->type != from->type || to->type != input->type) {
    return CUDNN_STATUS_BAD_PARAM;
  }
  // cuDNN, "cudnnPoolingBackward": dy like y, dx like x in their strides.
  if (result->strides != from->strides || to->strides != input->strides) {
    return CUDNN_STATUS_BAD_PARAM;
  }
  Scaling scaling;
  if (!read_scaling(kApi, alpha, beta, to->type, &scaling)) return CUDNN_STATUS_BAD_PARAM;
  const auto body = [in = *input, gradients = *from, pool = *poolingDesc, x, dy, dx, scaling] {
    const auto total = input_gradients(pool, in, backing(x), gradients, backing(dy));
    for (long i = 0; i < in.elements(); ++i) {
      const std::size_t place =
          in.at(i / (in.c() * in.h() * in.w()), i / (in.h() * in.w()) % in.c(), i / in.w() % in.h(),
                i % in.w());
      blend(backing(dx), in.type, place, total[place], scaling);
    }
  };
  return enqueue_call({.api = kApi,
                       .handle = handle,
                       .inputs = {{"y", result, y}, {"dy", from, dy}, {"x", input, x}},
                       .output = {"dx", to, dx},
                       .reads_output = scaling.beta != 0,
                       .flops = from->elements() * poolingDesc->window_h * poolingDesc->window_w,
                       .body = body});
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)
