#include <cblas.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <type_traits>

#include "fortran.h"
#include "lapack.h"
#include "workspace.h"

namespace layerwise {
namespace {

/// Whether every element of a row is finite, by the exponent bits, which vectorises where comparisons do not.
template <typename T> bool finiteRow(const T* x, int64_t n) {
  using Bits = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;
  constexpr Bits exponent = sizeof(T) == 8 ? static_cast<Bits>(0x7ff0000000000000ull) : static_cast<Bits>(0x7f800000u);
  Bits bad = 0;
  for (int64_t i = 0; i < n; ++i) {
    Bits bits;
    std::memcpy(&bits, x + i, sizeof bits);
    bad |= static_cast<Bits>((bits & exponent) == exponent);
  }
  return bad == 0;
}

template <typename T> [[noreturn]] void notFinite(const char* name, int64_t i, const T* row) {
  int64_t j = 0;
  while (std::isfinite(row[j])) ++j;
  const char* value = std::isnan(row[j]) ? "NaN" : row[j] > 0 ? "Infinity" : "-Infinity";
  throw NumericalError("ERR_NOT_FINITE", std::string(name) + " must be finite, element (" + std::to_string(i) + ", " + std::to_string(j) + ") is " + value);
}

/// LAPACK returns its workspace size as a T, which may have been rounded down.
template <typename T> int lwork(T query, int64_t least = 1) {
  const double size = std::ceil(static_cast<double>(query) * (1 + static_cast<double>(std::numeric_limits<T>::epsilon())));
  const double needed = std::max(size, static_cast<double>(least));
  if (!(needed <= std::numeric_limits<int>::max()))
    throw NumericalError("ERR_TOO_LARGE", "the workspace LAPACK needs exceeds its 32-bit integers");
  return static_cast<int>(needed);
}

/// info < 0 cannot follow from checked arguments.
void valid(const char* routine, int info) {
  if (info < 0) throw NumericalError("ERR_LAPACK", std::string(routine) + " rejected its argument " + std::to_string(-info));
}

void trsm(bool lower, bool trans, int n, int nrhs, const double* a, int lda, double* b, int ldb) {
  if (nrhs == 1) cblas_dtrsv(CblasRowMajor, lower ? CblasLower : CblasUpper, trans ? CblasTrans : CblasNoTrans, CblasNonUnit, n, a, lda, b, ldb);
  else cblas_dtrsm(CblasRowMajor, CblasLeft, lower ? CblasLower : CblasUpper, trans ? CblasTrans : CblasNoTrans, CblasNonUnit, n, nrhs, 1, a, lda, b, ldb);
}
void trsm(bool lower, bool trans, int n, int nrhs, const float* a, int lda, float* b, int ldb) {
  if (nrhs == 1) cblas_strsv(CblasRowMajor, lower ? CblasLower : CblasUpper, trans ? CblasTrans : CblasNoTrans, CblasNonUnit, n, a, lda, b, ldb);
  else cblas_strsm(CblasRowMajor, CblasLeft, lower ? CblasLower : CblasUpper, trans ? CblasTrans : CblasNoTrans, CblasNonUnit, n, nrhs, 1, a, lda, b, ldb);
}

}  // namespace

template <typename T> void requireFinite(const char* name, int rows, int cols, const T* a, int lda) {
  if (cols == lda && finiteRow(a, static_cast<int64_t>(rows) * cols)) return;
  for (int64_t i = 0; i < rows; ++i)
    if (!finiteRow(a + i * lda, cols)) notFinite(name, i, a + i * lda);
}

template <typename T> void requireFiniteTriangle(const char* name, bool lower, int n, const T* a, int lda) {
  for (int64_t i = 0; i < n; ++i) {
    const T* row = a + i * lda;
    if (lower ? finiteRow(row, i + 1) : finiteRow(row + i, n - i)) continue;
    if (lower) notFinite(name, i, row);
    int64_t j = i;
    while (std::isfinite(row[j])) ++j;
    throw NumericalError("ERR_NOT_FINITE", std::string(name) + " must be finite, element (" + std::to_string(i) + ", " + std::to_string(j) + ") is " + (std::isnan(row[j]) ? "NaN" : row[j] > 0 ? "Infinity" : "-Infinity"));
  }
}

template <typename T> void transposeInPlace(int n, T* a, int lda) {
  constexpr int64_t tile = 16;
  for (int64_t i0 = 0; i0 < n; i0 += tile)
    for (int64_t j0 = 0; j0 <= i0; j0 += tile)
      for (int64_t i = i0; i < std::min<int64_t>(i0 + tile, n); ++i)
        for (int64_t j = j0; j < std::min(j0 + tile, i); ++j) std::swap(a[i * lda + j], a[j * lda + i]);
}

template <typename T> void mirrorTriangle(bool lower, int n, T* a, int lda) {
  constexpr int64_t tile = 16;
  for (int64_t i0 = 0; i0 < n; i0 += tile)
    for (int64_t j0 = 0; j0 <= i0; j0 += tile)
      for (int64_t i = i0; i < std::min<int64_t>(i0 + tile, n); ++i)
        for (int64_t j = j0; j < std::min(j0 + tile, i); ++j)
          if (lower) a[j * lda + i] = a[i * lda + j];
          else a[i * lda + j] = a[j * lda + i];
}

template <typename T> void syevd(bool vectors, int n, T* a, int lda, T* w) {
  if (n == 0) return;
  requireFiniteTriangle("a", true, n, a, lda);
  const char* job = vectors ? "V" : "N";
  const int query = -1;
  int info = 0, iquery = 0;
  T size = 0;
  Lapack<T>::syevd(job, "U", &n, a, &lda, w, &size, &query, &iquery, &query, &info, 1, 1);
  valid("syevd", info);
  const int64_t order = n;
  const int work = lwork<T>(size, vectors ? 1 + 6 * order + 2 * order * order : 2 * order + 1);
  const int iwork = std::max(iquery, vectors ? 3 + 5 * n : 1);
  Workspace scratch;
  Lapack<T>::syevd(job, "U", &n, a, &lda, w, scratch.take<T>(work), &work, scratch.take<int>(iwork), &iwork, &info, 1, 1);
  valid("syevd", info);
  if (info > 0) throw NumericalError("ERR_NO_CONVERGENCE", "the eigenvalues did not converge (info " + std::to_string(info) + ")");
}

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
  trsm(lower, !lower, n, nrhs, factor, ldf, b, ldb);
  trsm(lower, lower, n, nrhs, factor, ldf, b, ldb);
}

template <typename T> void potri(bool lower, int n, T* a, int lda) {
  if (n == 0) return;
  requireFiniteTriangle("a", lower, n, a, lda);
  int info = 0;
  Lapack<T>::potri(lower ? "U" : "L", &n, a, &lda, &info, 1);
  valid("potri", info);
  if (info > 0) throw NumericalError("ERR_SINGULAR", "the factor is singular: its diagonal element " + std::to_string(info - 1) + " is zero");
  mirrorTriangle(lower, n, a, lda);
}

template <typename T> void geqrf(int m, int n, T* a, int lda, T* tau) {
  if (m == 0 || n == 0) return;
  requireFinite("a", m, n, a, lda);
  const int query = -1;
  int info = 0;
  T size = 0;
  Lapack<T>::gelqf(&n, &m, a, &lda, tau, &size, &query, &info);
  valid("geqrf", info);
  const int work = lwork<T>(size, n);
  Workspace scratch;
  Lapack<T>::gelqf(&n, &m, a, &lda, tau, scratch.take<T>(work), &work, &info);
  valid("geqrf", info);
}

template <typename T> void orgqr(int m, int n, int k, T* a, int lda, const T* tau) {
  if (m == 0 || n == 0) return;
  const int query = -1;
  int info = 0;
  T size = 0;
  Lapack<T>::orglq(&n, &m, &k, a, &lda, tau, &size, &query, &info);
  valid("orgqr", info);
  const int work = lwork<T>(size, n);
  Workspace scratch;
  Lapack<T>::orglq(&n, &m, &k, a, &lda, tau, scratch.take<T>(work), &work, &info);
  valid("orgqr", info);
}

template <typename T> void gesdd(SvdJob job, int m, int n, T* a, int lda, T* s, T* u, int ldu, T* vt, int ldvt) {
  if (m == 0 || n == 0) return;
  requireFinite("a", m, n, a, lda);
  const char* jobz = job == SvdJob::Values ? "N" : job == SvdJob::Thin ? "S" : "A";
  const int query = -1;
  int info = 0;
  T size = 0;
  Workspace scratch;
  int* iwork = scratch.take<int>(8 * static_cast<int64_t>(std::min(m, n)));
  Lapack<T>::gesdd(jobz, &n, &m, a, &lda, s, vt, &ldvt, u, &ldu, &size, &query, iwork, &info, 1);
  valid("gesdd", info);
  const int work = lwork<T>(size);
  Lapack<T>::gesdd(jobz, &n, &m, a, &lda, s, vt, &ldvt, u, &ldu, scratch.take<T>(work), &work, iwork, &info, 1);
  valid("gesdd", info);
  if (info > 0) throw NumericalError("ERR_NO_CONVERGENCE", "the singular values did not converge (info " + std::to_string(info) + ")");
}

#define LAYERWISE_INSTANTIATE(T)                                                          \
  template void requireFinite<T>(const char*, int, int, const T*, int);                   \
  template void requireFiniteTriangle<T>(const char*, bool, int, const T*, int);          \
  template void transposeInPlace<T>(int, T*, int);                                        \
  template void mirrorTriangle<T>(bool, int, T*, int);                                    \
  template void syevd<T>(bool, int, T*, int, T*);                                         \
  template void potrf<T>(bool, int, T*, int);                                             \
  template void potrs<T>(bool, int, int, const T*, int, T*, int);                         \
  template void potri<T>(bool, int, T*, int);                                             \
  template void geqrf<T>(int, int, T*, int, T*);                                          \
  template void orgqr<T>(int, int, int, T*, int, const T*);                               \
  template void gesdd<T>(SvdJob, int, int, T*, int, T*, T*, int, T*, int);
LAYERWISE_INSTANTIATE(double)
LAYERWISE_INSTANTIATE(float)
#undef LAYERWISE_INSTANTIATE

}  // namespace layerwise
