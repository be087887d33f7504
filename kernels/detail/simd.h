#pragma once

#include <immintrin.h>

#include <cstdint>

namespace keen::detail {

// One AVX2 register of floats or doubles, for kernels that the compiler does not vectorise well by
// itself.
//
// The fused multiply-add is explicit: everything else is compiled with -ffp-contract=off.
template <class T>
struct Simd;

template <>
struct Simd<float> {
  using Vector = __m256;
  using Mask = __m256i;
  static constexpr int kLanes = 8;

  static Vector zero() { return _mm256_setzero_ps(); }
  static Vector set1(float x) { return _mm256_set1_ps(x); }
  static Vector load(const float* p) { return _mm256_loadu_ps(p); }
  static Vector load(const float* p, Mask mask) { return _mm256_maskload_ps(p, mask); }
  static void store(float* p, Vector v) { _mm256_storeu_ps(p, v); }
  // The first `count` lanes. By way of the stack: masked stores are microcode on some processors.
  static void store_first(float* p, std::int64_t count, Vector v) {
    alignas(32) float lanes[kLanes];
    _mm256_store_ps(lanes, v);
    for (std::int64_t i = 0; i < count; ++i) p[i] = lanes[i];
  }
  static Vector add(Vector a, Vector b) { return _mm256_add_ps(a, b); }
  static Vector sub(Vector a, Vector b) { return _mm256_sub_ps(a, b); }
  static Vector mul(Vector a, Vector b) { return _mm256_mul_ps(a, b); }
  static Vector fma(Vector a, Vector b, Vector c) { return _mm256_fmadd_ps(a, b, c); }
  // v where x > 0, else zero.
  static Vector where_positive(Vector x, Vector v) {
    return _mm256_and_ps(_mm256_cmp_ps(x, zero(), _CMP_GT_OQ), v);
  }
  // A mask of the first `count` lanes, 0 <= count <= kLanes.
  static Mask first(std::int64_t count) {
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)), lane);
  }
  // out[i] = the sum of the lanes of v[i], plus out[i] if `add`; four of them, or one.
  static void sum4(const Vector* v, float* out, bool add) {
    const __m256 all = _mm256_hadd_ps(_mm256_hadd_ps(v[0], v[1]), _mm256_hadd_ps(v[2], v[3]));
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(all), _mm256_extractf128_ps(all, 1));
    if (add) s = _mm_add_ps(_mm_loadu_ps(out), s);
    _mm_storeu_ps(out, s);
  }
  static void sum1(Vector v, float* out, bool add) {
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    s = _mm_hadd_ps(s, s);
    const float sum = _mm_cvtss_f32(_mm_hadd_ps(s, s));
    *out = add ? *out + sum : sum;
  }
};

template <>
struct Simd<double> {
  using Vector = __m256d;
  using Mask = __m256i;
  static constexpr int kLanes = 4;

  static Vector zero() { return _mm256_setzero_pd(); }
  static Vector set1(double x) { return _mm256_set1_pd(x); }
  static Vector load(const double* p) { return _mm256_loadu_pd(p); }
  static Vector load(const double* p, Mask mask) { return _mm256_maskload_pd(p, mask); }
  static void store(double* p, Vector v) { _mm256_storeu_pd(p, v); }
  // The first `count` lanes. By way of the stack: masked stores are microcode on some processors.
  static void store_first(double* p, std::int64_t count, Vector v) {
    alignas(32) double lanes[kLanes];
    _mm256_store_pd(lanes, v);
    for (std::int64_t i = 0; i < count; ++i) p[i] = lanes[i];
  }
  static Vector add(Vector a, Vector b) { return _mm256_add_pd(a, b); }
  static Vector sub(Vector a, Vector b) { return _mm256_sub_pd(a, b); }
  static Vector mul(Vector a, Vector b) { return _mm256_mul_pd(a, b); }
  static Vector fma(Vector a, Vector b, Vector c) { return _mm256_fmadd_pd(a, b, c); }
  // v where x > 0, else zero.
  static Vector where_positive(Vector x, Vector v) {
    return _mm256_and_pd(_mm256_cmp_pd(x, zero(), _CMP_GT_OQ), v);
  }
  // A mask of the first `count` lanes, 0 <= count <= kLanes.
  static Mask first(std::int64_t count) {
    return _mm256_cmpgt_epi64(_mm256_set1_epi64x(count), _mm256_setr_epi64x(0, 1, 2, 3));
  }
  // out[i] = the sum of the lanes of v[i], plus out[i] if `add`; four of them, or one.
  static void sum4(const Vector* v, double* out, bool add) {
    const __m256d low = _mm256_hadd_pd(v[0], v[1]);
    const __m256d high = _mm256_hadd_pd(v[2], v[3]);
    Vector s = _mm256_add_pd(_mm256_permute2f128_pd(low, high, 0x20),
                             _mm256_permute2f128_pd(low, high, 0x31));
    if (add) s = _mm256_add_pd(_mm256_loadu_pd(out), s);
    _mm256_storeu_pd(out, s);
  }
  static void sum1(Vector v, double* out, bool add) {
    const __m128d s = _mm_add_pd(_mm256_castpd256_pd128(v), _mm256_extractf128_pd(v, 1));
    const double sum = _mm_cvtsd_f64(_mm_hadd_pd(s, s));
    *out = add ? *out + sum : sum;
  }
};

}  // namespace keen::detail
