// Normals, eight lanes. See target.h for what may be included where.
#if defined(__x86_64__)
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#include "target.h"
LAYERWISE_TARGET(LAYERWISE_AVX512)
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // inside the intrinsics of GCC 12
#endif
#include "random_normal.h"

namespace layerwise {
namespace {

template <typename D> inline D squareRoot(D x) { return (D)_mm512_sqrt_pd((__m512d)x); }

template <typename W, typename D> inline void swapWhereBit62(W word, D& x, D& y) {
  const __mmask8 swap = _mm512_test_epi64_mask((__m512i)word, _mm512_set1_epi64(int64_t{1} << 62));
  const D swapped = (D)_mm512_mask_blend_pd(swap, (__m512d)x, (__m512d)y);
  y = (D)_mm512_mask_blend_pd(swap, (__m512d)y, (__m512d)x);
  x = swapped;
}

using W = Vector<8>::Word;

inline W product32(W x, W y) { return (W)_mm512_mul_epu32((__m512i)x, (__m512i)y); }

/// The high and low halves of the 128-bit products x·multiplier.
inline void multiply(W x, uint64_t multiplier, W& high, W& low) {
  const W none = {}, m0 = none + (multiplier & 0xffffffffu), m1 = none + (multiplier >> 32), x1 = x >> 32;
  const W p00 = product32(x, m0), p01 = product32(x, m1), p10 = product32(x1, m0), p11 = product32(x1, m1);
  const W a = p10 + (p00 >> 32), b = p01 + (a & 0xffffffffu);
  high = p11 + (a >> 32) + (b >> 32);
  low = (W)_mm512_mask_blend_epi32(0xaaaa, (__m512i)p00, (__m512i)(b << 32));
}

/// Twelve tiles at once: eight by two vectors of eight counters side by side, because one round is a long chain, and four by
/// scalar multiplications between the vectors' ones.
struct VectorWords {
  static constexpr size_t tiles = 12;
  static inline void make(Key key, uint64_t tile, size_t /* all */, uint64_t* out) {
    constexpr int n = 2, scalars = 2 * (tiles - 8);
    W x0[n], x1[n] = {}, x2[n] = {}, x3[n];
    for (int u = 0; u < n; ++u) {
      x0[u] = 2 * tile + 8u * static_cast<unsigned>(u) + W{0, 1, 2, 3, 4, 5, 6, 7};
      x3[u] = W{} + static_cast<uint64_t>(Sequence::normal);
    }
    uint64_t* const y = out + 64;
    for (int i = 0; i < scalars; ++i) {
      y[4 * i] = 2 * tile + 16 + static_cast<unsigned>(i);
      y[4 * i + 1] = y[4 * i + 2] = 0;
      y[4 * i + 3] = static_cast<uint64_t>(Sequence::normal);
    }
#pragma GCC unroll 10
    for (int round = 0; round < 10; ++round) {
      for (int u = 0; u < n; ++u) {
        W aHigh, aLow, bHigh, bLow;
        multiply(x0[u], 0xD2E7470EE14C6C93u, aHigh, aLow);
        multiply(x2[u], 0xCA5A826395121157u, bHigh, bLow);
        x0[u] = bHigh ^ x1[u] ^ key.lo;
        x1[u] = bLow;
        x2[u] = aHigh ^ x3[u] ^ key.hi;
        x3[u] = aLow;
#pragma GCC unroll 8
        for (int i = scalars / n * u; i < scalars / n * (u + 1); ++i) philoxRound(key, y + 4 * i);
      }
      key.lo += 0x9E3779B97F4A7C15u;
      key.hi += 0xBB67AE8584CAA73Bu;
    }
    for (int u = 0; u < n; ++u, out += 32) interleave((__m512i)x0[u], (__m512i)x1[u], (__m512i)x2[u], (__m512i)x3[u], out);
  }

  /// out[4·lane + j] ← word j of the block in that lane.
  static inline void interleave(__m512i x0, __m512i x1, __m512i x2, __m512i x3, uint64_t* out) {
    const __m512i even01 = _mm512_unpacklo_epi64(x0, x1), odd01 = _mm512_unpackhi_epi64(x0, x1);
    const __m512i even23 = _mm512_unpacklo_epi64(x2, x3), odd23 = _mm512_unpackhi_epi64(x2, x3);
    const __m512i e0 = _mm512_shuffle_i64x2(even01, even23, 0x44), e1 = _mm512_shuffle_i64x2(even01, even23, 0xee);
    const __m512i o0 = _mm512_shuffle_i64x2(odd01, odd23, 0x44), o1 = _mm512_shuffle_i64x2(odd01, odd23, 0xee);
    _mm512_store_si512(out, _mm512_shuffle_i64x2(e0, o0, 0x88));
    _mm512_store_si512(out + 8, _mm512_shuffle_i64x2(e0, o0, 0xdd));
    _mm512_store_si512(out + 16, _mm512_shuffle_i64x2(e1, o1, 0x88));
    _mm512_store_si512(out + 24, _mm512_shuffle_i64x2(e1, o1, 0xdd));
  }
};

}  // namespace

void normalsAvx512(Key key, uint64_t tile, size_t tiles, double* out) {
  // A few tiles that are left over are not worth twelve.
  const size_t rest = tiles % VectorWords::tiles, whole = rest < 5 ? tiles - rest : tiles;
  normalTiles<8, 4, VectorWords>(key, tile, whole, out);
  normalTiles<8, 4, ScalarWords>(key, tile + whole, tiles - whole, out + kTile * whole);
}

}  // namespace layerwise
LAYERWISE_TARGET_END
#endif
