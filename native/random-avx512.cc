// Normals, eight lanes. Nothing from the standard library is included under the wider target: its inline functions
// must not be compiled for it.
#if defined(__x86_64__)
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,bmi2"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512dq,bmi2")
#endif
#include "random-normal.h"

namespace layerwise {
namespace {

template <typename D> inline D squareRoot(D x) { return (D)_mm512_sqrt_pd((__m512d)x); }

template <typename W, typename D> inline void swapWhereBit62(W word, D& x, D& y) {
  const __mmask8 swap = _mm512_test_epi64_mask((__m512i)word, _mm512_set1_epi64(int64_t{1} << 62));
  const D swapped = (D)_mm512_mask_blend_pd(swap, (__m512d)x, (__m512d)y);
  y = (D)_mm512_mask_blend_pd(swap, (__m512d)y, (__m512d)x);
  x = swapped;
}

}  // namespace

void normalsAvx512(Key key, uint64_t tile, size_t tiles, double* out) { normalTiles<8>(key, tile, tiles, out); }

}  // namespace layerwise
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif
