#include <algorithm>

#include "tests/sim/libraries/convolution.h"

// Each rule is from cuDNN, "cudnnConvolutionBiasActivationForward", if it names nothing else.
namespace keen::sim {
namespace {

struct Epilogue {
  Tensor y, z, bias;
  const void* z_data;
  const void* bias_data;
  void* y_data;
  double z_factor;
  bool relu;

  // The library adds before it rounds; here the product has been rounded once before.
  void apply() const {
    for (long n = 0; n < y.n(); ++n) {
      for (long c = 0; c < y.c(); ++c) {
        const double added = load(backing(bias_data), bias.type, bias.at(0, c, 0, 0));
        for (long i = 0; i < y.h() * y.w(); ++i) {
          const std::size_t at = y.at(n, c, i / y.w(), i % y.w());
          double value = load(backing(y_data), y.type, at) + added;
          if (z_factor != 0) {
            value += z_factor * load(backing(z_data), z.type, z.at(n, c, i / y.w(), i % y.w()));
          }
          store(backing(y_data), y.type, at, relu && value < 0 ? 0 : value);
        }
      }
    }
  }
};

// What the descriptors of bias and z must be for this result, of whatever type if `any_type`.
cudnnStatus_t check_tensors(const Tensor* y, const Tensor* z, const Tensor* bias, long channels,
                            bool any_type) {
  if (y == nullptr || z == nullptr || bias == nullptr) return CUDNN_STATUS_BAD_PARAM;
  if (z->sizes != y->sizes || z->strides != y->strides || z->type != y->type) {
    return CUDNN_STATUS_BAD_PARAM;
  }
  if (bias->n() != 1 || bias->c() != channels) return CUDNN_STATUS_BAD_PARAM;
  // Documented for float, double and half; that bfloat16 is refused is unsourced.
  const bool known =
      any_type || y->type == Type::kFloat || y->type == Type::kDouble || y->type == Type::kHalf;
  const bool fits = bias->strides[1] == 1 && bias->type == y->type;
  return known && fits ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_NOT_SUPPORTED;
}

cudnnStatus_t check_activation(cudnnActivationDescriptor_t activation, int algorithm) {
  if (!registry<cudnnActivationStruct>().has(activation) || !activation->set) {
    return CUDNN_STATUS_BAD_PARAM;
  }
  const bool identity = activation->mode == CUDNN_ACTIVATION_IDENTITY;
  if (!identity && activation->mode != CUDNN_ACTIVATION_RELU) return CUDNN_STATUS_NOT_SUPPORTED;
  if (activation->nan != CUDNN_NOT_PROPAGATE_NAN) return CUDNN_STATUS_NOT_SUPPORTED;
  const bool precomputed = algorithm == CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM;
  return identity && !precomputed ? CUDNN_STATUS_NOT_SUPPORTED : CUDNN_STATUS_SUCCESS;
}

// What the library support table says of this call: it holds those without activation.
std::optional<cudnnStatus_t> table_status(cudnnTensorDescriptor_t x, cudnnFilterDescriptor_t w,
                                          cudnnConvolutionDescriptor_t settings,
                                          cudnnTensorDescriptor_t y, int algorithm,
                                          cudnnActivationDescriptor_t activation) {
  Convolution conv;
  const bool identity = registry<cudnnActivationStruct>().has(activation) && activation->set &&
                        activation->mode == CUDNN_ACTIVATION_IDENTITY;
  if (!identity || read_convolution(x, w, settings, y, &conv) != CUDNN_STATUS_SUCCESS) return {};
  return algorithm_facts(Direction::kForward, algorithm, conv).bias_run;
}

}  // namespace
}  // namespace keen::sim

using namespace keen::sim;  // NOLINT(google-build-using-namespace): the API is global

// NOLINTBEGIN(readability-identifier-naming)
extern "C" {

cudnnStatus_t cudnnConvolutionBiasActivationForward(
    cudnnHandle_t handle, const void* alpha1, cudnnTensorDescriptor_t xDesc, const void* x,
    cudnnFilterDescriptor_t wDesc, const void* w, cudnnConvolutionDescriptor_t convDesc,
    cudnnConvolutionFwdAlgo_t algo, void* workSpace, size_t workSpaceSizeInBytes,
    const void* alpha2, cudnnTensorDescriptor_t zDesc, const void* z,
    cudnnTensorDescriptor_t biasDesc, const void* bias, cudnnActivationDescriptor_t activationDesc,
    cudnnTensorDescriptor_t yDesc, void* y) {
  constexpr const char* kApi = "cudnnConvolutionBiasActivationForward";
  const Guard guard(Machine::get());
  const Tensor* filter = tensor_of(wDesc);
  const Tensor* result = tensor_of(yDesc);
  const Tensor* added = tensor_of(biasDesc);
  if (filter == nullptr) return CUDNN_STATUS_BAD_PARAM;
  const auto answer = table_status(xDesc, wDesc, convDesc, yDesc, algo, activationDesc);
  if (const auto status = check_tensors(result, tensor_of(zDesc), added, filter->n(),
                                        answer == CUDNN_STATUS_SUCCESS)) {
    return status;
  }
  if (const auto status = check_activation(activationDesc, algo)) return status;
  if (answer.value_or(CUDNN_STATUS_SUCCESS) != CUDNN_STATUS_SUCCESS) return *answer;
  Scaling scaling;  // alpha2 stands where others have beta
  if (!read_scaling(kApi, alpha1, alpha2, result->type, &scaling)) return CUDNN_STATUS_BAD_PARAM;
  // z and y may be the same buffer: then the convolution itself blends it in.
  const bool in_place = z == y;
  const Epilogue epilogue{*result,
                          *tensor_of(zDesc),
                          *added,
                          z,
                          bias,
                          y,
                          in_place ? 0 : scaling.beta,
                          activationDesc->mode == CUDNN_ACTIVATION_RELU};
  static constexpr double kZero[] = {0};
  ConvolutionCall call{kApi,      Direction::kForward,
                       handle,    xDesc,
                       wDesc,     yDesc,
                       convDesc,  algo,
                       workSpace, workSpaceSizeInBytes,
                       alpha1,    in_place ? alpha2 : kZero,
                       {x, w, y}};
  call.more_inputs = {{"bias", added, bias}};
  if (scaling.beta != 0 && !in_place) call.more_inputs.push_back({"z", tensor_of(zDesc), z});
  call.after = [epilogue] { epilogue.apply(); };
  return convolve(call);
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)
