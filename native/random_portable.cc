// Normals without any instruction-set extension: two lanes, which is SSE2 on x86-64 and NEON on arm64.
#include <cmath>

#include "random_normal.h"

namespace layerwise {
namespace {

template <typename D> inline D squareRoot(D x) {
  for (size_t i = 0; i < sizeof(D) / sizeof(double); ++i) x[i] = std::sqrt(x[i]);
  return x;
}

template <typename W, typename D> inline void swapWhereBit62(W word, D& x, D& y) {
  const W mask = -((word >> 62) & 1u);
  const W difference = ((W)x ^ (W)y) & mask;
  x = (D)((W)x ^ difference);
  y = (D)((W)y ^ difference);
}

}  // namespace

void normalsPortable(Key key, uint64_t tile, size_t tiles, double* out) { normalTiles<2, 2, ScalarWords>(key, tile, tiles, out); }

void normalPair(uint64_t word, double* x, double* y) {
  const Vector<2>::Word words = {word, word};
  Vector<2>::Real a, b;
  boxMuller<2, 1>(&words, &a, &b);
  *x = a[0];
  *y = b[0];
}

}  // namespace layerwise
