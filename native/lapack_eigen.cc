// Symmetric eigenproblems.
#include <algorithm>

#include "blas.h"
#include "lapack_detail.h"
#include "tridiagonal.h"

namespace layerwise {
namespace {

/// Brings the symmetric matrix in the lower triangle of a to ordinary size; returns the exponent of the factor. LAPACK scales tiny and
/// huge matrices itself, but only to the edge of a range within which its methods are not accurate everywhere.
template <typename T> int moderate(int n, T* a, int lda) {
  const T high = std::ldexp(T(1), std::numeric_limits<T>::max_exponent / 4), low = 1 / high;
  int large = 0, seen = 0;
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = 0; j <= i; ++j) {
      const T x = std::abs(a[i * lda + j]);
      large |= x >= high;
      seen |= x > low;
    }
  if (seen && !large) return 0;
  mirrorTriangle(true, n, a, lda);
  const int exponent = moderation(n, n, a, lda);
  shift(n, n, a, lda, exponent);
  return exponent;
}

/// Undoes it for the eigenvalues.
template <typename T> void restore(int count, T* w, int exponent) {
  if (exponent == 0) return;
  shift(1, count, w, count, -exponent);
  requireRepresentable("an eigenvalue", count, 1, w, 1);
}

[[noreturn]] inline void notConverged(int info) {
  throw NumericalError("ERR_NO_CONVERGENCE", "the eigenvalues did not converge (info " + std::to_string(info) + ")");
}

/// A, in the upper triangle, becomes Q·T·Qᵀ: T tridiagonal in d and e, and Q = H₀·H₁·…, Hᵢ = I − τᵢ·vᵢ·vᵢᵀ, where vᵢ is 0 up to i, then 1,
/// then what row i of the upper triangle holds.
template <typename T> void sytrd(int n, T* a, int lda, T* d, T* e, T* tau) {
  const int query = -1;
  int info = 0;
  T size = 0;
  Lapack<T>::sytrd("L", &n, a, &lda, d, e, tau, &size, &query, &info, 1);
  valid("sytrd", info);
  const int work = lwork<T>(size);
  Workspace scratch;
  Lapack<T>::sytrd("L", &n, a, &lda, d, e, tau, scratch.take<T>(work), &work, &info, 1);
  valid("sytrd", info);
}

/// The rows z of Z (n×n) become (Q·zᵀ)ᵀ, Q from sytrd, in blocks of reflectors: I − V·S⁻¹·Vᵀ with S = diag(1/τ) + the part of VᵀV
/// above its diagonal (Puglisi 1992). LAPACK's ormtr takes blocks of 32, and subtracts the transposed product element by element.
template <typename T> void backTransform(int n, const T* a, int lda, const T* tau, T* z, int ldz) {
  constexpr int kBlock = 48;
  if (n < 2) return;
  Workspace scratch;
  T* v = scratch.take<T>(static_cast<int64_t>(kBlock) * n);
  T* sv = scratch.take<T>(static_cast<int64_t>(kBlock) * n);
  T* w = scratch.take<T>(static_cast<int64_t>(kBlock) * n);
  T s[kBlock * kBlock];
  for (int first = (n - 2) / kBlock * kBlock; first >= 0; first -= kBlock) {
    const int count = std::min(kBlock, n - 1 - first), m = n - 1 - first;  // vectors from column first + 1 on
    for (int64_t i = 0; i < count; ++i) {
      T* row = v + i * m;
      std::fill_n(row, m, T(0));
      if (tau[first + i] == 0) continue;
      row[i] = 1;
      std::copy(a + (first + i) * lda + first + i + 2, a + (first + i) * lda + n, row + i + 1);
    }
    Blas<T>::syrk(CblasRowMajor, CblasUpper, CblasNoTrans, count, m, 1, v, m, 0, s, kBlock);
    for (int i = 0; i < count; ++i) {
      s[i * (kBlock + 1)] = tau[first + i] == 0 ? T(1) : 1 / tau[first + i];
      std::fill_n(s + i * kBlock, i, T(0));
    }
    trtri(false, false, count, s, kBlock);
    gemm<T>(false, false, count, m, count, 1, s, kBlock, v, m, 0, sv, m);
    T* columns = z + first + 1;
    gemm<T>(false, true, n, count, m, 1, columns, ldz, sv, m, 0, w, count);
    gemm<T>(false, false, n, m, count, -1, w, count, v, m, 1, columns, ldz);
  }
}

/// Whether the rows of Z are orthonormal to working precision: ‖ZZᵀ − I‖₁ within two thirds of LAPACK's own threshold.
template <typename T> bool orthonormal(int count, int n, const T* z, int ldz) {
  Workspace scratch;
  T* gram = scratch.take<T>(static_cast<int64_t>(count) * count);
  syrk<T>(false, count, n, 1, z, ldz, 0, gram, std::max(count, 1));
  const double limit = 10.0 * n * static_cast<double>(std::numeric_limits<T>::epsilon());
  for (int64_t i = 0; i < count; ++i) {
    double sum = 0;
    for (int64_t j = 0; j < count; ++j) sum += std::abs(static_cast<double>(gram[i * count + j]) - (i == j));
    if (!(sum <= limit)) return false;
  }
  return true;
}

}  // namespace

template <typename T> void syevd(bool vectors, int n, T* a, int lda, T* w) {
  if (n == 0) return;
  requireFiniteTriangle("a", true, n, a, lda);
  lwork<T>(0, 1 + 6 * static_cast<int64_t>(n) + 2 * static_cast<int64_t>(n) * n);
  const int exponent = moderate(n, a, lda);
  Workspace scratch;
  if (vectors) {
    T *d = scratch.take<T>(n), *e = scratch.take<T>(n), *tau = scratch.take<T>(n), *z = scratch.take<T>(static_cast<int64_t>(n) * n);
    int* order = scratch.take<int>(n);
    mirrorLower(n, a, lda);
    sytrd(n, a, lda, d, e, tau);
    tridiagonalEigen(n, d, e, w, z, n, order);
    backTransform(n, a, lda, tau, z, n);
    for (int64_t i = 0; i < n; ++i) std::copy_n(z + static_cast<int64_t>(order[i]) * n, n, a + i * lda);
  } else {
    // By implicit QL: LAPACK's root-free variant (sterf) loses half of the digits where the diagonal is tiny beside its neighbours.
    int info = 0;
    const int one = 1;
    T *e = scratch.take<T>(n), *tau = scratch.take<T>(n), unused = 0;
    mirrorLower(n, a, lda);
    sytrd(n, a, lda, w, e, tau);
    Lapack<T>::steqr("N", &n, w, e, &unused, &one, &unused, &info, 1);
    if (info > 0) notConverged(info);
  }
  restore(n, w, exponent);
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
  const int exponent = moderate(n, a, lda);
  const T limit = std::numeric_limits<T>::max();
  const T low = std::clamp(std::ldexp(range.low, exponent), -limit, limit), high = std::clamp(std::ldexp(range.high, exponent), -limit, limit);
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
    // Its eigenvectors may lose their orthogonality, within tight clusters and elsewhere; those by dividing do not.
    syevd(true, n, copy, n, w);
    const bool value = range.kind == EigenRange<T>::Value;
    const int from = value ? static_cast<int>(std::upper_bound(w, w + n, low) - w) : range.kind == EigenRange<T>::Index ? range.first : 0;
    const int to = value ? static_cast<int>(std::upper_bound(w, w + n, high) - w) : range.kind == EigenRange<T>::Index ? range.end : n;
    count = to - from;
    std::copy(w + from, w + to, w);
    copyMatrix(count, n, copy + static_cast<int64_t>(from) * n, n, z, ldz);
  } else if (info > 0) {
    notConverged(info);
  }
  restore(count, w, exponent);
  return count;
}

#define LAYERWISE_INSTANTIATE(T)                                                 \
  template void syevd<T>(bool, int, T*, int, T*);                                \
  template int syevr<T>(const EigenRange<T>&, int, T*, int, T*, T*, int);
LAYERWISE_INSTANTIATE(double)
LAYERWISE_INSTANTIATE(float)
#undef LAYERWISE_INSTANTIATE

}  // namespace layerwise
