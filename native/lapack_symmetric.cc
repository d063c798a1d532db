// Symmetric matrices: eigenproblems and Cholesky.
#include "blas.h"
#include "lapack_detail.h"

namespace layerwise {
namespace {

/// Brings the symmetric matrix in the lower triangle of a to ordinary size; returns the factor. LAPACK scales tiny and
/// huge matrices itself, but only to the edge of a range within which its methods are not accurate everywhere.
template <typename T> T moderate(int n, T* a, int lda) {
  const T high = std::ldexp(T(1), std::numeric_limits<T>::max_exponent / 4), low = 1 / high;
  int large = 0, seen = 0;
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = 0; j <= i; ++j) {
      const T x = std::abs(a[i * lda + j]);
      large |= x >= high;
      seen |= x > low;
    }
  if (seen && !large) return 1;
  mirrorTriangle(true, n, a, lda);
  const T scale = moderation(n, n, a, lda);
  scaleMatrix(n, n, a, lda, scale);
  return scale;
}

template <typename T> void unscale(int count, T* w, T scale) {
  if (scale != 1)
    for (int i = 0; i < count; ++i) w[i] /= scale;
}

/// Whether the rows of Z are orthonormal to working precision.
template <typename T> bool orthonormal(int count, int n, const T* z, int ldz) {
  Workspace scratch;
  T* gram = scratch.take<T>(static_cast<int64_t>(count) * count);
  syrk<T>(false, count, n, 1, z, ldz, 0, gram, std::max(count, 1));
  const T limit = 10 * n * std::numeric_limits<T>::epsilon();
  for (int64_t i = 0; i < count; ++i)
    for (int64_t j = 0; j <= i; ++j)
      if (!(std::abs(gram[i * count + j] - (i == j)) <= limit)) return false;
  return true;
}

}  // namespace

template <typename T> void syevd(bool vectors, int n, T* a, int lda, T* w) {
  if (n == 0) return;
  requireFiniteTriangle("a", true, n, a, lda);
  const char* job = vectors ? "V" : "N";
  const int query = -1;
  int info = 0, iquery = 0;
  T size = 0;
  const int64_t order = n;
  const int64_t least = vectors ? 1 + 6 * order + 2 * order * order : 2 * order + 1;
  lwork<T>(0, least);
  Lapack<T>::syevd(job, "U", &n, a, &lda, w, &size, &query, &iquery, &query, &info, 1, 1);
  valid("syevd", info);
  const int work = lwork<T>(size, least);
  const int iwork = vectors ? 3 + 5 * n : 1;
  const T scale = moderate(n, a, lda);
  Workspace scratch;
  Lapack<T>::syevd(job, "U", &n, a, &lda, w, scratch.take<T>(work), &work, scratch.take<int>(iwork), &iwork, &info, 1, 1);
  valid("syevd", info);
  if (info > 0) throw NumericalError("ERR_NO_CONVERGENCE", "the eigenvalues did not converge (info " + std::to_string(info) + ")");
  unscale(n, w, scale);
}

template <typename T> int syevr(const EigenRange<T>& range, int n, T* a, int lda, T* w, T* z, int ldz) {
  if (n == 0) return 0;
  if (range.kind == EigenRange<T>::Index && range.first >= range.end) return 0;
  if (range.kind == EigenRange<T>::Value && !(range.low < range.high)) return 0;
  requireFiniteTriangle("a", true, n, a, lda);
  const char* job = z ? "V" : "N";
  const char* kind = range.kind == EigenRange<T>::All ? "A" : range.kind == EigenRange<T>::Index ? "I" : "V";
  const int first = range.first + 1, query = -1, ldzz = std::max(z ? ldz : 1, 1);
  const T accurate = 0;  // the default tolerance
  const T scale = moderate(n, a, lda);
  const T limit = std::numeric_limits<T>::max();
  const T low = std::clamp(range.low * scale, -limit, limit), high = std::clamp(range.high * scale, -limit, limit);
  int count = 0, info = 0, iquery = 0;
  T size = 0;
  Workspace scratch;
  T* copy = nullptr;
  if (z) {
    copy = scratch.take<T>(static_cast<int64_t>(n) * n);
    copyMatrix(n, n, a, lda, copy, n);
  }
  int* support = scratch.take<int>(2 * static_cast<int64_t>(n));
  Lapack<T>::syevr(job, kind, "U", &n, a, &lda, &low, &high, &first, &range.end, &accurate, &count, w, z, &ldzz, support, &size, &query, &iquery, &query, &info, 1, 1, 1);
  valid("syevr", info);
  const int work = lwork<T>(size, 26 * static_cast<int64_t>(n)), iwork = std::max(iquery, 10 * n);
  Lapack<T>::syevr(job, kind, "U", &n, a, &lda, &low, &high, &first, &range.end, &accurate, &count, w, z, &ldzz, support, scratch.take<T>(work), &work, scratch.take<int>(iwork), &iwork, &info, 1, 1, 1);
  valid("syevr", info);
  if (z && (info > 0 || !orthonormal(count, n, z, ldz))) {
    // Inverse iteration may fail within tight clusters; dividing does not.
    syevd(true, n, copy, n, w);
    const bool value = range.kind == EigenRange<T>::Value;
    const int from = value ? static_cast<int>(std::upper_bound(w, w + n, low) - w) : range.kind == EigenRange<T>::Index ? range.first : 0;
    const int to = value ? static_cast<int>(std::upper_bound(w, w + n, high) - w) : range.kind == EigenRange<T>::Index ? range.end : n;
    count = to - from;
    std::copy(w + from, w + to, w);
    copyMatrix(count, n, copy + static_cast<int64_t>(from) * n, n, z, ldz);
  } else if (info > 0) {
    throw NumericalError("ERR_NO_CONVERGENCE", "the eigenvalues did not converge (info " + std::to_string(info) + ")");
  }
  unscale(count, w, scale);
  return count;
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
  template void syevd<T>(bool, int, T*, int, T*);                                \
  template int syevr<T>(const EigenRange<T>&, int, T*, int, T*, T*, int);        \
  template void potrf<T>(bool, int, T*, int);                                    \
  template void potrs<T>(bool, int, int, const T*, int, T*, int);                \
  template void potri<T>(bool, int, T*, int);                                    \
  template T pocon<T>(bool, int, const T*, int, T);
LAYERWISE_INSTANTIATE(double)
LAYERWISE_INSTANTIATE(float)
#undef LAYERWISE_INSTANTIATE

}  // namespace layerwise
