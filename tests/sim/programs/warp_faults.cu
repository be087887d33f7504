// What threads of a warp do wrong, alone or together, and instructions that nobody knows; planted
// and repaired. usage: program CASE
#include "tests/sim/programs/fault_case.h"
#include "tests/sim/programs/fault_kernels.cuh"

namespace {

using namespace keen::sim::test;

// ---- Lanes

// The lower half of the warp gives values to each other.
__global__ void shuffle_half(float* y, int from) {
  if (threadIdx.x < 16) y[threadIdx.x] = __shfl_sync(0xffffU, y[threadIdx.x], from);
}

KEEN_FAULT(value_of_a_lane_not_in_the_mask, "shuffle", cudaSuccess,
           "shuffle_half block (0,0,0) thread (0,0,0) ",
           "reads lane 16, which does not take part") {
  shuffle_half<<<1, 32>>>(zeros(), planted ? 16 : 15);
  return cudaDeviceSynchronize();
}

// All lanes name all lanes; some go another way, and wait there for the whole block.
__global__ void meet_below(float* y, int below) {
  if (threadIdx.x < below) {
    __syncwarp();
    y[threadIdx.x] = 1;
  }
  __syncthreads();
}

KEEN_FAULT(mask_names_a_lane_that_never_comes, "divergence", cudaErrorLaunchFailure,
           "meet_below block (0,0,0) thread (", "threads wait for each other") {
  meet_below<<<1, 32>>>(zeros(), planted ? 31 : 32);
  return cudaDeviceSynchronize();
}

// ---- Local memory and parameters

KEEN_LINE(index_local);
__global__ void index_local(float* y, int n) {
  float local[16] = {};
  for (int k = 0; k < 16; ++k) local[k * n % 16] = k;
  y[threadIdx.x] = local[threadIdx.x * n];
}

KEEN_FAULT(local_overrun, "local-out-of-bounds", cudaErrorLaunchFailure,
           "index_local block (0,0,0) thread (16,0,0) ", line_of_index_local + 4,
           "offset 64, 4 bytes, of 64") {
  index_local<<<1, planted ? 17 : 16>>>(zeros(), 1);
  return cudaDeviceSynchronize();
}

struct Pair {
  int first, second;
};
__global__ void write_parameter(const __grid_constant__ Pair pair, int* y, bool write) {
  int* target = write ? const_cast<int*>(&pair.second) : y;
  asm volatile("st.u32 [%0], %1;" ::"l"(target), "r"(pair.first) : "memory");
}

KEEN_FAULT(parameter_written, "parameter-write", cudaErrorIllegalAddress,
           "write_parameter block (0,0,0) thread (0,0,0) ") {
  write_parameter<<<1, 1>>>(Pair{1, 2}, reinterpret_cast<int*>(zeros()), planted);
  return cudaDeviceSynchronize();
}

// ---- Not known

int launched() {
  const cudaError_t error = cudaGetLastError();
  return error != cudaSuccess ? error : cudaDeviceSynchronize();
}

// The n-th set bit: not among the instructions of the interpreter.
__global__ void unknown_instruction(unsigned* y) {
  asm("fns.b32 %0, %1, 0, 1;" : "=r"(y[0]) : "r"(y[1]));
}
__global__ void known_instruction(unsigned* y) { asm("brev.b32 %0, %1;" : "=r"(y[0]) : "r"(y[1])); }

KEEN_FAULT(instruction_that_is_not_known, "unsupported", cudaErrorInvalidKernelImage,
           "unknown_instruction", "fns") {
  auto* y = reinterpret_cast<unsigned*>(zeros());
  planted ? unknown_instruction<<<1, 1>>>(y) : known_instruction<<<1, 1>>>(y);
  return launched();
}

__global__ void unknown_modifier(unsigned* y) {
  asm("ld.mmio.relaxed.sys.global.u32 %0, [%1];" : "=r"(y[0]) : "l"(y + 1));
}

KEEN_FAULT(modifier_that_is_not_known, "unsupported", cudaErrorInvalidKernelImage,
           "unknown_modifier", "mmio") {
  auto* y = reinterpret_cast<unsigned*>(zeros());
  planted ? unknown_modifier<<<1, 1>>>(y) : known_instruction<<<1, 1>>>(y);
  return launched();
}

KEEN_FAULT(attribute_that_is_not_known, "unsupported", cudaErrorNotSupported,
           "cudaDeviceGetAttribute: attribute ") {
  int value = 0;
  const int error = cudaDeviceGetAttribute(
      &value, planted ? cudaDevAttrMaxTexture1DWidth : cudaDevAttrWarpSize, 0);
  cudaGetLastError();
  return error;
}

KEEN_FAULT(flag_that_is_not_known, "unsupported", cudaErrorNotSupported, "cudaHostAlloc: flags ") {
  void* memory = nullptr;
  const int error =
      cudaHostAlloc(&memory, 64, planted ? cudaHostAllocMapped : cudaHostAllocPortable);
  cudaGetLastError();
  return error;
}

}  // namespace

int main(int argc, char** argv) { return run_faults(argc, argv); }
