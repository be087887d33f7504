#include "runtime/device/cuda/dnn_convolution.h"

#include <algorithm>
#include <array>
#include <limits>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/device/buffer.h"
#include "runtime/device/config.h"
#include "runtime/device/cuda/convolution_search.h"
#include "runtime/device/cuda/cuda_context.h"
#include "runtime/device/cuda/libraries.h"
#include "runtime/device/cuda/library_handles.h"
#include "runtime/device/ledger.h"

namespace keen::device::cuda {
namespace {

constexpr std::size_t kMostPlans = 1024;
constexpr std::size_t kMostWorkspace = std::size_t{1} << 30;
constexpr int kMostAlgorithms = 16;  // more than a direction has

// A descriptor of cuDNN's, by the functions that make and free it.
template <class T, auto kCreate, auto kDestroy>
class Descriptor {
 public:
  Descriptor() { check((cudnn().*kCreate)(&descriptor_), "cudnnCreateDescriptor"); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { static_cast<void>((cudnn().*kDestroy)(descriptor_)); }
  operator T() const { return descriptor_; }  // NOLINT

 private:
  T descriptor_ = nullptr;
};

using TensorDescriptor = Descriptor<cudnnTensorDescriptor_t, &Cudnn::cudnnCreateTensorDescriptor,
                                    &Cudnn::cudnnDestroyTensorDescriptor>;
using FilterDescriptor = Descriptor<cudnnFilterDescriptor_t, &Cudnn::cudnnCreateFilterDescriptor,
                                    &Cudnn::cudnnDestroyFilterDescriptor>;
using ActivationDescriptor =
    Descriptor<cudnnActivationDescriptor_t, &Cudnn::cudnnCreateActivationDescriptor,
               &Cudnn::cudnnDestroyActivationDescriptor>;
using ConvolutionDescriptor =
    Descriptor<cudnnConvolutionDescriptor_t, &Cudnn::cudnnCreateConvolutionDescriptor,
               &Cudnn::cudnnDestroyConvolutionDescriptor>;

using Algorithm = ConvolutionAlgorithm;

}  // namespace

struct ConvolutionPlans::Plan {
  Convolution convolution;
  TensorDescriptor x, y, bias;
  FilterDescriptor w;
  ConvolutionDescriptor settings;
  ActivationDescriptor no_activation;
  bool adds_bias = false;  // as far as is known
  std::vector<Algorithm> algorithms;
  std::size_t next = 0;  // those before it have been refused
};

ConvolutionPlans::ConvolutionPlans() = default;
ConvolutionPlans::~ConvolutionPlans() = default;

namespace {

using Plan = ConvolutionPlans::Plan;

cudnnDataType_t data_type(DType dtype) {
  switch (dtype) {
    case DType::kFloat64:
      return CUDNN_DATA_DOUBLE;
    case DType::kFloat16:
      return CUDNN_DATA_HALF;
    case DType::kBFloat16:
      return CUDNN_DATA_BFLOAT16;
    default:
      return CUDNN_DATA_FLOAT;
  }
}

// Tensor cores multiply 16-bit factors exactly, but round those of float32 to TensorFloat-32, which
// only CUDNN_FMA_MATH forbids.
cudnnMathType_t math_type(const ConvolutionPlans::Key& key) {
  if (size_of(key.convolution.dtype) == 2) return CUDNN_TENSOR_OP_MATH;
  return key.tensor_float_32 ? CUDNN_DEFAULT_MATH : CUDNN_FMA_MATH;
}

bool fits_int(const Convolution& c) {
  const auto fits = [](const Convolution::Extent& e) {
    return std::max({e.input, e.output, e.size, e.stride, e.dilation, e.pad}) <=
           std::numeric_limits<int>::max();
  };
  return fits(c.height) && fits(c.width) &&
         std::max({c.batch, c.in_channels, c.out_channels}) <= std::numeric_limits<int>::max();
}

// All calls that describe; the first status that is not success.
cudnnStatus_t describe(Plan* plan, const ConvolutionPlans::Key& key) {
  const Convolution& c = key.convolution;
  const auto number = [](std::int64_t value) { return static_cast<int>(value); };
  const cudnnDataType_t type = data_type(c.dtype);
  const cudnnDataType_t compute = c.dtype == DType::kFloat64 ? CUDNN_DATA_DOUBLE : CUDNN_DATA_FLOAT;
  const Cudnn& library = cudnn();
  cudnnStatus_t status = library.cudnnSetTensor4dDescriptor(
      plan->x, CUDNN_TENSOR_NHWC, type, number(c.batch), number(c.in_channels),
      number(c.height.input), number(c.width.input));
  if (status != CUDNN_STATUS_SUCCESS) return status;
  status = library.cudnnSetTensor4dDescriptor(plan->y, CUDNN_TENSOR_NHWC, type, number(c.batch),
                                              number(c.out_channels), number(c.height.output),
                                              number(c.width.output));
  if (status != CUDNN_STATUS_SUCCESS) return status;
  status = library.cudnnSetFilter4dDescriptor(
      plan->w, type, CUDNN_TENSOR_NHWC, number(c.out_channels), number(c.in_channels / c.groups),
      number(c.height.size), number(c.width.size));
  if (status != CUDNN_STATUS_SUCCESS) return status;
  status = library.cudnnSetConvolution2dDescriptor(
      plan->settings, number(c.height.pad), number(c.width.pad), number(c.height.stride),
      number(c.width.stride), number(c.height.dilation), number(c.width.dilation),
      CUDNN_CROSS_CORRELATION, compute);
  if (status != CUDNN_STATUS_SUCCESS) return status;
  status = library.cudnnSetConvolutionGroupCount(plan->settings, number(c.groups));
  if (status != CUDNN_STATUS_SUCCESS) return status;
  return library.cudnnSetConvolutionMathType(plan->settings, math_type(key));
}

template <class Result>
void keep_deterministic(const std::array<Result, kMostAlgorithms>& results, int count, Plan* plan) {
  for (int i = 0; i < count; ++i) {
    const Result& result = results[static_cast<std::size_t>(i)];
    if (result.status == CUDNN_STATUS_SUCCESS && result.determinism == CUDNN_DETERMINISTIC &&
        result.memory <= kMostWorkspace) {
      plan->algorithms.push_back({static_cast<int>(result.algo), result.memory});
    }
  }
}

// By the heuristics, or by trying them all on memory of cuDNN's own.
cudnnStatus_t find_algorithms(cudnnHandle_t handle, Direction direction, bool timed, Plan* plan) {
  const Cudnn& library = cudnn();
  int count = 0;
  const auto ask = [&](auto function, auto results, auto... descriptors) {
    const cudnnStatus_t status =
        function(handle, descriptors..., kMostAlgorithms, &count, results.data());
    if (status == CUDNN_STATUS_SUCCESS) keep_deterministic(results, count, plan);
    return status;
  };
  switch (direction) {
    case Direction::kForward:
      return ask(timed ? library.cudnnFindConvolutionForwardAlgorithm
                       : library.cudnnGetConvolutionForwardAlgorithm_v7,
                 std::array<cudnnConvolutionFwdAlgoPerf_t, kMostAlgorithms>{},
                 static_cast<cudnnTensorDescriptor_t>(plan->x),
                 static_cast<cudnnFilterDescriptor_t>(plan->w),
                 static_cast<cudnnConvolutionDescriptor_t>(plan->settings),
                 static_cast<cudnnTensorDescriptor_t>(plan->y));
    case Direction::kBackwardInput:
      return ask(timed ? library.cudnnFindConvolutionBackwardDataAlgorithm
                       : library.cudnnGetConvolutionBackwardDataAlgorithm_v7,
                 std::array<cudnnConvolutionBwdDataAlgoPerf_t, kMostAlgorithms>{},
                 static_cast<cudnnFilterDescriptor_t>(plan->w),
                 static_cast<cudnnTensorDescriptor_t>(plan->y),
                 static_cast<cudnnConvolutionDescriptor_t>(plan->settings),
                 static_cast<cudnnTensorDescriptor_t>(plan->x));
    default:
      return ask(timed ? library.cudnnFindConvolutionBackwardFilterAlgorithm
                       : library.cudnnGetConvolutionBackwardFilterAlgorithm_v7,
                 std::array<cudnnConvolutionBwdFilterAlgoPerf_t, kMostAlgorithms>{},
                 static_cast<cudnnTensorDescriptor_t>(plan->x),
                 static_cast<cudnnTensorDescriptor_t>(plan->y),
                 static_cast<cudnnConvolutionDescriptor_t>(plan->settings),
                 static_cast<cudnnFilterDescriptor_t>(plan->w));
  }
}

// What adding a bias along the way needs; y stands in for an addend that counts nothing.
bool describe_bias(Plan* plan) {
  const Convolution& c = plan->convolution;
  return cudnn().cudnnSetTensor4dDescriptor(plan->bias, CUDNN_TENSOR_NHWC, data_type(c.dtype), 1,
                                            static_cast<int>(c.out_channels), 1,
                                            1) == CUDNN_STATUS_SUCCESS &&
         cudnn().cudnnSetActivationDescriptor(plan->no_activation, CUDNN_ACTIVATION_IDENTITY,
                                              CUDNN_NOT_PROPAGATE_NAN, 0) == CUDNN_STATUS_SUCCESS;
}

// All that the fastest algorithm depends on, in one line.
std::string cache_key(Device device, const ConvolutionPlans::Key& key) {
  const Properties& gpu = cuda_context(device).properties();
  const Convolution& c = key.convolution;
  static constexpr const char* kDirections[] = {"forward", "input gradient", "filter gradient"};
  const auto extent = [](const Convolution::Extent& e) {
    return text(e.input, " to ", e.output, " by ", e.size, " stride ", e.stride, " dilation ",
                e.dilation, " pad ", e.pad);
  };
  return text("cuDNN ", cudnn().cudnnGetVersion(), ", sm_", gpu.compute_capability, " x ",
              gpu.multiprocessors, ", ", c.dtype, key.tensor_float_32 ? " as TF32, " : ", ",
              kDirections[static_cast<int>(c.direction)], ", ", c.batch, " x ", c.in_channels,
              " to ", c.out_channels, " in ", c.groups, ", rows ", extent(c.height), ", columns ",
              extent(c.width));
}

// What is known from the file or found now, which the file then keeps.
cudnnStatus_t search_algorithms(LibraryHandles& handles, const ConvolutionPlans::Key& key,
                                Plan* plan) {
  const std::string line = cache_key(handles.pool().device(), key);
  if (auto known = cached_algorithms(line)) {
    plan->algorithms = std::move(*known);
    return CUDNN_STATUS_SUCCESS;
  }
  const cudnnStatus_t status =
      find_algorithms(handles.dnn(), key.convolution.direction, true, plan);
  if (status == CUDNN_STATUS_SUCCESS) cache_algorithms(line, plan->algorithms);
  return status;
}

std::unique_ptr<Plan> make_plan(LibraryHandles& handles, const ConvolutionPlans::Key& key) {
  auto plan = std::make_unique<Plan>();
  plan->convolution = key.convolution;
  if (!fits_int(key.convolution)) return plan;
  cudnnStatus_t status = describe(plan.get(), key);
  if (status == CUDNN_STATUS_SUCCESS) {
    status = key.timed
                 ? search_algorithms(handles, key, plan.get())
                 : find_algorithms(handles.dnn(), key.convolution.direction, false, plan.get());
  }
  if (!is_refusal(status)) check(status, "cudnnGetConvolutionAlgorithm_v7");
  plan->adds_bias = key.convolution.direction == Direction::kForward && describe_bias(plan.get());
  return plan;
}

// The factors one and zero of a call.
struct Factors {
  const void* one;
  const void* zero;
  explicit Factors(DType dtype) {
    static constexpr float kOne = 1;
    static constexpr float kZero = 0;
    static constexpr double kWideOne = 1;
    static constexpr double kWideZero = 0;
    const bool wide = dtype == DType::kFloat64;
    one = wide ? static_cast<const void*>(&kWideOne) : &kOne;
    zero = wide ? static_cast<const void*>(&kWideZero) : &kZero;
  }
};

cudnnStatus_t run_with_bias(cudnnHandle_t handle, const Plan& plan, const void* x, const void* w,
                            const void* bias, void* y, const Workspace& workspace) {
  const Factors factors(plan.convolution.dtype);
  return cudnn().cudnnConvolutionBiasActivationForward(
      handle, factors.one, plan.x, x, plan.w, w, plan.settings,
      CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM, workspace.data, workspace.bytes,
      factors.zero, plan.y, y, plan.bias, bias, plan.no_activation, plan.y, y);
}

cudnnStatus_t run(cudnnHandle_t handle, const Plan& plan, const Algorithm& algorithm,
                  const void* first, const void* second, void* result, const Workspace& workspace) {
  const auto [one, zero] = Factors(plan.convolution.dtype);
  const Cudnn& library = cudnn();
  switch (plan.convolution.direction) {
    case Direction::kForward:
      return library.cudnnConvolutionForward(
          handle, one, plan.x, first, plan.w, second, plan.settings,
          static_cast<cudnnConvolutionFwdAlgo_t>(algorithm.number), workspace.data, workspace.bytes,
          zero, plan.y, result);
    case Direction::kBackwardInput:
      return library.cudnnConvolutionBackwardData(
          handle, one, plan.w, first, plan.y, second, plan.settings,
          static_cast<cudnnConvolutionBwdDataAlgo_t>(algorithm.number), workspace.data,
          workspace.bytes, zero, plan.x, result);
    default:
      return library.cudnnConvolutionBackwardFilter(
          handle, one, plan.x, first, plan.y, second, plan.settings,
          static_cast<cudnnConvolutionBwdFilterAlgo_t>(algorithm.number), workspace.data,
          workspace.bytes, zero, plan.w, result);
  }
}

// Memory for an algorithm: the device's workspace, or more for the time of the call. False: there
// is not as much, and another algorithm may be taken.
bool find_workspace(LibraryHandles& handles, std::size_t bytes, Workspace* workspace,
                    RefPtr<Buffer>* more) {
  *workspace = handles.workspace();
  if (bytes <= workspace->bytes) return true;
  try {
    *more = Buffer::allocate(handles.pool().device(), bytes);
  } catch (const ResourceExhaustedError&) {
    if (config::experimental::is_op_determinism_enabled()) throw;
    return false;
  }
  *workspace = {(*more)->data(), bytes};
  return true;
}

// The one algorithm that adds a bias without an activation, where cuDNN would take it or its like,
// which makes its table of indices as it goes.
const Algorithm* algorithm_for_bias(const Plan& plan) {
  constexpr int kTable = CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM;
  const int first = plan.algorithms[plan.next].number;
  if (!plan.adds_bias || (first != kTable && first != CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM)) {
    return nullptr;
  }
  const auto found = std::ranges::find(plan.algorithms, kTable, &Algorithm::number);
  return found == plan.algorithms.end() ? nullptr : &*found;
}

}  // namespace

ConvolutionPlans::Plan* find_plan(Device device, const Convolution& convolution) {
  LibraryHandles& handles = library_handles(device);
  auto& plans = handles.convolutions().plans_;
  // What is fastest changes from run to run.
  const bool timed = convolution_search() == ConvolutionSearch::kTimed &&
                     !config::experimental::is_op_determinism_enabled();
  const ConvolutionPlans::Key key{convolution,
                                  config::experimental::tensor_float_32_execution_enabled(), timed};
  auto place = plans.find(key);
  if (place == plans.end()) [[unlikely]] {
    if (plans.size() >= kMostPlans) plans.clear();
    place = plans.emplace(key, make_plan(handles, key)).first;
  }
  Plan& plan = *place->second;
  return plan.next < plan.algorithms.size() ? &plan : nullptr;
}

Convolved convolve(Device device, ConvolutionPlans::Plan& plan, const void* first,
                   const void* second, void* result, const void* bias) {
  LibraryHandles& handles = library_handles(device);
  const auto done = [&](cudnnStatus_t status) {
    if (is_refusal(status)) return false;
    check(status, "cudnnConvolution");
    count(device, Count::kLibraryCalls);
    return true;
  };
  if (const Algorithm* with_bias = bias != nullptr ? algorithm_for_bias(plan) : nullptr) {
    Workspace workspace;
    RefPtr<Buffer> more;
    if (find_workspace(handles, with_bias->workspace_bytes, &workspace, &more)) {
      if (done(run_with_bias(handles.dnn(), plan, first, second, bias, result, workspace))) {
        return Convolved::kWithBias;
      }
      plan.adds_bias = false;
    }
  }
  for (std::size_t i = plan.next; i < plan.algorithms.size(); ++i) {
    const Algorithm& algorithm = plan.algorithms[i];
    Workspace workspace;
    RefPtr<Buffer> more;
    if (!find_workspace(handles, algorithm.workspace_bytes, &workspace, &more)) continue;
    if (done(run(handles.dnn(), plan, algorithm, first, second, result, workspace))) {
      return Convolved::kPlain;
    }
    if (i == plan.next) ++plan.next;
  }
  return Convolved::kRefused;
}

}  // namespace keen::device::cuda
