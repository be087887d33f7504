// A GPU as a device: Note [Asynchronous devices] in runtime/device/stream.h says what its calls
// mean.
#pragma once

#include <cuda_runtime_api.h>

#include <array>
#include <cstddef>

#include "runtime/device/cuda/allocator.h"
#include "runtime/device/cuda/event_log.h"
#include "runtime/device/cuda/library_handles.h"
#include "runtime/device/cuda/staging.h"
#include "runtime/device/device_context.h"

namespace keen::device::cuda {

// What launch shapes are chosen by.
struct Properties {
  int compute_capability = 0;  // 90 for 9.0
  int multiprocessors = 0;
  int max_threads_per_block = 0;
  std::array<int, 3> max_grid{};
  std::size_t max_shared_bytes = 0;  // per block without asking
};

class CudaContext final : public DeviceContext {
 public:
  // The device must be current.
  explicit CudaContext(Device device);

  [[nodiscard]] int threads() const override { return 1; }
  [[nodiscard]] void* allocate(std::size_t bytes) override;
  void deallocate(void* block, std::size_t bytes) noexcept override;
  [[nodiscard]] MemoryStats memory_stats() const override { return allocator_.stats(); }
  void reset_peak_memory_stats() override { allocator_.reset_peak(); }
  void trim() override;
  void set_memory_limit(std::size_t bytes) override { allocator_.set_limit(bytes); }

  void copy(void* to, const void* from, Device source, std::size_t bytes) override;
  void copy_to_host(void* to, const void* from, std::size_t bytes) override;

  [[nodiscard]] Event record(Stream stream) override;
  void wait(Stream stream, Event event) override;
  void used_on(void* block, Stream stream) override;
  void synchronize() override;

  void run(void (*kernel)(void*), void* argument) override;

  [[nodiscard]] cudaStream_t compute_stream() const { return streams_[0]; }
  [[nodiscard]] const Properties& properties() const { return properties_; }
  [[nodiscard]] LibraryPool& libraries() { return libraries_; }
  // Numbers in device memory that are zero between launches: blocks count themselves in them, and
  // the last one to come does the rest of the work and leaves zero behind.
  [[nodiscard]] unsigned* arrivals() const { return static_cast<unsigned*>(arrivals_); }
  static constexpr int kArrivals = 1024;

 private:
  void copy_from_gpu(void* to, const void* from, Device source, std::size_t bytes);

  const Properties properties_;
  const std::array<cudaStream_t, kStreams> streams_;
  EventLog events_;
  Allocator allocator_;
  Staging staging_;
  LibraryPool libraries_;
  void* arrivals_ = nullptr;
};

// The context of a GPU.
[[nodiscard]] CudaContext& cuda_context(Device device);

}  // namespace keen::device::cuda
