// The C library's math functions, declared such that g++ calls their vector forms (libmvec) within
// loops marked `#pragma omp simd`; clang takes them by -fveclib=libmvec. Vector and scalar forms
// differ by up to 4 units in the last place, so the kernels of random numbers, whose bits are
// fixed, never include this header.
#pragma once

#include <cmath>

#include "runtime/base/macros.h"

extern "C" {
#define KEEN_SIMD_MATH(function)                                             \
  _Pragma("omp declare simd notinbranch") float function##f(float) noexcept; \
  _Pragma("omp declare simd notinbranch") double function(double) noexcept;
#if defined(__GNUC__) && !defined(__clang__) && !defined(__CUDACC__)
KEEN_SIMD_MATH(exp)
KEEN_SIMD_MATH(expm1)
KEEN_SIMD_MATH(log)
KEEN_SIMD_MATH(log1p)
KEEN_SIMD_MATH(sin)
KEEN_SIMD_MATH(cos)
KEEN_SIMD_MATH(tanh)
KEEN_SIMD_MATH(erf)
#pragma omp declare simd notinbranch
float powf(float, float) noexcept;
#pragma omp declare simd notinbranch
double pow(double, double) noexcept;
#endif
#undef KEEN_SIMD_MATH
}

namespace keen::math {

KEEN_HOST_DEVICE inline float exp(float x) { return ::expf(x); }
KEEN_HOST_DEVICE inline double exp(double x) { return ::exp(x); }
KEEN_HOST_DEVICE inline float expm1(float x) { return ::expm1f(x); }
KEEN_HOST_DEVICE inline double expm1(double x) { return ::expm1(x); }
KEEN_HOST_DEVICE inline float log(float x) { return ::logf(x); }
KEEN_HOST_DEVICE inline double log(double x) { return ::log(x); }
KEEN_HOST_DEVICE inline float log1p(float x) { return ::log1pf(x); }
KEEN_HOST_DEVICE inline double log1p(double x) { return ::log1p(x); }
KEEN_HOST_DEVICE inline float sin(float x) { return ::sinf(x); }
KEEN_HOST_DEVICE inline double sin(double x) { return ::sin(x); }
KEEN_HOST_DEVICE inline float cos(float x) { return ::cosf(x); }
KEEN_HOST_DEVICE inline double cos(double x) { return ::cos(x); }
KEEN_HOST_DEVICE inline float tanh(float x) { return ::tanhf(x); }
KEEN_HOST_DEVICE inline double tanh(double x) { return ::tanh(x); }
KEEN_HOST_DEVICE inline float erf(float x) { return ::erff(x); }
KEEN_HOST_DEVICE inline double erf(double x) { return ::erf(x); }
KEEN_HOST_DEVICE inline float pow(float x, float y) { return ::powf(x, y); }
KEEN_HOST_DEVICE inline double pow(double x, double y) { return ::pow(x, y); }

}  // namespace keen::math
