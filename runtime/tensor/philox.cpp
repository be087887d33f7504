#include "runtime/tensor/philox.h"

#include <immintrin.h>

#include <cstring>

namespace keen::random {
namespace {

constexpr std::int64_t kLanes = 4;          // blocks in one vector register
constexpr std::int64_t kStep = 2 * kLanes;  // blocks per step: two chains hide the latency

// Word k of four blocks, each in the low half of a 64-bit lane. The high halves hold what the
// products leave there: the multiplication does not read them, so nothing clears them.
struct FourBlocks {
  __m256i c0, c1, c2, c3;
};

inline void one_round(FourBlocks& x, __m256i key0, __m256i key1) {
  const __m256i p = _mm256_mul_epu32(x.c0, _mm256_set1_epi64x(0xD2511F53));
  const __m256i q = _mm256_mul_epu32(x.c2, _mm256_set1_epi64x(0xCD9E8D57));
  x.c0 = _mm256_xor_si256(_mm256_xor_si256(_mm256_srli_epi64(q, 32), x.c1), key0);
  x.c1 = q;
  x.c2 = _mm256_xor_si256(_mm256_xor_si256(_mm256_srli_epi64(p, 32), x.c3), key1);
  x.c3 = p;
}

// The four counters from (low, high) on; `low` must not wrap within them.
inline FourBlocks counters(std::uint64_t low, std::uint64_t high) {
  const __m256i c0 = _mm256_add_epi64(_mm256_set1_epi64x(static_cast<long long>(low)),
                                      _mm256_setr_epi64x(0, 1, 2, 3));
  const __m256i c2 = _mm256_set1_epi64x(static_cast<long long>(high));
  return {c0, _mm256_srli_epi64(c0, 32), c2, _mm256_srli_epi64(c2, 32)};
}

// Interleaves the words of four blocks and writes them block by block.
inline void store(const FourBlocks& x, std::uint32_t* words) {
  const __m256i front = _mm256_blend_epi32(x.c0, _mm256_slli_epi64(x.c1, 32), 0xAA);
  const __m256i back = _mm256_blend_epi32(x.c2, _mm256_slli_epi64(x.c3, 32), 0xAA);
  const __m256i even = _mm256_unpacklo_epi64(front, back);  // blocks 0 and 2
  const __m256i odd = _mm256_unpackhi_epi64(front, back);   // blocks 1 and 3
  auto* out = reinterpret_cast<__m256i*>(words);
  _mm256_storeu_si256(out, _mm256_permute2x128_si256(even, odd, 0x20));
  _mm256_storeu_si256(out + 1, _mm256_permute2x128_si256(even, odd, 0x31));
}

void eight_blocks(const PhiloxState& state, std::uint32_t* words) {
  FourBlocks first = counters(state.counter_low, state.counter_high);
  FourBlocks second = counters(state.counter_low + kLanes, state.counter_high);
  auto key0 = static_cast<std::uint32_t>(state.key);
  auto key1 = static_cast<std::uint32_t>(state.key >> 32U);
  for (int round = 0; round < 10; ++round) {
    const __m256i k0 = _mm256_set1_epi64x(key0);
    const __m256i k1 = _mm256_set1_epi64x(key1);
    one_round(first, k0, k1);
    one_round(second, k0, k1);
    key0 += 0x9E3779B9U;
    key1 += 0xBB67AE85U;
  }
  store(first, words);
  store(second, words + 4 * kLanes);
}

}  // namespace

void philox_words(const PhiloxState& state, std::int64_t blocks, std::uint32_t* words) {
  PhiloxState at = state;
  std::int64_t left = blocks;
  while (left > 0) {
    // A step in which the low half of the counter wraps is done block by block.
    const bool wraps = at.counter_low + (kStep - 1) < at.counter_low;
    const std::int64_t done = left >= kStep && !wraps ? kStep : 1;
    if (done == kStep) {
      eight_blocks(at, words);
    } else {
      const PhiloxBlock block = philox_block(at);
      std::memcpy(words, block.words, sizeof(block.words));
    }
    at = at.skipped(static_cast<std::uint64_t>(done));
    words += 4 * done;
    left -= done;
  }
}

}  // namespace keen::random
