#include "probes.h"

#include <cmath>

#include "blas.h"
#include "workspace.h"

namespace layerwise {

template <typename T> double orthogonalityDefect(int n, const T* q, int ldq, uint64_t counter) {
  constexpr int kProbes = 8;
  Workspace scope;
  const int64_t size = static_cast<int64_t>(n) * kProbes;
  T *z = scope.take<T>(size), *u = scope.take<T>(size), *v = scope.take<T>(size);
  for (int i = 0; i < n; ++i) {
    const uint64_t bits = randomBits(counter + static_cast<uint64_t>(i));
    for (int k = 0; k < kProbes; ++k) z[i * kProbes + k] = bits >> k & 1 ? T(1) : T(-1);
  }
  gemm<T>(false, false, n, kProbes, n, T(1), q, ldq, z, kProbes, T(0), u, kProbes);
  gemm<T>(true, false, n, kProbes, n, T(1), q, ldq, u, kProbes, T(0), v, kProbes);
  double sum = 0;
  for (int64_t i = 0; i < size; ++i) {
    const double defect = static_cast<double>(v[i]) - static_cast<double>(z[i]);
    sum += defect * defect;
  }
  return std::sqrt(sum / kProbes);
}

template double orthogonalityDefect(int, const double*, int, uint64_t);
template double orthogonalityDefect(int, const float*, int, uint64_t);

}  // namespace layerwise
