// What the programs of the simulator's tests share.
#pragma once
#include <cuda_runtime.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

// Ends the program where a call fails that must not.
#define KEEN_CUDA_CHECK(call)                                            \
  do {                                                                   \
    const cudaError_t error_ = (call);                                   \
    if (error_ != cudaSuccess) {                                         \
      std::fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #call, \
                   cudaGetErrorName(error_));                            \
      std::exit(1);                                                      \
    }                                                                    \
  } while (false)

// The same for the libraries, whose statuses are 0 where all is well.
#define KEEN_STATUS_CHECK(call)                                                    \
  do {                                                                             \
    const int status_ = static_cast<int>(call);                                    \
    if (status_ != 0) {                                                            \
      std::fprintf(stderr, "%s:%d: %s: %d\n", __FILE__, __LINE__, #call, status_); \
      std::exit(1);                                                                \
    }                                                                              \
  } while (false)

namespace keen::sim::test {

template <class T>
T* device_array(std::size_t count) {
  void* memory = nullptr;
  KEEN_CUDA_CHECK(cudaMalloc(&memory, count * sizeof(T)));
  return static_cast<T*>(memory);
}

// cudaMemcpy from pageable memory may return before the bytes are on the device (CUDA Runtime API,
// "API synchronization behavior"), and streams that do not block would not wait for them.
template <class T>
T* device_copy(const std::vector<T>& host) {
  T* made = device_array<T>(host.size());
  KEEN_CUDA_CHECK(cudaMemcpy(made, host.data(), host.size() * sizeof(T), cudaMemcpyHostToDevice));
  KEEN_CUDA_CHECK(cudaDeviceSynchronize());
  return made;
}

template <class T>
std::vector<T> host_copy(const T* device, std::size_t count) {
  std::vector<T> made(count);
  KEEN_CUDA_CHECK(cudaMemcpy(made.data(), device, count * sizeof(T), cudaMemcpyDeviceToHost));
  return made;
}

// A line of the source, as findings name it.
struct Line {
  const char* file;
  int line;

  std::string operator+(int below) const {
    const std::string path = file;
    return path.substr(path.rfind('/') + 1) + ":" + std::to_string(line + below) + " ";
  }
};

// Stands above a kernel: line_of_KERNEL + 1 is the kernel's first one.
#define KEEN_LINE(kernel) constexpr keen::sim::test::Line line_of_##kernel = {__FILE__, __LINE__}

// Counts what does not hold, and says it.
class Checks {
 public:
  void expect(bool holds, const char* what) {
    ++all_;
    if (holds) return;
    ++failed_;
    std::printf("FAILED: %s\n", what);
  }
  int failed() const { return failed_; }
  // The status that the program ends with; nothing checked is a failure too.
  int status() const {
    std::printf("%d checks, %d failed\n", all_, failed_);
    return failed_ == 0 && all_ > 0 ? 0 : 1;
  }

 private:
  int all_ = 0, failed_ = 0;
};

}  // namespace keen::sim::test
