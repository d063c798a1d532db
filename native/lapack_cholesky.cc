// Symmetric positive definite matrices: Cholesky.
#include "blas.h"
#include "lapack_detail.h"

namespace layerwise {
template <typename T> void potrf(bool lower, int n, T* a, int lda) {
  if (n == 0) return;
  requireFiniteTriangle("a", lower, n, a, lda);
  int info = 0;
  Lapack<T>::potrf(lower ? "U" : "L", &n, a, &lda, &info, 1);
  valid("potrf", info);
  if (info > 0) throw NumericalError("ERR_NOT_POSITIVE_DEFINITE", "leading minor of order " + std::to_string(info) + " is not positive definite");
}

template <typename T> void potrs(bool lower, int n, int nrhs, const T* factor, int ldf, T* b, int ldb) {
  if (n == 0 || nrhs == 0) return;
  trsm(lower, !lower, false, n, nrhs, factor, ldf, b, ldb);
  trsm(lower, lower, false, n, nrhs, factor, ldf, b, ldb);
}

template <typename T> void potri(bool lower, int n, T* a, int lda) {
  if (n == 0) return;
  requireFiniteTriangle("a", lower, n, a, lda);
  int info = 0;
  Lapack<T>::potri(lower ? "U" : "L", &n, a, &lda, &info, 1);
  valid("potri", info);
  if (info > 0) throw NumericalError("ERR_SINGULAR", "diagonal element " + std::to_string(info - 1) + " of the factor is zero");
  mirrorTriangle(lower, n, a, lda);
}

template <typename T> T pocon(bool lower, int n, const T* factor, int ldf, T norm) {
  if (n == 0) return 1;
  requireFiniteTriangle("factor", lower, n, factor, ldf);
  Workspace scratch;
  T rcond = 0;
  int info = 0;
  Lapack<T>::pocon(lower ? "U" : "L", &n, factor, &ldf, &norm, &rcond, scratch.take<T>(3 * static_cast<int64_t>(n)), scratch.take<int>(n), &info, 1);
  valid("pocon", info);
  return rcond;
}

#define LAYERWISE_INSTANTIATE(T)                                                 \
  template void potrf<T>(bool, int, T*, int);                                    \
  template void potrs<T>(bool, int, int, const T*, int, T*, int);                \
  template void potri<T>(bool, int, T*, int);                                    \
  template T pocon<T>(bool, int, const T*, int, T);
LAYERWISE_INSTANTIATE(double)
LAYERWISE_INSTANTIATE(float)
#undef LAYERWISE_INSTANTIATE

}  // namespace layerwise
