// Symmetric eigenproblems.
#include <algorithm>
#include <utility>

#include "blas.h"
#include "lapack_detail.h"
#include "tridiagonal.h"
#include "tridiagonalize.h"

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

/// The rows z of Z (rows×n) become (Q·zᵀ)ᵀ, Q from tridiagonalize, in blocks of reflectors: I − V·S⁻¹·Vᵀ with S = diag(1/τ) + the part of VᵀV
/// above its diagonal (Puglisi 1992). LAPACK's ormtr takes blocks of 32, and subtracts the transposed product element by element.
template <typename T> void backTransform(int rows, int n, const T* a, int lda, const T* tau, T* z, int ldz) {
  constexpr int kBlock = 48;
  if (n < 2) return;
  Workspace scratch;
  T* v = scratch.take<T>(static_cast<int64_t>(kBlock) * n);
  T* sv = scratch.take<T>(static_cast<int64_t>(kBlock) * n);
  T* w = scratch.take<T>(static_cast<int64_t>(kBlock) * rows);
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
    syrk<T>(false, count, m, 1, v, m, 0, s, kBlock);
    for (int i = 0; i < count; ++i) {
      s[i * (kBlock + 1)] = tau[first + i] == 0 ? T(1) : 1 / tau[first + i];
      std::fill_n(s + i * kBlock, i, T(0));
    }
    trtri(false, false, count, s, kBlock);
    gemm<T>(false, false, count, m, count, 1, s, kBlock, v, m, 0, sv, m);
    T* columns = z + first + 1;
    gemm<T>(false, true, rows, count, m, 1, columns, ldz, sv, m, 0, w, count);
    gemm<T>(false, false, rows, m, count, -1, w, count, v, m, 1, columns, ldz);
  }
}

/// All eigenvalues, ascending, into w, and of the eigenvectors those of the numbers [first, end) that `choose` gives for w, into the rows
/// of z, which may be a; a is lost. Returns the exponent that w is still to be multiplied by 2^− of.
template <typename T, typename Choose> int eigenvectors(int n, T* a, int lda, T* w, T* z, int ldz, const Choose& choose) {
  lwork<T>(0, 1 + 6 * static_cast<int64_t>(n) + 2 * static_cast<int64_t>(n) * n);
  const int exponent = moderate(n, a, lda);
  Workspace scratch;
  T *d = scratch.take<T>(n), *e = scratch.take<T>(n), *tau = scratch.take<T>(n), *q = scratch.take<T>(static_cast<int64_t>(n) * n);
  int* order = scratch.take<int>(n);
  mirrorLower(n, a, lda);
  tridiagonalize(n, a, lda, d, e, tau);
  tridiagonalEigen(n, d, e, w, q, n, order);
  const auto [first, end] = choose(w, exponent);
  const int count = end - first;
  if (count == n) {
    backTransform(n, n, a, lda, tau, q, n);
    for (int64_t i = 0; i < n; ++i) std::copy_n(q + static_cast<int64_t>(order[i]) * n, n, z + i * ldz);
  } else if (count > 0) {
    T* chosen = scratch.take<T>(static_cast<int64_t>(count) * n);
    for (int64_t i = 0; i < count; ++i) std::copy_n(q + static_cast<int64_t>(order[first + i]) * n, n, chosen + i * n);
    backTransform(count, n, a, lda, tau, chosen, n);
    copyMatrix(count, n, chosen, n, z, ldz);
  }
  return exponent;
}

/// All eigenvalues alone, by implicit QL: LAPACK's root-free variant (sterf) loses half of the digits where the diagonal is tiny beside its
/// neighbours.
template <typename T> int eigenvalues(int n, T* a, int lda, T* w) {
  const int exponent = moderate(n, a, lda);
  int info = 0;
  const int one = 1;
  Workspace scratch;
  T *e = scratch.take<T>(n), *tau = scratch.take<T>(n), unused = 0;
  mirrorLower(n, a, lda);
  tridiagonalize(n, a, lda, w, e, tau);
  Lapack<T>::steqr("N", &n, w, e, &unused, &one, &unused, &info, 1);
  if (info > 0) throw NumericalError("ERR_NO_CONVERGENCE", "the eigenvalues did not converge (info " + std::to_string(info) + ")");
  return exponent;
}

}  // namespace

template <typename T> void syevd(bool vectors, int n, T* a, int lda, T* w) {
  if (n == 0) return;
  requireFiniteTriangle("a", true, n, a, lda);
  restore(n, w, vectors ? eigenvectors(n, a, lda, w, a, lda, [n](const T*, int) { return std::pair(0, n); }) : eigenvalues(n, a, lda, w));
}

// LAPACK's syevr is not used: its eigenvectors can lose their orthogonality, and on some graded matrices it does not return.
template <typename T> int syevr(const EigenRange<T>& range, int n, T* a, int lda, T* w, T* z, int ldz) {
  if (n == 0) return 0;
  if (range.kind == EigenRange<T>::Index && range.first >= range.end) return 0;
  if (range.kind == EigenRange<T>::Value && !(range.low < range.high)) return 0;
  requireFiniteTriangle("a", true, n, a, lda);
  int first = 0, end = n;
  const auto choose = [&](const T* all, int exponent) {
    // Compared as they will be returned: a bound may have no equal in the units of `all`.
    const auto upTo = [=](T bound) {
      return static_cast<int>(std::upper_bound(all, all + n, bound, [=](T limit, T value) { return limit < std::ldexp(value, -exponent); }) - all);
    };
    if (range.kind == EigenRange<T>::Index) first = range.first, end = range.end;
    if (range.kind == EigenRange<T>::Value) first = upTo(range.low), end = upTo(range.high);
    return std::pair(first, end);
  };
  int exponent;
  if (z) exponent = eigenvectors(n, a, lda, w, z, ldz, choose);
  else choose(w, exponent = eigenvalues(n, a, lda, w));
  std::copy(w + first, w + end, w);
  restore(end - first, w, exponent);
  return end - first;
}

#define LAYERWISE_INSTANTIATE(T)                                                 \
  template void syevd<T>(bool, int, T*, int, T*);                                \
  template int syevr<T>(const EigenRange<T>&, int, T*, int, T*, T*, int);
LAYERWISE_INSTANTIATE(double)
LAYERWISE_INSTANTIATE(float)
#undef LAYERWISE_INSTANTIATE

}  // namespace layerwise
