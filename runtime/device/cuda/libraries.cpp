#include "runtime/device/cuda/libraries.h"

#include <dlfcn.h>

#include <string>

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/device/cuda/status.h"
#include "runtime/device/running_op.h"

namespace keen::device::cuda {
namespace {

#define KEEN_CUBLASLT_FUNCTIONS(X)         \
  X(cublasLtCreate)                        \
  X(cublasLtGetStatusName)                 \
  X(cublasLtGetStatusString)               \
  X(cublasLtMatmul)                        \
  X(cublasLtMatmulAlgoGetHeuristic)        \
  X(cublasLtMatmulDescInit_internal)       \
  X(cublasLtMatmulDescSetAttribute)        \
  X(cublasLtMatmulPreferenceInit_internal) \
  X(cublasLtMatmulPreferenceSetAttribute)  \
  X(cublasLtMatrixLayoutInit_internal)     \
  X(cublasLtMatrixLayoutSetAttribute)

#define KEEN_CUDNN_FUNCTIONS(X)                    \
  X(cudnnConvolutionBackwardData)                  \
  X(cudnnConvolutionBackwardFilter)                \
  X(cudnnConvolutionBiasActivationForward)         \
  X(cudnnConvolutionForward)                       \
  X(cudnnCreate)                                   \
  X(cudnnCreateActivationDescriptor)               \
  X(cudnnCreateConvolutionDescriptor)              \
  X(cudnnCreateFilterDescriptor)                   \
  X(cudnnCreateTensorDescriptor)                   \
  X(cudnnDestroyActivationDescriptor)              \
  X(cudnnDestroyConvolutionDescriptor)             \
  X(cudnnDestroyFilterDescriptor)                  \
  X(cudnnDestroyTensorDescriptor)                  \
  X(cudnnFindConvolutionBackwardDataAlgorithm)     \
  X(cudnnFindConvolutionBackwardFilterAlgorithm)   \
  X(cudnnFindConvolutionForwardAlgorithm)          \
  X(cudnnGetConvolutionBackwardDataAlgorithm_v7)   \
  X(cudnnGetConvolutionBackwardFilterAlgorithm_v7) \
  X(cudnnGetConvolutionForwardAlgorithm_v7)        \
  X(cudnnGetErrorString)                           \
  X(cudnnGetVersion)                               \
  X(cudnnSetActivationDescriptor)                  \
  X(cudnnSetConvolution2dDescriptor)               \
  X(cudnnSetConvolutionGroupCount)                 \
  X(cudnnSetConvolutionMathType)                   \
  X(cudnnSetFilter4dDescriptor)                    \
  X(cudnnSetStream)                                \
  X(cudnnSetTensor4dDescriptor)

#define KEEN_COUNT(function) +1
static_assert(sizeof(CublasLt) == (KEEN_CUBLASLT_FUNCTIONS(KEEN_COUNT)) * sizeof(void*));
static_assert(sizeof(Cudnn) == (KEEN_CUDNN_FUNCTIONS(KEEN_COUNT)) * sizeof(void*));
#undef KEEN_COUNT

class Library {
 public:
  // Never closed: its memory is in use until the process ends.
  explicit Library(const char* name) : name_(name), handle_(dlopen(name, RTLD_NOW | RTLD_LOCAL)) {
    if (handle_ == nullptr) {
      throw NotFoundError(text("device: a GPU needs ", name, ", which can't be opened: ", dlerror(),
                               "; install it, or name its folder in LD_LIBRARY_PATH"));
    }
  }
  template <class F>
  void find(const char* function, F** to) const {
    void* const found = dlsym(handle_, function);
    if (found == nullptr) {
      throw NotFoundError(text("device: ", name_, " has no ", function,
                               "; it is older or newer than the one Keen was built for"));
    }
    *to = reinterpret_cast<F*>(found);
  }

 private:
  const char* name_;
  void* handle_;
};

CublasLt open_cublaslt() {
  const Library library("libcublasLt.so.13");
  CublasLt table;
#define KEEN_FIND(function) library.find(#function, &table.function);
  KEEN_CUBLASLT_FUNCTIONS(KEEN_FIND)
  return table;
}

Cudnn open_cudnn() {
  const Library library("libcudnn.so.9");
  Cudnn table;
  KEEN_CUDNN_FUNCTIONS(KEEN_FIND)
#undef KEEN_FIND
  return table;
}

// Statuses tell little of a kernel that has faulted; CUDA's own error does.
void check_cuda(const char* call) {
  const cudaError_t error = cudaPeekAtLastError();
  if (is_fault(error)) check(error, call);
  check_no_fault();
}

std::string describe(const char* call, const std::string& what) {
  const std::string op = describe_running_op();
  return text(op, op.empty() ? "" : ": ", call, ": ", what);
}

}  // namespace

const CublasLt& cublaslt() {
  static const CublasLt table = open_cublaslt();
  return table;
}

const Cudnn& cudnn() {
  static const Cudnn table = open_cudnn();
  return table;
}

void check(cublasStatus_t status, const char* call) {
  if (status == CUBLAS_STATUS_SUCCESS) [[likely]] {
    return;
  }
  check_cuda(call);
  const std::string what = describe(call, text(cublaslt().cublasLtGetStatusString(status), " (",
                                               cublaslt().cublasLtGetStatusName(status), ")"));
  if (status == CUBLAS_STATUS_ALLOC_FAILED) throw ResourceExhaustedError(what);
  if (is_refusal(status)) throw UnimplementedError(what);
  throw InternalError(what);
}

void check(cudnnStatus_t status, const char* call) {
  if (status == CUDNN_STATUS_SUCCESS) [[likely]] {
    return;
  }
  check_cuda(call);
  const std::string what = describe(call, cudnn().cudnnGetErrorString(status));
  if (status == CUDNN_STATUS_ALLOC_FAILED) throw ResourceExhaustedError(what);
  if (is_refusal(status)) throw UnimplementedError(what);
  throw InternalError(what);
}

bool is_refusal(cublasStatus_t status) {
  return status == CUBLAS_STATUS_NOT_SUPPORTED || status == CUBLAS_STATUS_ARCH_MISMATCH;
}

bool is_refusal(cudnnStatus_t status) {
  return CUDNN_STATUS_CATEGORY(status) == CUDNN_STATUS_NOT_SUPPORTED;
}

}  // namespace keen::device::cuda
