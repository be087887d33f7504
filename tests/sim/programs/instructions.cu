// Instructions that are rarer than arithmetic: 16-bit atomics and approximations, asynchronous
// copies, branches by a table, printf. usage: sim_instructions
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_pipeline.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <string>

#include "tests/sim/programs/check.h"
#include "tests/sim/sim_control.h"

namespace {

using namespace keen::sim::test;

template <class T>
__global__ void add_to_all(T* sum, T value) {
  atomicAdd(sum, value);
  if (threadIdx.x == 0 && blockIdx.x == 0) sum[1] = atomicAdd(sum + 2, value);
}

template <class T>
std::vector<T> added(T start, T value) {
  T* sum = device_copy(std::vector<T>(3, start));
  add_to_all<<<2, 32>>>(sum, value);
  return host_copy(sum, 3);
}

__global__ void add_vectors(float2* two, float4* four) {
#if __CUDA_ARCH__ >= 900
  atomicAdd(two, make_float2(1, 2));
  atomicAdd(four, make_float4(1, 2, 3, 4));
#else
  for (int e = 0; e < 2; ++e) atomicAdd(&two->x + e, e + 1.0F);
  for (int e = 0; e < 4; ++e) atomicAdd(&four->x + e, e + 1.0F);
#endif
}

void check_atomics(Checks& checks) {
  checks.expect(__half2float(added(__float2half(1), __float2half(0.5F))[0]) == 33, "half");
  const float2 pair = __half22float2(added(__floats2half2_rn(0, 1), __floats2half2_rn(1, 2))[0]);
  checks.expect(pair.x == 64 && pair.y == 129, "half2");
  // Behind 256 a bfloat16 has steps of two, and 1 is rounded away.
  const auto stuck = added(__float2bfloat16(256), __float2bfloat16(1));
  checks.expect(__bfloat162float(stuck[0]) == 256, "bfloat16 stays where its steps are too wide");
  const auto two = added(__floats2bfloat162_rn(0, 0), __floats2bfloat162_rn(1, 2))[0];
  checks.expect(__bfloat1622float2(two).y == 128, "bfloat162");
  auto* vectors = device_copy(std::vector<float>(8));
  add_vectors<<<4, 8>>>(reinterpret_cast<float2*>(vectors), reinterpret_cast<float4*>(vectors + 4));
  checks.expect(host_copy(vectors, 8) == std::vector<float>{32, 64, 0, 0, 32, 64, 96, 128},
                "vectors of floats");
}

__global__ void approximate(const float* x, float* y, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  const __half h = __float2half(x[i]);
  const __nv_bfloat16 b = __float2bfloat16(x[i]);
  y[4 * i] = __half2float(htanh_approx(h));
  y[4 * i + 1] = __half2float(__high2half(h2tanh_approx(__half2half2(h))));
  y[4 * i + 2] = __bfloat162float(htanh_approx(b));
  unsigned short bits = __half_as_ushort(h);
#if __CUDA_ARCH__ >= 750
  asm("ex2.approx.f16 %0, %0;" : "+h"(bits));
#endif
  y[4 * i + 3] = __half2float(__ushort_as_half(bits));
}

void check_approximations(Checks& checks) {
  std::vector<float> x;
  for (int k = -40; k <= 40; ++k) x.push_back(static_cast<float>(k) / 8);
  const int n = static_cast<int>(x.size());
  auto* y = device_array<float>(4 * x.size());
  approximate<<<2, 64>>>(device_copy(x), y, n);
  const auto made = host_copy(y, 4 * x.size());
  bool tanhs = true, powers = true;
  for (int k = 0; k < n; ++k) {
    const double exact = std::tanh(static_cast<double>(x[k]));
    tanhs &= std::fabs(made[4 * k] - exact) <= std::exp2(-10.987);
    tanhs &= std::fabs(made[4 * k + 1] - exact) <= std::exp2(-10.987);
    tanhs &= std::fabs(made[4 * k + 2] - exact) <= std::exp2(-7);
    const double power = std::exp2(static_cast<double>(x[k]));
    powers &= std::fabs(made[4 * k + 3] - power) <= power * std::exp2(-9.9);
  }
  checks.expect(tanhs, "tanh of 16 bits");
  checks.expect(powers, "ex2 of 16 bits");
}

// Two groups are in flight; the first is used while the second is not there yet.
__global__ void copy_in_steps(const float4* x, float4* y) {
  __shared__ float4 tile[2][32];
  const int lane = threadIdx.x;
  __pipeline_memcpy_async(&tile[0][lane], x + lane, sizeof(float4));
  __pipeline_commit();
  __pipeline_memcpy_async(&tile[1][lane], x + 32 + lane, sizeof(float4), sizeof(float));
  __pipeline_commit();
  __pipeline_wait_prior(1);
  __syncthreads();
  y[lane] = tile[0][31 - lane];
  __pipeline_wait_prior(0);
  __syncthreads();
  y[32 + lane] = tile[1][31 - lane];
}

void check_copies(Checks& checks) {
  std::vector<float> x(256);
  for (std::size_t k = 0; k < x.size(); ++k) x[k] = static_cast<float>(k);
  auto* y = device_array<float>(x.size());
  copy_in_steps<<<1, 32>>>(reinterpret_cast<const float4*>(device_copy(x)),
                           reinterpret_cast<float4*>(y));
  const auto made = host_copy(y, x.size());
  bool good = true;
  for (int k = 0; k < 32; ++k) {
    for (int e = 0; e < 4; ++e) {
      good &= made[4 * k + e] == x[4 * (31 - k) + e];
      good &= made[128 + 4 * k + e] == (e < 3 ? x[128 + 4 * (31 - k) + e] : 0);
    }
  }
  checks.expect(good, "asynchronous copies, whole and filled up with zeros");
}

__global__ void branch(int* y) {
  int made = 0;
  asm("{\n"
      "  targets: .branchtargets a, b, c;\n"
      "  brx.idx %1, targets;\n"
      "  a: mov.u32 %0, 10; bra done;\n"
      "  b: mov.u32 %0, 20; bra done;\n"
      "  c: mov.u32 %0, 30;\n"
      "  done:\n"
      "}"
      : "=r"(made)
      : "r"(threadIdx.x % 3));
  y[threadIdx.x] = made;
}

void check_branches(Checks& checks) {
  auto* y = device_array<int>(32);
  branch<<<1, 32>>>(y);
  const auto made = host_copy(y, 32);
  bool good = true;
  for (int k = 0; k < 32; ++k) good &= made[k] == 10 * (k % 3 + 1);
  checks.expect(good, "brx.idx");
}

__global__ void say(int* count, const char* word, float x) {
  *count = printf("%5d|%-4s|%.2f|%llx|%c|%%\n", 42, word, x, 0x123456789abcdefULL, 'z');
}

void check_printf(Checks& checks) {
  const char* path = "sim_instructions_output.txt";
  const std::string word = "ab";
  const std::vector<char> text(word.c_str(), word.c_str() + word.size() + 1);
  auto* count = device_array<int>(1);
  std::fflush(stdout);
  const int terminal = dup(1);
  if (std::freopen(path, "w", stdout) == nullptr) std::exit(1);
  say<<<1, 1>>>(count, device_copy(text), 1.5F);
  KEEN_CUDA_CHECK(cudaDeviceSynchronize());
  std::fflush(stdout);
  dup2(terminal, 1);
  char line[100] = {};
  std::FILE* file = std::fopen(path, "r");
  const bool read = std::fgets(line, sizeof line, file) != nullptr;
  std::fclose(file);
  std::remove(path);
  checks.expect(read && std::strcmp(line, "   42|ab  |1.50|123456789abcdef|z|%\n") == 0, "printf");
  checks.expect(host_copy(count, 1)[0] == 5, "what printf gives back");
}

}  // namespace

int main() {
  Checks checks;
  for (unsigned seed = 1; seed <= 20; ++seed) {
    if (keen::sim::simulated()) KEEN_SIM(cudasim_seed)(seed);
    check_atomics(checks);
    check_approximations(checks);
    check_copies(checks);
    check_branches(checks);
  }
  check_printf(checks);
  return checks.status();
}
