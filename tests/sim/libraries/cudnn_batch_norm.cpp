#include <cmath>

#include "tests/sim/libraries/cudnn_types.h"

namespace keen::sim {
namespace {

constexpr const char* kApi = "cudnnBatchNormalizationForwardTraining";

struct Training {
  Tensor x, y, parameters;
  Scaling scaling;
  double factor, epsilon;
  const void *input, *scale, *bias;
  void *output, *running_mean, *running_variance, *saved_mean, *saved_deviation;
};

struct Statistics {
  double mean = 0;
  double squares = 0;  // sum of the squared distances from the mean
  double count = 0;
};

template <class Visit>
void for_each_position(const Tensor& x, const Visit& visit) {
  for (long n = 0; n < x.n(); ++n) {
    for (long i = 0; i < x.h() * x.w(); ++i) visit(n, i / x.w(), i % x.w());
  }
}

Statistics statistics(const Training& t, long c) {
  Statistics result;
  result.count = static_cast<double>(t.x.n() * t.x.h() * t.x.w());
  const auto value = [&](long n, long h, long w) {
    return load(backing(t.input), t.x.type, t.x.at(n, c, h, w));
  };
  for_each_position(t.x, [&](long n, long h, long w) { result.mean += value(n, h, w); });
  result.mean /= result.count;
  for_each_position(t.x, [&](long n, long h, long w) {
    const double distance = value(n, h, w) - result.mean;
    result.squares += distance * distance;
  });
  return result;
}

void store_statistics(const Training& t, std::size_t channel, const Statistics& s,
                      double inverse_deviation) {
  const Type type = t.parameters.type;
  if (t.saved_mean != nullptr) {
    store(backing(t.saved_mean), type, channel, s.mean);
    store(backing(t.saved_deviation), type, channel, inverse_deviation);
  }
  if (t.running_mean == nullptr) return;
  const auto move = [&](void* running, double value) {
    // With a factor of 1 the old value is not read: it may be NaN.
    const double old = t.factor == 1 ? 0 : load(backing(running), type, channel);
    store(backing(running), type, channel, old * (1 - t.factor) + value * t.factor);
  };
  move(t.running_mean, s.mean);
  // The unbiased variance; of one value the biased one (unsourced).
  move(t.running_variance, s.squares / (s.count > 1 ? s.count - 1 : 1));
}

void normalise(const Training& t) {
  for (long c = 0; c < t.x.c(); ++c) {
    const auto channel = static_cast<std::size_t>(c);
    const Statistics s = statistics(t, c);
    const double inverse_deviation = 1 / std::sqrt(s.squares / s.count + t.epsilon);
    const double scale = load(backing(t.scale), t.parameters.type, channel);
    const double bias = load(backing(t.bias), t.parameters.type, channel);
    for_each_position(t.x, [&](long n, long h, long w) {
      const double value = load(backing(t.input), t.x.type, t.x.at(n, c, h, w));
      blend(backing(t.output), t.y.type, t.y.at(n, c, h, w),
            (value - s.mean) * inverse_deviation * scale + bias, t.scaling);
    });
    store_statistics(t, channel, s, inverse_deviation);
  }
}

cudnnStatus_t check(const Training& t) {
  if (t.epsilon < CUDNN_BN_MIN_EPSILON || t.x.sizes != t.y.sizes || t.x.type != t.y.type) {
    return CUDNN_STATUS_BAD_PARAM;
  }
  const Type wanted = t.x.type == Type::kDouble ? Type::kDouble : Type::kFloat;
  if (t.parameters.type != wanted || t.parameters.sizes != std::array<long, 4>{1, t.x.c(), 1, 1}) {
    return CUDNN_STATUS_BAD_PARAM;
  }
  // Both or none (cuDNN, "cudnnBatchNormalizationForwardTraining").
  if ((t.running_mean == nullptr) != (t.running_variance == nullptr) ||
      (t.saved_mean == nullptr) != (t.saved_deviation == nullptr)) {
    return CUDNN_STATUS_BAD_PARAM;
  }
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t enqueue_training(cudnnHandle_t handle, const Training& t) {
  Operation operation;
  operation.name = kApi;
  operation.flops = 8LL * t.x.elements();
  bool valid = true;
  const auto add = [&](const char* name, const Tensor& tensor, const void* data, AccessKind kind) {
    valid = valid && device_operand(kApi, name, data, size_of(tensor.type));
    operation.accesses.push_back({data, tensor.bytes(), kind});
  };
  add("x", t.x, t.input, AccessKind::kRead);
  add("bnScale", t.parameters, t.scale, AccessKind::kRead);
  add("bnBias", t.parameters, t.bias, AccessKind::kRead);
  if (t.scaling.beta != 0) add("y", t.y, t.output, AccessKind::kRead);
  add("y", t.y, t.output, AccessKind::kWrite);
  if (t.running_mean != nullptr) {
    for (void* running : {t.running_mean, t.running_variance}) {
      if (t.factor != 1) add("a running result", t.parameters, running, AccessKind::kRead);
      add("a running result", t.parameters, running, AccessKind::kWrite);
    }
  }
  if (t.saved_mean != nullptr) {
    add("resultSaveMean", t.parameters, t.saved_mean, AccessKind::kWrite);
    add("resultSaveInvVariance", t.parameters, t.saved_deviation, AccessKind::kWrite);
  }
  if (!valid) return CUDNN_STATUS_BAD_PARAM;
  operation.body = [t](Execution&) { normalise(t); };
  return submit(handle->stream, std::move(operation)) ? CUDNN_STATUS_SUCCESS
                                                      : CUDNN_STATUS_EXECUTION_FAILED;
}

}  // namespace
}  // namespace keen::sim

using namespace keen::sim;  // NOLINT(google-build-using-namespace): the API is global

// NOLINTBEGIN(readability-identifier-naming)
extern "C" {

cudnnStatus_t cudnnBatchNormalizationForwardTraining(
    cudnnHandle_t handle, cudnnBatchNormMode_t mode, const void* alpha, const void* beta,
    cudnnTensorDescriptor_t xDesc, const void* x, cudnnTensorDescriptor_t yDesc, void* y,
    cudnnTensorDescriptor_t bnScaleBiasMeanVarDesc, const void* bnScale, const void* bnBias,
    double exponentialAverageFactor, void* resultRunningMean, void* resultRunningVariance,
    double epsilon, void* resultSaveMean, void* resultSaveInvVariance) {
  const Guard guard(Machine::get());
  if (const auto status = begin(kApi, handle)) return status;
  const Tensor* input = tensor_of(xDesc);
  const Tensor* output = tensor_of(yDesc);
  const Tensor* parameters = tensor_of(bnScaleBiasMeanVarDesc);
  if (input == nullptr || output == nullptr || parameters == nullptr) {
    return CUDNN_STATUS_BAD_PARAM;
  }
  if (mode != CUDNN_BATCHNORM_SPATIAL) {
    report_unsupported(kApi, "mode " + std::to_string(mode));
    return CUDNN_STATUS_NOT_SUPPORTED;
  }
  Scaling scaling;
  if (!read_scaling(kApi, alpha, beta, input->type, &scaling)) return CUDNN_STATUS_BAD_PARAM;
  const Training training{.x = *input,
                          .y = *output,
                          .parameters = *parameters,
                          .scaling = scaling,
                          .factor = exponentialAverageFactor,
                          .epsilon = epsilon,
                          .input = x,
                          .scale = bnScale,
                          .bias = bnBias,
                          .output = y,
                          .running_mean = resultRunningMean,
                          .running_variance = resultRunningVariance,
                          .saved_mean = resultSaveMean,
                          .saved_deviation = resultSaveInvVariance};
  if (const auto status = check(training)) return status;
  return enqueue_training(handle, training);
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)
