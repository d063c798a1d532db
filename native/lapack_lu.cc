// Square systems: LU with row pivoting, triangular inverses, condition estimates.
#include "lapack_detail.h"

namespace layerwise {
namespace {

/// LU with row pivoting of a column-major matrix, with divisions. As LAPACK's getrf2, but for the order of its sums.
template <typename T> int factorByDivision(int m, int n, T* columns, int* pivots) {
  int info = 0;
  for (int64_t k = 0; k < std::min(m, n); ++k) {
    T* column = columns + k * m;
    int64_t pivot = k;
    for (int64_t i = k + 1; i < m; ++i)
      if (std::abs(column[i]) > std::abs(column[pivot])) pivot = i;
    pivots[k] = static_cast<int>(pivot);
    if (column[pivot] == 0) {
      if (info == 0) info = static_cast<int>(k) + 1;
      continue;
    }
    for (int64_t j = 0; j < n; ++j) std::swap(columns[j * m + k], columns[j * m + pivot]);
    for (int64_t i = k + 1; i < m; ++i) column[i] /= column[k];
    for (int64_t j = k + 1; j < n; ++j)
      for (int64_t i = k + 1; i < m; ++i) columns[j * m + i] -= column[i] * columns[j * m + k];
  }
  return info;
}

/// LU with row pivoting of a column-major matrix by halves of its columns; returns LAPACK's info.
template <typename T> int factorByHalves(int m, int n, T* columns, int ld, int* pivots) {
  if (std::min(m, n) <= kTriangle || !multiplies(m, n, n)) {
    int info = 0;
    Lapack<T>::getrf(&m, &n, columns, &ld, pivots, &info);
    valid("getrf", info);
    for (int i = 0; i < std::min(m, n); ++i) --pivots[i];
    return info;
  }
  const int h = half(std::min(m, n)), rest = n - h;
  T *right = columns + static_cast<int64_t>(h) * ld, *corner = right + h;
  // Exchanges rows of some columns.
  const auto exchange = [ld](T* first, int count, const int* pivots, int pairs) {
    for (int64_t j = 0; j < count; ++j)
      for (int i = 0; i < pairs; ++i) std::swap(first[j * ld + i], first[j * ld + pivots[i]]);
  };
  const int info = factorByHalves(m, h, columns, ld, pivots);
  exchange(right, rest, pivots, h);
  // As rows: A12ᵀ ← A12ᵀ·L11⁻ᵀ, A22ᵀ ← A22ᵀ − A12ᵀ·L21ᵀ.
  solveTriangular<T>({false, false, true, rest, h, operand(false, columns, ld), right, ld});
  if (m == h) return info;
  multiply<T>({Part::Whole, rest, m - h, h, T(-1), operand(false, right, ld), operand(false, columns + h, ld), T(1), corner, ld});
  const int after = factorByHalves(m - h, rest, corner, ld, pivots + h), pairs = std::min(m - h, rest);
  exchange(columns + h, h, pivots + h, pairs);
  for (int i = 0; i < pairs; ++i) pivots[h + i] += h;
  return info > 0 ? info : after > 0 ? h + after : 0;
}

/// getrf of the column-major matrix that `fill` writes. Returns info. OpenBLAS multiplies by the reciprocals of pivots, without the guard
/// of the reference LAPACK for those that have none.
template <typename T, typename Fill> int factorColumns(int m, int n, T* columns, int* pivots, const Fill& fill) {
  fill();
  const int info = factorByHalves(m, n, columns, m, pivots);
  for (int64_t i = 0; i < std::min(m, n); ++i) {
    const T pivot = columns[i * (static_cast<int64_t>(m) + 1)];
    if (pivot != 0 && !std::isfinite(1 / pivot)) {
      fill();
      return factorByDivision(m, n, columns, pivots);
    }
  }
  return info;
}

/// Exponents that bring the rows of a row-major matrix to ordinary size, and the matrix itself there. Whether any is needed.
template <typename T> bool moderateRows(int rows, int cols, T* a, int lda, int* exponents) {
  bool any = false;
  for (int64_t i = 0; i < rows; ++i) {
    exponents[i] = moderation(1, cols, a + i * lda, lda);
    shift(1, cols, a + i * lda, lda, exponents[i]);
    any |= exponents[i] != 0;
  }
  return any;
}

}  // namespace

template <typename T> void trtri(bool lower, bool unit, int n, T* a, int lda) {
  if (n == 0) return;
  requireFiniteTriangle("a", lower, n, a, lda);
  int info = 0;
  Lapack<T>::trtri(lower ? "U" : "L", unit ? "U" : "N", &n, a, &lda, &info, 1, 1);
  valid("trtri", info);
  if (info > 0) throw NumericalError("ERR_SINGULAR", "diagonal element " + std::to_string(info - 1) + " is zero");
  for (int64_t i = 0; i < n; ++i) {
    const int64_t first = lower ? 0 : i, count = lower ? i + 1 : n - i;
    requireRepresentable("the inverse, or what it is computed from,", 1, static_cast<int>(count), a + i * lda + first, lda);
  }
}

template <typename T> int getrf(int m, int n, T* a, int lda, int* pivots) {
  if (m == 0 || n == 0) return 0;
  requireFinite("a", m, n, a, lda);
  Workspace scratch;
  T* columns = scratch.take<T>(static_cast<int64_t>(m) * n);
  // Pivots and L do not depend on the lengths of columns.
  int* exponents = scratch.take<int>(n);
  const int info = factorColumns(m, n, columns, pivots, [&] {
    transpose(m, n, a, lda, columns, m);
    moderateRows(n, m, columns, m, exponents);
  });
  for (int64_t j = 0; j < n; ++j) shift(1, static_cast<int>(std::min<int64_t>(j + 1, m)), columns + j * m, m, -exponents[j]);
  requireRepresentable("the factor U", n, m, columns, m);
  transpose(n, m, columns, m, a, lda);
  return info;
}

namespace {

template <typename T> void solveFactored(bool trans, int n, int nrhs, const T* lu, int ldlu, const int* pivots, T* b, int ldb) {
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

template <typename T> void requirePivots(int n, const T* lu, int ldlu) {
  for (int64_t i = 0; i < n; ++i)
    if (lu[i * ldlu + i] == 0) throw NumericalError("ERR_SINGULAR", "the matrix is singular: pivot " + std::to_string(i) + " is zero");
}

}  // namespace

template <typename T> void gesv(int n, int nrhs, const T* a, int lda, T* b, int ldb) {
  requireFinite("b", n, nrhs, b, ldb);
  requireFinite("a", n, n, a, lda);
  if (n == 0) return;
  Workspace scratch;
  T* lu = scratch.take<T>(static_cast<int64_t>(n) * n);
  T* columns = scratch.take<T>(static_cast<int64_t>(n) * n);
  int *pivots = scratch.take<int>(n), *rows = scratch.take<int>(n), *cols = scratch.take<int>(n);
  // Rows and columns near the ends of the range are equilibrated.
  copyMatrix(n, n, a, lda, lu, n);
  const bool scaledRows = moderateRows(n, n, lu, n, rows);
  bool scaledCols = false;
  factorColumns(n, n, columns, pivots, [&] {
    transpose(n, n, lu, n, columns, n);
    scaledCols = moderateRows(n, n, columns, n, cols);
  });
  transpose(n, n, columns, n, lu, n);
  requirePivots(n, lu, n);
  solveModerated("the solution", scaledRows ? rows : nullptr, scaledCols ? cols : nullptr, n, nrhs, b, ldb,
                 [=](T* x, int ldx) { solveFactored(false, n, nrhs, lu, n, pivots, x, ldx); });
}

template <typename T> void getrs(bool trans, int n, int nrhs, const T* lu, int ldlu, const int* pivots, T* b, int ldb) {
  requirePivots(n, lu, ldlu);
  solveModerated<T>("the solution", nullptr, nullptr, n, nrhs, b, ldb, [=](T* x, int ldx) { solveFactored(trans, n, nrhs, lu, ldlu, pivots, x, ldx); });
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
