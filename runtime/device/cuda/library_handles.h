// Handles of cuBLASLt and cuDNN, and the memory that these libraries work in.
//
// A thread has handles of its own on each GPU. They come from the GPU's pool and go back when the
// thread ends, with the plans of the calls that were made with them.
#pragma once

#include <cublasLt.h>
#include <cudnn.h>

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "runtime/device/device.h"

namespace keen::device::cuda {

class ConvolutionPlans;
class LibraryPool;
class ProductPlans;

// Device memory for one call at a time: the compute stream keeps calls apart.
struct Workspace {
  void* data = nullptr;
  std::size_t bytes = 0;
};

// What one thread uses on one GPU, which must be current. Handles are made when they are first
// asked for.
class LibraryHandles {
 public:
  explicit LibraryHandles(LibraryPool& pool);
  LibraryHandles(const LibraryHandles&) = delete;
  LibraryHandles& operator=(const LibraryHandles&) = delete;
  ~LibraryHandles();

  [[nodiscard]] cublasLtHandle_t blas();
  [[nodiscard]] cudnnHandle_t dnn();
  [[nodiscard]] ProductPlans& products() { return *products_; }
  [[nodiscard]] ConvolutionPlans& convolutions() { return *convolutions_; }
  [[nodiscard]] Workspace workspace();
  [[nodiscard]] LibraryPool& pool() { return pool_; }

 private:
  LibraryPool& pool_;
  cublasLtHandle_t blas_ = nullptr;
  cudnnHandle_t dnn_ = nullptr;
  std::unique_ptr<ProductPlans> products_;
  std::unique_ptr<ConvolutionPlans> convolutions_;
};

// The handles of one GPU. Never destroyed.
class LibraryPool {
 public:
  LibraryPool(Device device, cudaStream_t stream, int compute_capability)
      : device_(device), stream_(stream), compute_capability_(compute_capability) {}
  LibraryPool(const LibraryPool&) = delete;
  LibraryPool& operator=(const LibraryPool&) = delete;

  [[nodiscard]] std::unique_ptr<LibraryHandles> take();
  void give_back(std::unique_ptr<LibraryHandles> handles) noexcept;
  // Makes a thread's handles and the workspace, so that nothing is left to be made in a capture.
  // A library that is missing is not missed before it is used.
  void prepare();

  [[nodiscard]] Device device() const { return device_; }
  [[nodiscard]] cudaStream_t stream() const { return stream_; }
  // 32 MiB from compute capability 9.0 on, 4 MiB before (cuBLAS, "cublasSetWorkspace"). Allocated
  // at the first call.
  [[nodiscard]] Workspace workspace();
  // FailedPreconditionError while the stream captures: nothing may be made then.
  void check_not_capturing(const char* what) const;

 private:
  const Device device_;
  cudaStream_t stream_;
  const int compute_capability_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<LibraryHandles>> spare_;
  Workspace workspace_;
};

// The calling thread's handles of a GPU, which must be current.
[[nodiscard]] LibraryHandles& library_handles(Device device);

}  // namespace keen::device::cuda
