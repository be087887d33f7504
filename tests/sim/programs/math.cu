// Device math functions as the interpreter computes them from PTX, beside the host's libm; errors
// as CUDA documents them (CUDA C++ Programming Guide, "Mathematical Functions Appendix"), with the
// host's own error on top.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <algorithm>
#include <cmath>

#include "tests/sim/programs/check.h"
#include "tests/sim/sim_control.h"

using namespace keen::sim::test;

#define KEEN_FUNCTIONS(X)                                  \
  X(expf(x))                                               \
  X(exp2f(x))                                              \
  X(logf(fabsf(x) + 1e-3F))                                \
  X(log2f(fabsf(x) + 1e-3F))                               \
  X(powf(fabsf(x) + .1F, 1.7F))                            \
  X(sinf(x))                                               \
  X(cosf(x))                                               \
  X(sinf(x * 1e6F))                                        \
  X(tanf(x))                                               \
  X(tanhf(x))                                              \
  X(erff(x))                                               \
  X(erfcf(x))                                              \
  X(log1pf(fabsf(x)))                                      \
  X(expm1f(x))                                             \
  X(sqrtf(fabsf(x)))                                       \
  X(fmodf(x, .37F))                                        \
  X(floorf(x))                                             \
  X(rintf(x))                                              \
  X(atan2f(x, 1.3F))                                       \
  X(cbrtf(x))                                              \
  X(lgammaf(fabsf(x) + .5F))                               \
  X(1.F / x)                                               \
  X(x / 3.F)                                               \
  X((float)exp((double)x))                                 \
  X((float)log(fabs((double)x) + 1e-3))                    \
  X((float)sin((double)x * 1e3))                           \
  X((float)sqrt(fabs((double)x)))                          \
  X((float)((int)(x * 100) / 7))                           \
  X((float)((int)(x * 100) % 7))                           \
  X((float)((unsigned)(x * x * 1e4F) * 2654435761U >> 20)) \
  X((float)(((long long)(x * 1e9F) * 31) % 1000003))       \
  X(fmaxf(x, -0.F))                                        \
  X(asinf(x / 10))                                         \
  X(ldexpf(x, 3))                                          \
  X(copysignf(2.F, x))

// The K-th function.
template <int K>
__host__ __device__ float function(float x) {
  int k = 0;
  float result = 0;
#define X(expression) \
  if (K == k++) result = expression;
  KEEN_FUNCTIONS(X)
#undef X
  return result;
}

constexpr const char* kNames[] = {
#define X(expression) #expression,
    KEEN_FUNCTIONS(X)
#undef X
};
constexpr int kCount = sizeof(kNames) / sizeof(kNames[0]);

template <int K>
__global__ void apply(const float* x, float* y, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] = function<K>(x[i]);
}

// Sums of pairs, and products and sums in one rounding, of both 16-bit types.
__global__ void halves(const float* x, float* y, int n) {
  const int i = threadIdx.x;
  if (i >= n) return;
  const __half2 a = __floats2half2_rn(x[i], 1.5F);
  const __half2 b = __hfma2(a, a, __hadd2(a, a));
  const __nv_bfloat16 c = __float2bfloat16(x[i]);
  y[3 * i] = __half2float(b.x);
  y[3 * i + 1] = __half2float(b.y);
  y[3 * i + 2] = __bfloat162float(c * c + c);
}

constexpr int kSize = 256;

template <int K>
void check_function(const std::vector<float>& host, const float* x, float* y, Checks& checks) {
  apply<K><<<2, 128>>>(x, y, kSize);
  const auto got = host_copy(y, kSize);
  double worst = 0;
  for (int i = 0; i < kSize; ++i) {
    const double wanted = function<K>(host[i]);
    const double error = std::fabs(got[i] - wanted) / std::max(1e-3, std::fabs(wanted));
    worst = std::max(worst, error == error ? error : 1e9);
  }
  if (worst > 1e-6) std::printf("%-48s relative error %.2g\n", kNames[K], worst);
  checks.expect(worst <= 2e-5, kNames[K]);
}

template <int... K>
void check_all(std::integer_sequence<int, K...>, const std::vector<float>& host, const float* x,
               float* y, Checks& checks) {
  (check_function<K>(host, x, y, checks), ...);
}

// Instructions whose bits nobody may rely on.
__global__ void approximate(const float* x, float* y, int n) {
  const int i = threadIdx.x;
  if (i >= n) return;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y[3 * i]) : "f"(x[i]));
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(y[3 * i + 1]) : "f"(x[i]));
  asm("sin.approx.f32 %0, %1;" : "=f"(y[3 * i + 2]) : "f"(x[i]));
}

// Within the bounds of PTX ISA 9.0, 9.7.3, with every seed, and with another one other bits.
void check_approximate(const std::vector<float>& host, const float* x, float* y, Checks& checks) {
  std::vector<float> before;
  for (unsigned seed = 1; seed <= 3; ++seed) {
    KEEN_SIM(cudasim_seed)(seed);
    approximate<<<1, kSize>>>(x, y, kSize);
    const auto got = host_copy(y, 3 * kSize);
    bool within = true, others[3] = {};
    for (int i = 0; i < kSize; ++i) {
      const double v = host[i];
      const double wanted[] = {std::exp2(v), 1 / v, std::sin(v)};
      const double bounds[] = {std::exp2(-22.5) * wanted[0], std::exp2(-23.0) * std::fabs(1 / v),
                               std::exp2(-20.5)};
      for (int k = 0; k < 3; ++k) {
        const bool in_range = k < 2 || std::fabs(v) <= 3.14159265;  // as the bound of sin.approx
        within &= !in_range || std::fabs(got[3 * i + k] - wanted[k]) <= bounds[k];
        others[k] |= !before.empty() && got[3 * i + k] != before[3 * i + k];
      }
    }
    checks.expect(within, "approximate instructions within their bounds");
    checks.expect(seed == 1 || (others[0] && others[1] && others[2]),
                  "another seed, other approximate bits");
    before = got;
  }
}

void check_halves(const std::vector<float>& host, const float* x, float* y, Checks& checks) {
  halves<<<1, kSize>>>(x, y, kSize);
  const auto got = host_copy(y, 3 * kSize);
  double worst_half = 0, worst_bfloat = 0;
  for (int i = 0; i < kSize; ++i) {
    const double v = host[i];
    worst_half = std::max(worst_half, std::fabs(got[3 * i] - (v * v + 2 * v)) /
                                          (std::fabs(v * v) + 2 * std::fabs(v)));
    worst_bfloat =
        std::max(worst_bfloat, std::fabs(got[3 * i + 2] - (v * v + v)) / (v * v + std::fabs(v)));
    checks.expect(got[3 * i + 1] == 5.25F, "1.5 * 1.5 + (1.5 + 1.5) in half");
  }
  checks.expect(worst_half < 2e-3, "half2");
  checks.expect(worst_bfloat < 2e-2, "bfloat16");
}

int main() {
  Checks checks;
  std::vector<float> host(kSize);
  for (int i = 0; i < kSize; ++i) host[i] = (i - 127.3F) * 0.05F;
  const float* x = device_copy(host);
  auto* y = device_array<float>(3 * kSize);
  for (unsigned seed = 1; seed <= 20; ++seed) {
    if (keen::sim::simulated()) KEEN_SIM(cudasim_seed)(seed);
    check_all(std::make_integer_sequence<int, kCount>{}, host, x, y, checks);
    check_halves(host, x, y, checks);
  }
  check_approximate(host, x, y, checks);
  return checks.status();
}
