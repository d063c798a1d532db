// Square systems: LU with row pivoting, triangular inverses, condition estimates.
#include "lapack_detail.h"

namespace layerwise {
namespace {

/// getrf of a column-major matrix. Returns info. (OpenBLAS multiplies by the reciprocals of pivots, without the
/// guard of the reference LAPACK: callers scale matrices near the ends of the range.)
template <typename T> int factorColumns(int m, int n, T* columns, int* pivots) {
  int info = 0;
  Lapack<T>::getrf(&m, &n, columns, &m, pivots, &info);
  valid("getrf", info);
  for (int i = 0; i < std::min(m, n); ++i) --pivots[i];
  return info;
}

}  // namespace

template <typename T> void trtri(bool lower, bool unit, int n, T* a, int lda) {
  if (n == 0) return;
  requireFiniteTriangle("a", lower, n, a, lda);
  int info = 0;
  Lapack<T>::trtri(lower ? "U" : "L", unit ? "U" : "N", &n, a, &lda, &info, 1, 1);
  valid("trtri", info);
  if (info > 0) throw NumericalError("ERR_SINGULAR", "diagonal element " + std::to_string(info - 1) + " is zero");
}

template <typename T> int getrf(int m, int n, T* a, int lda, int* pivots) {
  if (m == 0 || n == 0) return 0;
  requireFinite("a", m, n, a, lda);
  Workspace scratch;
  T* columns = scratch.take<T>(static_cast<int64_t>(m) * n);
  transpose(m, n, a, lda, columns, m);
  const T scale = moderation(n, m, columns, m);
  scaleMatrix(n, m, columns, m, scale);
  const int info = factorColumns(m, n, columns, pivots);
  if (scale != 1)
    for (int64_t j = 0; j < n; ++j)
      for (int64_t i = 0; i <= std::min<int64_t>(j, m - 1); ++i) columns[j * m + i] /= scale;
  transpose(n, m, columns, m, a, lda);
  return info;
}

template <typename T> void gesv(int n, int nrhs, const T* a, int lda, T* b, int ldb) {
  requireFinite("b", n, nrhs, b, ldb);
  requireFinite("a", n, n, a, lda);
  if (n == 0) return;
  Workspace scratch;
  T* lu = scratch.take<T>(static_cast<int64_t>(n) * n);
  T* columns = scratch.take<T>(static_cast<int64_t>(n) * n);
  int* pivots = scratch.take<int>(n);
  transpose(n, n, a, lda, columns, n);
  const T scale = moderation(n, n, columns, n);
  scaleMatrix(n, n, columns, n, scale);
  factorColumns(n, n, columns, pivots);
  transpose(n, n, columns, n, lu, n);
  getrs(false, n, nrhs, lu, n, pivots, b, ldb);
  scaleMatrix(n, nrhs, b, ldb, scale);
}

template <typename T> void getrs(bool trans, int n, int nrhs, const T* lu, int ldlu, const int* pivots, T* b, int ldb) {
  for (int64_t i = 0; i < n; ++i)
    if (lu[i * ldlu + i] == 0) throw NumericalError("ERR_SINGULAR", "the matrix is singular: pivot " + std::to_string(i) + " is zero");
  if (n == 0 || nrhs == 0) return;
  const auto exchange = [&](int64_t i) {
    T* row = b + i * ldb;
    if (pivots[i] != i) std::swap_ranges(row, row + nrhs, b + static_cast<int64_t>(pivots[i]) * ldb);
  };
  if (!trans) {
    for (int64_t i = 0; i < n; ++i) exchange(i);
    trsm(true, false, true, n, nrhs, lu, ldlu, b, ldb);
    trsm(false, false, false, n, nrhs, lu, ldlu, b, ldb);
  } else {
    trsm(false, true, false, n, nrhs, lu, ldlu, b, ldb);
    trsm(true, true, true, n, nrhs, lu, ldlu, b, ldb);
    for (int64_t i = n; i-- > 0;) exchange(i);
  }
}

template <typename T> T gecon(int n, const T* lu, int ldlu, T norm) {
  if (n == 0) return 1;
  requireFinite("lu", n, n, lu, ldlu);
  Workspace scratch;
  T* columns = scratch.take<T>(static_cast<int64_t>(n) * n);
  transpose(n, n, lu, ldlu, columns, n);
  T rcond = 0;
  int info = 0;
  Lapack<T>::gecon("1", &n, columns, &n, &norm, &rcond, scratch.take<T>(4 * static_cast<int64_t>(n)), scratch.take<int>(n), &info, 1);
  valid("gecon", info);
  return rcond;
}

template <typename T> T norm1(int m, int n, const T* a, int lda) {
  if (m == 0 || n == 0) return 0;
  Workspace scratch;
  T* sums = scratch.take<T>(n);
  std::fill_n(sums, n, T(0));
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < n; ++j) sums[j] += std::abs(a[i * lda + j]);
  T largest = 0;
  for (int j = 0; j < n; ++j)
    if (!(sums[j] <= largest)) largest = sums[j];  // NaN stays
  return largest;
}

#define LAYERWISE_INSTANTIATE(T)                                                    \
  template void trtri<T>(bool, bool, int, T*, int);                                 \
  template int getrf<T>(int, int, T*, int, int*);                                   \
  template void gesv<T>(int, int, const T*, int, T*, int);                          \
  template void getrs<T>(bool, int, int, const T*, int, const int*, T*, int);       \
  template T gecon<T>(int, const T*, int, T);                                       \
  template T norm1<T>(int, int, const T*, int);
LAYERWISE_INSTANTIATE(double)
LAYERWISE_INSTANTIATE(float)
#undef LAYERWISE_INSTANTIATE

}  // namespace layerwise
