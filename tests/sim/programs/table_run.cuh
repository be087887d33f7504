// Device memory and runs of the program that writes the library support table.
#pragma once
#include <cublasLt.h>
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cudnn.h>

#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "tests/sim/libraries/library_names.h"
#include "tests/sim/programs/libraries.cuh"
#include "tests/sim/programs/table_file.h"

namespace keen::sim::test {

// More is not asked for: an algorithm that wants it is written down as not run.
constexpr std::size_t kMostWorkspace = std::size_t{1} << 30;

// Device memory that grows when more is wanted.
class Buffer {
 public:
  // nullptr: there is not as much.
  void* reserve(std::size_t bytes) {
    if (bytes <= bytes_) return data_;
    cudaFree(data_);
    data_ = nullptr;
    bytes_ = 0;
    if (cudaMalloc(&data_, bytes) != cudaSuccess) {
      cudaGetLastError();
      return data_ = nullptr;
    }
    bytes_ = bytes;
    return data_;
  }

 private:
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
};

inline std::size_t bytes_of(cudnnDataType_t type) {
  if (type == CUDNN_DATA_DOUBLE) return 8;
  return type == CUDNN_DATA_FLOAT ? 4 : 2;
}

// Values of each type, as many as the largest operand has: all operands of a call are the same.
class Operands {
 public:
  explicit Operands(int count)
      : data_{{CUDNN_DATA_FLOAT, device_copy(some_values<float>(count, 7))},
              {CUDNN_DATA_HALF, device_copy(some_values<__half>(count, 7))},
              {CUDNN_DATA_BFLOAT16, device_copy(some_values<__nv_bfloat16>(count, 7))},
              {CUDNN_DATA_DOUBLE, device_copy(some_values<double>(count, 7))}} {}
  const void* of(cudnnDataType_t type) const { return data_.at(type); }

 private:
  std::map<cudnnDataType_t, const void*> data_;
};

// What a call did that was made twice.
struct Outcome {
  bool ran = false;  // else what follows says nothing
  int status = 0;
  bool same_bits = false;
  float milliseconds = 0;           // of the second time
  cudaError_t error = cudaSuccess;  // that the device reported
  bool poisoned = false;            // and that it keeps
};

class Gpu {
 public:
  explicit Gpu(int most_elements) : operands_(most_elements) {
    KEEN_CUDA_CHECK(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
    KEEN_CUDA_CHECK(cudaEventCreate(&start_));
    KEEN_CUDA_CHECK(cudaEventCreate(&stop_));
    dnn_ = dnn_handle(stream_);
    lt_ = lt_handle();
  }

  cudnnHandle_t dnn() const { return dnn_; }
  cublasLtHandle_t lt() const { return lt_; }
  cudaStream_t stream() const { return stream_; }
  const void* operand(cudnnDataType_t type) const { return operands_.of(type); }
  Buffer& workspace() { return workspace_; }
  Buffer& vector() { return vector_; }

  // run(output): the status of a call whose output has that many bytes. A status of one that the
  // device then reports an error of is `failed`.
  template <class Run>
  Outcome run_twice(std::size_t output_bytes, int failed, const Run& run) {
    Outcome outcome;
    void* output = output_.reserve(output_bytes);
    if (output == nullptr) return outcome;
    outcome.ran = true;
    std::vector<char> results[2];
    for (auto& result : results) {
      cudaMemsetAsync(output, 0xff, output_bytes, stream_);
      cudaEventRecord(start_, stream_);
      outcome.status = run(output);
      cudaEventRecord(stop_, stream_);
      if (!ends_well(failed, &outcome) || outcome.status != 0) return outcome;
      result.resize(output_bytes);
      cudaMemcpy(result.data(), output, output_bytes, cudaMemcpyDeviceToHost);
    }
    outcome.same_bits = results[0] == results[1];
    cudaEventElapsedTime(&outcome.milliseconds, start_, stop_);
    return outcome;
  }

 private:
  bool ends_well(int failed, Outcome* outcome) {
    outcome->error = cudaStreamSynchronize(stream_);
    if (outcome->error == cudaSuccess) return true;
    cudaGetLastError();
    outcome->poisoned = cudaDeviceSynchronize() != cudaSuccess;
    outcome->status = failed;
    return false;
  }

  Operands operands_;
  cudaStream_t stream_ = nullptr;
  cudaEvent_t start_ = nullptr, stop_ = nullptr;
  cudnnHandle_t dnn_ = nullptr;
  cublasLtHandle_t lt_ = nullptr;
  Buffer output_, workspace_, vector_;
};

inline void add_outcome(const Outcome& outcome, TableLine* line) {
  if (!outcome.ran) {
    line->null("run_status").null("same_bits").null("milliseconds");
    return;
  }
  line->add("run_status", outcome.status);
  if (outcome.error != cudaSuccess) line->add("cuda_error", cudaGetErrorName(outcome.error));
  if (outcome.status != 0) {
    line->null("same_bits").null("milliseconds");
    return;
  }
  line->add("same_bits", outcome.same_bits);
  char text[32];
  std::snprintf(text, sizeof text, "%.4f", outcome.milliseconds);
  line->raw("milliseconds", text);
}

[[noreturn]] inline void end(cudaError_t error, const TableLine& line, long number) {
  std::fprintf(stderr, "library_table: %s at number %ld, go on with --from %ld: %s\n",
               cudaGetErrorName(error), number, number + 1, line.text().c_str());
  std::exit(1);
}

// Writes the line, and ends the program where the device takes no more work: nothing that follows
// could be asked. Then a question that was not run has no answer.
inline void finish(const Gpu& gpu, const Outcome& outcome, const TableLine& line, long number,
                   TableFile& file) {
  const cudaError_t error = outcome.ran ? cudaSuccess : cudaStreamSynchronize(gpu.stream());
  if (error != cudaSuccess) end(error, line, number);
  file.write(line);
  if (outcome.poisoned) end(outcome.error, line, number);
}

__global__ void write_to(int* place) { *place = 1; }

}  // namespace keen::sim::test
