#include <cmath>

#include "tests/sim/libraries/cudnn_types.h"

namespace keen::sim {
namespace {

struct Statistics {
  double mean = 0;
  double squares = 0;  // sum of the squared distances from the mean
  double count = 0;

  double inverse_deviation(double epsilon) const {
    return 1 / std::sqrt(squares / count + epsilon);
  }
};

// visit(n, h, w) for each value of a channel.
template <class Visit>
void for_each_position(const Tensor& x, const Visit& visit) {
  for (long n = 0; n < x.n(); ++n) {
    for (long i = 0; i < x.h() * x.w(); ++i) visit(n, i / x.w(), i % x.w());
  }
}

Statistics statistics(const Tensor& x, const void* input, long c) {
  Statistics result;
  result.count = static_cast<double>(x.n() * x.h() * x.w());
  const auto value = [&](long n, long h, long w) {
    return load(backing(input), x.type, x.at(n, c, h, w));
  };
  for_each_position(x, [&](long n, long h, long w) { result.mean += value(n, h, w); });
  result.mean /= result.count;
  for_each_position(x, [&](long n, long h, long w) {
    const double distance = value(n, h, w) - result.mean;
    result.squares += distance * distance;
  });
  return result;
}

// cudnn_ops.h, cudnnBatchNormMode_t: 1xCx1x1. Of float unless the data are double
// (cuDNN, "cudnnDeriveBNTensorDescriptor").
Tensor parameters_of(const Tensor& x) {
  return {.set = true,
          .type = x.type == Type::kDouble ? Type::kDouble : Type::kFloat,
          .sizes = {1, x.c(), 1, 1},
          .strides = {x.c(), 1, 1, 1}};
}

bool is_mode_known(const char* api, cudnnBatchNormMode_t mode) {
  if (mode == CUDNN_BATCHNORM_SPATIAL) return true;
  report_unsupported(api, "mode " + std::to_string(mode));
  return false;
}

// What the three calls hold their descriptors to: `x` and the tensors like it, and the parameters.
cudnnStatus_t check(const char* api, cudnnBatchNormMode_t mode,
                    std::initializer_list<const Tensor*> like_x, const Tensor* parameters,
                    double epsilon) {
  const Tensor* x = *like_x.begin();
  for (const Tensor* tensor : like_x) {
    if (tensor == nullptr || tensor->sizes != x->sizes || tensor->type != x->type) {
      return CUDNN_STATUS_BAD_PARAM;
    }
  }
  if (parameters == nullptr || epsilon < CUDNN_BN_MIN_EPSILON) return CUDNN_STATUS_BAD_PARAM;
  if (!is_mode_known(api, mode)) return CUDNN_STATUS_NOT_SUPPORTED;
  const Tensor wanted = parameters_of(*x);
  return parameters->type == wanted.type && parameters->sizes == wanted.sizes
             ? CUDNN_STATUS_SUCCESS
             : CUDNN_STATUS_BAD_PARAM;
}

// Both or none (cuDNN, "cudnnBatchNormalizationForwardTraining" and "...Backward").
bool are_both_or_none(const void* a, const void* b) { return (a == nullptr) == (b == nullptr); }

struct Training {
  Tensor x, y, parameters;
  Scaling scaling;
  double factor, epsilon;
  const void *input, *scale, *bias;
  void *output, *running_mean, *running_variance, *saved_mean, *saved_deviation;
};

void store_statistics(const Training& t, std::size_t channel, const Statistics& s) {
  const Type type = t.parameters.type;
  if (t.saved_mean != nullptr) {
    store(backing(t.saved_mean), type, channel, s.mean);
    store(backing(t.saved_deviation), type, channel, s.inverse_deviation(t.epsilon));
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

void train(const Training& t) {
  for (long c = 0; c < t.x.c(); ++c) {
    const auto channel = static_cast<std::size_t>(c);
    const Statistics s = statistics(t.x, t.input, c);
    const double inverse_deviation = s.inverse_deviation(t.epsilon);
    const double scale = load(backing(t.scale), t.parameters.type, channel);
    const double bias = load(backing(t.bias), t.parameters.type, channel);
    for_each_position(t.x, [&](long n, long h, long w) {
      const double value = load(backing(t.input), t.x.type, t.x.at(n, c, h, w));
      blend(backing(t.output), t.y.type, t.y.at(n, c, h, w),
            (value - s.mean) * inverse_deviation * scale + bias, t.scaling);
    });
    store_statistics(t, channel, s);
  }
}

cudnnStatus_t enqueue_training(const char* api, cudnnHandle_t handle, const Training& t) {
  TensorCall call{.api = api,
                  .handle = handle,
                  .inputs = {{"x", &t.x, t.input},
                             {"bnScale", &t.parameters, t.scale},
                             {"bnBias", &t.parameters, t.bias}},
                  .output = {"y", &t.y, t.output},
                  .reads_output = t.scaling.beta != 0,
                  .flops = 8LL * t.x.elements(),
                  .body = [t] { train(t); }};
  if (t.running_mean != nullptr) {
    const bool is_read = t.factor != 1;
    call.further_outputs.push_back({{"resultRunningMean", &t.parameters, t.running_mean}, is_read});
    call.further_outputs.push_back(
        {{"resultRunningVariance", &t.parameters, t.running_variance}, is_read});
  }
  if (t.saved_mean != nullptr) {
    call.further_outputs.push_back({{"resultSaveMean", &t.parameters, t.saved_mean}, false});
    call.further_outputs.push_back(
        {{"resultSaveInvVariance", &t.parameters, t.saved_deviation}, false});
  }
  return enqueue_call(call);
}

struct Backward {
  Tensor x, dy, dx, parameters;
  Scaling data_scaling, parameter_scaling;
  double epsilon;
  const void *input, *gradient, *scale, *saved_mean, *saved_deviation;
  void *result, *scale_result, *bias_result;
};

void go_back(const Backward& b) {
  for (long c = 0; c < b.x.c(); ++c) {
    const auto channel = static_cast<std::size_t>(c);
    const Type type = b.parameters.type;
    const Statistics s = statistics(b.x, b.input, c);
    const bool saved = b.saved_mean != nullptr;
    const double mean = saved ? load(backing(b.saved_mean), type, channel) : s.mean;
    const double inverse_deviation =
        saved ? load(backing(b.saved_deviation), type, channel) : s.inverse_deviation(b.epsilon);
    const auto normalised = [&](long n, long h, long w) {
      const double value = load(backing(b.input), b.x.type, b.x.at(n, c, h, w));
      return (value - mean) * inverse_deviation;
    };
    const auto gradient = [&](long n, long h, long w) {
      return load(backing(b.gradient), b.dy.type, b.dy.at(n, c, h, w));
    };
    double sum = 0;
    double product = 0;
    for_each_position(b.x, [&](long n, long h, long w) {
      sum += gradient(n, h, w);
      product += gradient(n, h, w) * normalised(n, h, w);
    });
    const double factor = load(backing(b.scale), type, channel) * inverse_deviation;
    for_each_position(b.x, [&](long n, long h, long w) {
      const double mean_part = (sum + normalised(n, h, w) * product) / s.count;
      blend(backing(b.result), b.dx.type, b.dx.at(n, c, h, w),
            factor * (gradient(n, h, w) - mean_part), b.data_scaling);
    });
    blend(backing(b.scale_result), type, channel, product, b.parameter_scaling);
    blend(backing(b.bias_result), type, channel, sum, b.parameter_scaling);
  }
}

cudnnStatus_t enqueue_backward(const char* api, cudnnHandle_t handle, const Backward& b) {
  const bool blends = b.parameter_scaling.beta != 0;
  TensorCall call{.api = api,
                  .handle = handle,
                  .inputs = {{"x", &b.x, b.input},
                             {"dy", &b.dy, b.gradient},
                             {"bnScale", &b.parameters, b.scale}},
                  .output = {"dx", &b.dx, b.result},
                  .reads_output = b.data_scaling.beta != 0,
                  .further_outputs = {{{"dBnScaleResult", &b.parameters, b.scale_result}, blends},
                                      {{"dBnBiasResult", &b.parameters, b.bias_result}, blends}},
                  .flops = 10LL * b.x.elements(),
                  .body = [b] { go_back(b); }};
  if (b.saved_mean != nullptr) {
    call.inputs.push_back({"savedMean", &b.parameters, b.saved_mean});
    call.inputs.push_back({"savedInvVariance", &b.parameters, b.saved_deviation});
  }
  return enqueue_call(call);
}

}  // namespace
}  // namespace keen::sim

using namespace keen::sim;  // NOLINT(google-build-using-namespace): the API is global

// NOLINTBEGIN(readability-identifier-naming)
extern "C" {

cudnnStatus_t cudnnDeriveBNTensorDescriptor(cudnnTensorDescriptor_t derivedBnDesc,
                                            cudnnTensorDescriptor_t xDesc,
                                            cudnnBatchNormMode_t mode) {
  constexpr const char* kApi = "cudnnDeriveBNTensorDescriptor";
  const Guard guard(Machine::get());
  if (const int e = enter(kApi)) return static_cast<cudnnStatus_t>(e);
  const Tensor* x = tensor_of(xDesc);
  if (x == nullptr || !registry<cudnnTensorStruct>().has(derivedBnDesc)) {
    return CUDNN_STATUS_BAD_PARAM;
  }
  if (!is_mode_known(kApi, mode)) return CUDNN_STATUS_NOT_SUPPORTED;
  derivedBnDesc->tensor = parameters_of(*x);
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBatchNormalizationForwardTraining(
    cudnnHandle_t handle, cudnnBatchNormMode_t mode, const void* alpha, const void* beta,
    cudnnTensorDescriptor_t xDesc, const void* x, cudnnTensorDescriptor_t yDesc, void* y,
    cudnnTensorDescriptor_t bnScaleBiasMeanVarDesc, const void* bnScale, const void* bnBias,
    double exponentialAverageFactor, void* resultRunningMean, void* resultRunningVariance,
    double epsilon, void* resultSaveMean, void* resultSaveInvVariance) {
  constexpr const char* kApi = "cudnnBatchNormalizationForwardTraining";
  const Guard guard(Machine::get());
  if (const auto status = begin(kApi, handle)) return status;
  const Tensor* input = tensor_of(xDesc);
  const Tensor* output = tensor_of(yDesc);
  const Tensor* parameters = tensor_of(bnScaleBiasMeanVarDesc);
  if (const auto status = check(kApi, mode, {input, output}, parameters, epsilon)) return status;
  Scaling scaling;
  if (!read_scaling(kApi, alpha, beta, input->type, &scaling) ||
      !are_both_or_none(resultRunningMean, resultRunningVariance) ||
      !are_both_or_none(resultSaveMean, resultSaveInvVariance)) {
    return CUDNN_STATUS_BAD_PARAM;
  }
  return enqueue_training(kApi, handle,
                          {.x = *input,
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
                           .saved_deviation = resultSaveInvVariance});
}

// The formula: cudnn_ops.h, above the declaration.
cudnnStatus_t cudnnBatchNormalizationForwardInference(
    cudnnHandle_t handle, cudnnBatchNormMode_t mode, const void* alpha, const void* beta,
    cudnnTensorDescriptor_t xDesc, const void* x, cudnnTensorDescriptor_t yDesc, void* y,
    cudnnTensorDescriptor_t bnScaleBiasMeanVarDesc, const void* bnScale, const void* bnBias,
    const void* estimatedMean, const void* estimatedVariance, double epsilon) {
  constexpr const char* kApi = "cudnnBatchNormalizationForwardInference";
  const Guard guard(Machine::get());
  if (const auto status = begin(kApi, handle)) return status;
  const Tensor* from = tensor_of(xDesc);
  const Tensor* to = tensor_of(yDesc);
  const Tensor* parameters = tensor_of(bnScaleBiasMeanVarDesc);
  if (const auto status = check(kApi, mode, {from, to}, parameters, epsilon)) return status;
  Scaling scaling;
  if (!read_scaling(kApi, alpha, beta, from->type, &scaling)) return CUDNN_STATUS_BAD_PARAM;
  const auto body = [=, in = *from, out = *to, type = parameters->type] {
    for (long c = 0; c < in.c(); ++c) {
      const auto of_channel = [&](const void* values) {
        return load(backing(values), type, static_cast<std::size_t>(c));
      };
      const double factor =
          of_channel(bnScale) / std::sqrt(epsilon + of_channel(estimatedVariance));
      for_each_position(in, [&](long n, long h, long w) {
        const double distance =
            load(backing(x), in.type, in.at(n, c, h, w)) - of_channel(estimatedMean);
        blend(backing(y), out.type, out.at(n, c, h, w), factor * distance + of_channel(bnBias),
              scaling);
      });
    }
  };
  return enqueue_call({.api = kApi,
                       .handle = handle,
                       .inputs = {{"x", from, x},
                                  {"bnScale", parameters, bnScale},
                                  {"bnBias", parameters, bnBias},
                                  {"estimatedMean", parameters, estimatedMean},
                                  {"estimatedVariance", parameters, estimatedVariance}},
                       .output = {"y", to, y},
                       .reads_output = scaling.beta != 0,
                       .flops = 4LL * from->elements(),
                       .body = body});
}

cudnnStatus_t cudnnBatchNormalizationBackward(
    cudnnHandle_t handle, cudnnBatchNormMode_t mode, const void* alphaDataDiff,
    const void* betaDataDiff, const void* alphaParamDiff, const void* betaParamDiff,
    cudnnTensorDescriptor_t xDesc, const void* x, cudnnTensorDescriptor_t dyDesc, const void* dy,
    cudnnTensorDescriptor_t dxDesc, void* dx, cudnnTensorDescriptor_t dBnScaleBiasDesc,
    const void* bnScale, void* dBnScaleResult, void* dBnBiasResult, double epsilon,
    const void* savedMean, const void* savedInvVariance) {
  constexpr const char* kApi = "cudnnBatchNormalizationBackward";
  const Guard guard(Machine::get());
  if (const auto status = begin(kApi, handle)) return status;
  const Tensor* input = tensor_of(xDesc);
  const Tensor* from = tensor_of(dyDesc);
  const Tensor* to = tensor_of(dxDesc);
  const Tensor* parameters = tensor_of(dBnScaleBiasDesc);
  if (const auto status = check(kApi, mode, {input, from, to}, parameters, epsilon)) return status;
  Scaling data;
  Scaling parameter;
  if (!read_scaling(kApi, alphaDataDiff, betaDataDiff, input->type, &data) ||
      !read_scaling(kApi, alphaParamDiff, betaParamDiff, input->type, &parameter) ||
      !are_both_or_none(savedMean, savedInvVariance)) {
    return CUDNN_STATUS_BAD_PARAM;
  }
  return enqueue_backward(kApi, handle,
                          {.x = *input,
                           .dy = *from,
                           .dx = *to,
                           .parameters = *parameters,
                           .data_scaling = data,
                           .parameter_scaling = parameter,
                           .epsilon = epsilon,
                           .input = x,
                           .gradient = dy,
                           .scale = bnScale,
                           .saved_mean = savedMean,
                           .saved_deviation = savedInvVariance,
                           .result = dx,
                           .scale_result = dBnScaleResult,
                           .bias_result = dBnBiasResult});
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)
