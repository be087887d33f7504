#include "runtime/device/cuda/library_handles.h"

#include <array>

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/device/cuda/cuda_context.h"
#include "runtime/device/cuda/dnn_convolution.h"
#include "runtime/device/cuda/libraries.h"
#include "runtime/device/cuda/matrix_product.h"
#include "runtime/device/cuda/status.h"
#include "runtime/device/ledger.h"

namespace keen::device::cuda {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;

// A thread's handles by the index of the GPU; they go back when the thread ends.
struct ThreadHandles {
  ThreadHandles() = default;
  ThreadHandles(const ThreadHandles&) = delete;
  ThreadHandles& operator=(const ThreadHandles&) = delete;
  ~ThreadHandles() {
    for (auto& handles : all) {
      if (!handles) continue;
      LibraryPool& pool = handles->pool();
      pool.give_back(std::move(handles));
    }
  }
  std::array<std::unique_ptr<LibraryHandles>, 16> all;  // as many as the ledger tells apart
};

}  // namespace

LibraryHandles::LibraryHandles(LibraryPool& pool)
    : pool_(pool),
      products_(std::make_unique<ProductPlans>()),
      convolutions_(std::make_unique<ConvolutionPlans>()) {}

// Handles are kept until the process ends; there is no call at exit that CUDA would still allow.
LibraryHandles::~LibraryHandles() = default;

cublasLtHandle_t LibraryHandles::blas() {
  if (blas_ == nullptr) [[unlikely]] {
    pool_.check_not_capturing("a handle of cuBLASLt");
    check(cublaslt().cublasLtCreate(&blas_), "cublasLtCreate");
    count(pool_.device(), Count::kAllocations);
  }
  return blas_;
}

cudnnHandle_t LibraryHandles::dnn() {
  if (dnn_ == nullptr) [[unlikely]] {
    pool_.check_not_capturing("a handle of cuDNN");
    cudnnHandle_t made = nullptr;
    check(cudnn().cudnnCreate(&made), "cudnnCreate");
    check(cudnn().cudnnSetStream(made, pool_.stream()), "cudnnSetStream");
    count(pool_.device(), Count::kAllocations);
    dnn_ = made;
  }
  return dnn_;
}

Workspace LibraryHandles::workspace() { return pool_.workspace(); }

std::unique_ptr<LibraryHandles> LibraryPool::take() {
  const std::lock_guard lock(mutex_);
  if (spare_.empty()) return std::make_unique<LibraryHandles>(*this);
  auto handles = std::move(spare_.back());
  spare_.pop_back();
  return handles;
}

void LibraryPool::give_back(std::unique_ptr<LibraryHandles> handles) noexcept {
  const std::lock_guard lock(mutex_);
  spare_.push_back(std::move(handles));
}

void LibraryPool::prepare() {
  auto handles = take();
  const auto attempt = [](const auto& make) {
    try {
      static_cast<void>(make());
    } catch (const NotFoundError&) {  // whoever uses the library is told
    }
  };
  attempt([&] { return handles->blas(); });
  attempt([&] { return handles->dnn(); });
  static_cast<void>(workspace());
  give_back(std::move(handles));
}

Workspace LibraryPool::workspace() {
  const std::lock_guard lock(mutex_);
  if (workspace_.data == nullptr) {
    check_not_capturing("the libraries' workspace");
    const std::size_t bytes = (compute_capability_ >= 90 ? 32 : 4) * kMiB;
    check(cudaMalloc(&workspace_.data, bytes), "cudaMalloc");  // aligned to 256 bytes
    count(device_, Count::kAllocations);
    workspace_.bytes = bytes;
  }
  return workspace_;
}

void LibraryPool::check_not_capturing(const char* what) const {
  cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
  check(cudaStreamIsCapturing(stream_, &status), "cudaStreamIsCapturing");
  if (status == cudaStreamCaptureStatusNone) return;
  throw FailedPreconditionError(
      text("device: ", what, " can't be made on ", device_, " while its work is captured"));
}

LibraryHandles& library_handles(Device device) {
  thread_local ThreadHandles mine;
  auto& handles = mine.all.at(device.index);
  if (!handles) [[unlikely]] {
    handles = cuda_context(device).libraries().take();
  }
  return *handles;
}

}  // namespace keen::device::cuda
