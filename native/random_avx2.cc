// Normals, four lanes. See target.h for what may be included where.
#if defined(__x86_64__)
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#include "target.h"
LAYERWISE_TARGET(LAYERWISE_AVX2)
#include "random_normal.h"

namespace layerwise {
namespace {

template <typename D> inline D squareRoot(D x) { return (D)_mm256_sqrt_pd((__m256d)x); }

template <typename W, typename D> inline void swapWhereBit62(W word, D& x, D& y) {
  const __m256d mask = (__m256d)(word << 1);
  const D swapped = (D)_mm256_blendv_pd((__m256d)x, (__m256d)y, mask);
  y = (D)_mm256_blendv_pd((__m256d)y, (__m256d)x, mask);
  x = swapped;
}

}  // namespace

void normalsAvx2(Key key, uint64_t tile, size_t tiles, double* out) { normalTiles<4, 2, ScalarWords>(key, tile, tiles, out); }

}  // namespace layerwise
LAYERWISE_TARGET_END
#endif
