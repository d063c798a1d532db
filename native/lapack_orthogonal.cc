// Orthogonal factorisations of general matrices: QR, SVD, least squares.
#include "lapack_detail.h"

namespace layerwise {
namespace {

/// geqrf of a column-major m×n matrix.
template <typename T> void factorColumns(int m, int n, T* columns, T* tau) {
  const int query = -1;
  int info = 0;
  T size = 0;
  Lapack<T>::geqrf(&m, &n, columns, &m, tau, &size, &query, &info);
  valid("geqrf", info);
  const int work = lwork<T>(size, n);
  Workspace scratch;
  Lapack<T>::geqrf(&m, &n, columns, &m, tau, scratch.take<T>(work), &work, &info);
  valid("geqrf", info);
}

/// The same of a matrix of any size: reflectors and scalars do not depend on the lengths of columns, and R is multiplied by what the
/// columns are divided by.
template <typename T> void factorModerated(int m, int n, T* columns, T* tau) {
  Workspace scratch;
  int* exponents = scratch.take<int>(n);
  for (int64_t j = 0; j < n; ++j) {
    exponents[j] = moderation(1, m, columns + j * m, m);
    shift(1, m, columns + j * m, m, exponents[j]);
  }
  factorColumns(m, n, columns, tau);
  for (int64_t j = 0; j < n; ++j) {
    if (exponents[j] == 0) continue;
    const int above = static_cast<int>(std::min<int64_t>(j + 1, m));
    shift(1, above, columns + j * m, m, -exponents[j]);
    requireRepresentable("R", above, 1, columns + j * m, 1);
  }
}

/// orgqr of a column-major m×n matrix.
template <typename T> void formColumns(int m, int n, int k, T* columns, const T* tau) {
  const int query = -1;
  int info = 0;
  T size = 0;
  Lapack<T>::orgqr(&m, &n, &k, columns, &m, tau, &size, &query, &info);
  valid("orgqr", info);
  const int work = lwork<T>(size, n);
  Workspace scratch;
  Lapack<T>::orgqr(&m, &n, &k, columns, &m, tau, scratch.take<T>(work), &work, &info);
  valid("orgqr", info);
}

/// Singular values of the matrix before it was shifted.
template <typename T> void restore(int count, T* s, int exponent) {
  shift(1, count, s, count, -exponent);
  requireRepresentable("a singular value", count, 1, s, 1);
}

}  // namespace

// LQ of the transpose would need no copies, and take 1.2 (square) to 1.8 times (tall) as long.

template <typename T> void geqrf(int m, int n, T* a, int lda, T* tau) {
  if (m == 0 || n == 0) return;
  requireFinite("a", m, n, a, lda);
  Workspace scratch;
  T* columns = scratch.take<T>(static_cast<int64_t>(m) * n);
  transpose(m, n, a, lda, columns, m);
  factorModerated(m, n, columns, tau);
  transpose(n, m, columns, m, a, lda);
}

template <typename T> void orgqr(int m, int n, int k, T* a, int lda, const T* tau) {
  if (m == 0 || n == 0) return;
  Workspace scratch;
  T* columns = scratch.take<T>(static_cast<int64_t>(m) * n);
  transpose(m, n, a, lda, columns, m);
  formColumns(m, n, k, columns, tau);
  transpose(n, m, columns, m, a, lda);
}

template <typename T> void ormqr(bool left, bool trans, int m, int n, int k, const T* a, int lda, const T* tau, T* c, int ldc) {
  if (m == 0 || n == 0 || k == 0) return;
  // Seen by columns, C is Cᵀ and the reflectors are rows: Q·C becomes Cᵀ·Qᵀ, and that Qᵀ is gelqf's Q.
  const char* side = left ? "R" : "L";
  const char* op = trans ? "T" : "N";
  const int query = -1;
  int info = 0;
  T size = 0;
  // ormlq takes a k×order matrix by columns; only its ld depends on our layout.
  Lapack<T>::ormlq(side, op, &n, &m, &k, a, &lda, tau, c, &ldc, &size, &query, &info, 1, 1);
  valid("ormqr", info);
  const int work = lwork<T>(size, std::max(m, n));
  Workspace scratch;
  Lapack<T>::ormlq(side, op, &n, &m, &k, a, &lda, tau, c, &ldc, scratch.take<T>(work), &work, &info, 1, 1);
  valid("ormqr", info);
}

template <typename T> void qr(int m, int n, const T* a, int lda, T* q, int ldq, T* r, int ldr) {
  const int k = std::min(m, n);
  if (k == 0) return;
  requireFinite("a", m, n, a, lda);
  Workspace scratch;
  T* columns = scratch.take<T>(static_cast<int64_t>(m) * n);
  T* tau = scratch.take<T>(k);
  transpose(m, n, a, lda, columns, m);
  factorModerated(m, n, columns, tau);
  for (int64_t i = 0; i < k; ++i) {
    std::fill_n(r + i * ldr, std::min<int64_t>(i, n), T(0));
    for (int64_t j = i; j < n; ++j) r[i * ldr + j] = columns[j * m + i];
  }
  formColumns(m, k, k, columns, tau);
  transpose(k, m, columns, m, q, ldq);
}

template <typename T> void gesdd(SvdJob job, int m, int n, T* a, int lda, T* s, T* u, int ldu, T* vt, int ldvt) {
  if (m == 0 || n == 0) {
    const auto identity = [](int order, T* x, int ld) {
      for (int64_t i = 0; i < order; ++i)
        for (int64_t j = 0; j < order; ++j) x[i * ld + j] = i == j;
    };
    if (job == SvdJob::Full) identity(m, u, ldu), identity(n, vt, ldvt);
    return;
  }
  requireFinite("a", m, n, a, lda);
  const char* jobz = job == SvdJob::Values ? "N" : job == SvdJob::Thin ? "S" : "A";
  const int query = -1;
  int info = 0;
  T size = 0;
  Workspace scratch;
  const int k = std::min(m, n), exponent = moderation(m, n, a, lda);
  shift(m, n, a, lda, exponent);
  int* iwork = scratch.take<int>(8 * static_cast<int64_t>(k));
  Lapack<T>::gesdd(jobz, &n, &m, a, &lda, s, vt, &ldvt, u, &ldu, &size, &query, iwork, &info, 1);
  valid("gesdd", info);
  const int work = lwork<T>(size);
  Lapack<T>::gesdd(jobz, &n, &m, a, &lda, s, vt, &ldvt, u, &ldu, scratch.take<T>(work), &work, iwork, &info, 1);
  valid("gesdd", info);
  if (info > 0) throw NumericalError("ERR_NO_CONVERGENCE", "the singular values did not converge (info " + std::to_string(info) + ")");
  restore(k, s, exponent);
}

template <typename T> int gelsd(int m, int n, int nrhs, const T* a, int lda, const T* b, int ldb, T* x, int ldx, T* s, T rcond) {
  if (m == 0 || n == 0 || nrhs == 0) {
    for (int64_t i = 0; i < n; ++i) std::fill_n(x + i * ldx, nrhs, T(0));
    if (m == 0 || n == 0) return 0;
  }
  requireFinite("a", m, n, a, lda);
  requireFinite("b", m, nrhs, b, ldb);
  // LAPACK's own lalsd refuses to have no right-hand side: one of zeros then gives the singular values and the rank.
  const int rows = std::max(m, n), columnsOfB = std::max(nrhs, 1), query = -1;
  Workspace scratch;
  T* columns = scratch.take<T>(static_cast<int64_t>(m) * n);
  T* rhs = scratch.take<T>(static_cast<int64_t>(rows) * columnsOfB);
  if (nrhs == 0) std::fill_n(rhs, rows, T(0));
  transpose(m, n, a, lda, columns, m);
  transpose(m, nrhs, b, ldb, rhs, rows);
  const int exponent = moderation(n, m, columns, m);
  shift(n, m, columns, m, exponent);
  int* exponents = scratch.take<int>(nrhs);
  for (int64_t j = 0; j < nrhs; ++j) {
    exponents[j] = moderation(1, m, rhs + j * rows, rows);
    shift(1, m, rhs + j * rows, rows, exponents[j]);
  }
  int info = 0, rank = 0, iquery = 0;
  T size = 0;
  Lapack<T>::gelsd(&m, &n, &columnsOfB, columns, &m, rhs, &rows, s, &rcond, &rank, &size, &query, &iquery, &info);
  valid("gelsd", info);
  const int work = lwork<T>(size);
  Lapack<T>::gelsd(&m, &n, &columnsOfB, columns, &m, rhs, &rows, s, &rcond, &rank, scratch.take<T>(work), &work, scratch.take<int>(std::max(iquery, 1)), &info);
  valid("gelsd", info);
  if (info > 0) throw NumericalError("ERR_NO_CONVERGENCE", "the singular values did not converge (info " + std::to_string(info) + ")");
  restore(std::min(m, n), s, exponent);
  for (int64_t j = 0; j < nrhs; ++j) {
    shift(1, n, rhs + j * rows, rows, exponent - exponents[j]);
    requireRepresentable("the solution", n, 1, rhs + j * rows, 1);
  }
  transpose(nrhs, n, rhs, rows, x, ldx);
  return rank;
}

#define LAYERWISE_INSTANTIATE(T)                                                                       \
  template void geqrf<T>(int, int, T*, int, T*);                                                       \
  template void orgqr<T>(int, int, int, T*, int, const T*);                                            \
  template void ormqr<T>(bool, bool, int, int, int, const T*, int, const T*, T*, int);                 \
  template void qr<T>(int, int, const T*, int, T*, int, T*, int);                                      \
  template void gesdd<T>(SvdJob, int, int, T*, int, T*, T*, int, T*, int);                             \
  template int gelsd<T>(int, int, int, const T*, int, const T*, int, T*, int, T*, T);
LAYERWISE_INSTANTIATE(double)
LAYERWISE_INSTANTIATE(float)
#undef LAYERWISE_INSTANTIATE

}  // namespace layerwise
