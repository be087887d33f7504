#include "runtime/device/cuda/cuda_context.h"

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/device/cuda/guard.h"
#include "runtime/device/cuda/nvtx_range.h"
#include "runtime/device/cuda/status.h"
#include "runtime/device/gpu.h"
#include "runtime/device/ledger.h"
#include "runtime/device/running_op.h"

namespace keen::device::cuda {
namespace {

int attribute(cudaDeviceAttr what, Device device) {
  int value = 0;
  check(cudaDeviceGetAttribute(&value, what, device.index), "cudaDeviceGetAttribute");
  return value;
}

Properties properties_of(Device device) {
  Properties p;
  p.compute_capability = 10 * attribute(cudaDevAttrComputeCapabilityMajor, device) +
                         attribute(cudaDevAttrComputeCapabilityMinor, device);
  p.multiprocessors = attribute(cudaDevAttrMultiProcessorCount, device);
  p.max_threads_per_block = attribute(cudaDevAttrMaxThreadsPerBlock, device);
  p.max_grid = {attribute(cudaDevAttrMaxGridDimX, device),
                attribute(cudaDevAttrMaxGridDimY, device),
                attribute(cudaDevAttrMaxGridDimZ, device)};
  p.max_shared_bytes =
      static_cast<std::size_t>(attribute(cudaDevAttrMaxSharedMemoryPerBlock, device));
  return p;
}

// They do not wait for the legacy stream, which belongs to whoever else uses CUDA in the process.
std::array<cudaStream_t, kStreams> make_streams(Device device) {
  std::array<cudaStream_t, kStreams> streams{};
  for (cudaStream_t& stream : streams) {
    check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
    count(device, Count::kAllocations);
  }
  return streams;
}

}  // namespace

CudaContext::CudaContext(Device device)
    : DeviceContext(device),
      properties_(properties_of(device)),
      streams_(make_streams(device)),
      events_(device, streams_),
      allocator_(device, streams_[0], events_),
      staging_(device, streams_[0], events_),
      libraries_(device, streams_[0], properties_.compute_capability) {
  libraries_.prepare();
  check(cudaMalloc(&arrivals_, kArrivals * sizeof(unsigned)), "cudaMalloc");
  count(device, Count::kAllocations);
  check(cudaMemsetAsync(arrivals_, 0, kArrivals * sizeof(unsigned), streams_[0]),
        "cudaMemsetAsync");
}

void* CudaContext::allocate(std::size_t bytes) {
  check_no_fault();
  const DeviceGuard guard(device().index);
  return allocator_.allocate(bytes);
}

void CudaContext::deallocate(void* block, std::size_t) noexcept {
  // Only the direct mode and events need the device; freeing must not fail for want of it.
  int before = 0;
  static_cast<void>(cudaGetDevice(&before));
  if (before != device().index) static_cast<void>(cudaSetDevice(device().index));
  allocator_.deallocate(block);
  if (before != device().index) restore_device(before);
}

void CudaContext::trim() {
  const DeviceGuard guard(device().index);
  allocator_.trim();
}

void CudaContext::copy(void* to, const void* from, Device source, std::size_t bytes) {
  if (bytes == 0) return;
  check_no_fault();
  const DeviceGuard guard(device().index);
  if (source.type == DeviceType::kCpu) {
    staging_.to_device(to, from, bytes);
  } else if (source == device()) {
    check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, streams_[0]),
          "cudaMemcpyAsync");
  } else {
    copy_from_gpu(to, from, source, bytes);
  }
}

// The copy runs here, after what the source has enqueued; the source goes on after the copy, so
// that its memory may be used again.
void CudaContext::copy_from_gpu(void* to, const void* from, Device source, std::size_t bytes) {
  CudaContext& other = cuda_context(source);
  other.allocator_.let_access(device());
  allocator_.let_access(source);
  wait({device(), 0}, other.record({source, 0}));
  check(cudaMemcpyPeerAsync(to, device().index, from, source.index, bytes, streams_[0]),
        "cudaMemcpyPeerAsync");
  other.wait({source, 0}, record({device(), 0}));
  count(device(), Count::kBytesBetween, static_cast<std::int64_t>(bytes));
}

void CudaContext::copy_to_host(void* to, const void* from, std::size_t bytes) {
  if (bytes == 0) return;
  check_no_fault();
  const DeviceGuard guard(device().index);
  staging_.to_host(to, from, bytes);
}

Event CudaContext::record(Stream stream) {
  const DeviceGuard guard(device().index);
  return events_.record(stream.id);
}

void CudaContext::wait(Stream stream, Event event) {
  const DeviceGuard guard(device().index);
  if (event.device.type == DeviceType::kCpu) return;
  EventLog& log = event.device == device() ? events_ : cuda_context(event.device).events_;
  log.make_wait(streams_.at(stream.id), event);
}

void CudaContext::used_on(void* block, Stream stream) {
  const DeviceGuard guard(device().index);
  allocator_.used_on(block, stream);
}

void CudaContext::synchronize() {
  check_no_fault();
  const DeviceGuard guard(device().index);
  count(device(), Count::kSynchronisations);
  for (cudaStream_t stream : streams_) {
    check(cudaStreamSynchronize(stream), "cudaStreamSynchronize");
  }
}

void CudaContext::run(void (*kernel)(void*), void* argument) {
  check_no_fault();
  const DeviceGuard guard(device().index);
  const RunningOp* op = running_op();
  const NvtxRange range(op == nullptr ? "" : op->name);
  kernel(argument);
  if (blocking()) synchronize();
}

CudaContext& cuda_context(Device device) {
  return static_cast<CudaContext&>(gpu_context(device.index));
}

}  // namespace keen::device::cuda
