// Symmetric positive definite matrices: Cholesky.
#include "blas.h"
#include "lapack_detail.h"

namespace layerwise {
namespace {

/// Calls f(i, j, element) on one triangle.
template <typename T, typename F> void overTriangle(bool lower, int n, T* a, int lda, const F& f) {
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = lower ? 0 : i; j < (lower ? i + 1 : n); ++j) f(i, j, a[i * lda + j]);
}

/// Exponents d such that the rows of L, or the columns of U, are of ordinary size when multiplied by 2^d. False when they are already.
template <typename T> bool moderateFactor(bool lower, int n, const T* factor, int ldf, int* d) {
  Workspace scratch;
  T* largest = scratch.take<T>(n);
  std::fill_n(largest, n, T(0));
  overTriangle(lower, n, factor, ldf, [&](int64_t i, int64_t j, T x) {
    T& at = largest[lower ? i : j];
    at = std::max(at, std::abs(x));
  });
  for (int i = 0; i < n; ++i) d[i] = normalization(largest[i]);
  return std::any_of(d, d + n, [](int e) { return e != 0; });
}

/// C ← C ± A·Aᵀ in one triangle of C, A n×k. The other is left alone.
template <typename T> void updateTriangle(bool lower, int n, int k, T sign, Strided<T> a, T* c, ptrdiff_t ldc) {
  const Strided<T> at{a.data, a.col, a.row};
  if (n <= kTriangle) {
    T whole[kTriangle * kTriangle];
    multiply<T>({Part::Whole, n, n, k, sign, a, at, T(0), whole, n});
    for (int i = 0; i < n; ++i)
      for (int j = lower ? 0 : i; j < (lower ? i + 1 : n); ++j) c[i * ldc + j] += whole[i * n + j];
    return;
  }
  const int h = half(n);
  const Strided<T> below{a.data + h * a.row, a.row, a.col}, atBelow{below.data, a.col, a.row};
  updateTriangle(lower, h, k, sign, a, c, ldc);
  if (lower) multiply<T>({Part::Whole, n - h, h, k, sign, below, at, T(1), c + h * ldc, ldc});
  else multiply<T>({Part::Whole, h, n - h, k, sign, a, atBelow, T(1), c + h, ldc});
  updateTriangle(lower, n - h, k, sign, below, c + h * (ldc + 1), ldc);
}

/// potrf by halves; returns its info.
template <typename T> int factorize(bool lower, int n, T* a, int lda) {
  if (n <= kTriangle || !multiplies(n, n, n)) {
    int info = 0;
    Lapack<T>::potrf(lower ? "U" : "L", &n, a, &lda, &info, 1);
    valid("potrf", info);
    return info;
  }
  const int h = half(n), m = n - h;
  T *off = lower ? a + static_cast<int64_t>(h) * lda : a + h, *rest = a + h * (static_cast<int64_t>(lda) + 1);
  if (const int info = factorize(lower, h, a, lda)) return info;
  if (lower) solveTriangular<T>({false, false, false, m, h, operand(true, a, lda), off, lda});
  else solveTriangular<T>({true, true, false, h, m, operand(true, a, lda), off, lda});
  updateTriangle(lower, m, h, T(-1), operand(!lower, off, lda), rest, lda);
  const int info = factorize(lower, m, rest, lda);
  return info > 0 ? h + info : 0;
}

/// L⁻¹ in the place of L, by halves.
template <typename T> void invertLower(int n, T* l, int ld) {
  if (n <= kTriangle) {
    Workspace scratch;
    T* inverse = scratch.take<T>(n * n);
    std::fill_n(inverse, n * n, T(0));
    for (int i = 0; i < n; ++i) inverse[i * (n + 1)] = 1;
    solveTriangular<T>({true, true, false, n, n, operand(false, l, ld), inverse, n});
    return copyMatrix(n, n, inverse, n, l, ld);
  }
  const int h = half(n), m = n - h;
  T *off = l + static_cast<int64_t>(h) * ld, *rest = off + h;
  solveTriangular<T>({true, true, false, m, h, operand(false, rest, ld), off, ld});
  solveTriangular<T>({false, true, false, m, h, operand(false, l, ld), off, ld});
  scaleBy(T(-1), m, h, off, ld);
  invertLower(h, l, ld);
  invertLower(m, rest, ld);
}

/// Of LᵀL, in the place of L, the lower triangle; above its diagonal L has zeros.
template <typename T> void squareLower(int n, T* l, int ld) {
  Workspace scratch;
  if (n <= kTriangle) {
    T* copy = scratch.take<T>(n * n);
    copyMatrix(n, n, l, ld, copy, n);
    return multiply<T>({Part::Whole, n, n, n, T(1), operand(true, copy, n), operand(false, copy, n), T(0), l, ld});
  }
  const int h = half(n), m = n - h;
  T *off = l + static_cast<int64_t>(h) * ld, *rest = off + h, *copy = scratch.take<T>(static_cast<int64_t>(m) * h);
  copyMatrix(m, h, off, ld, copy, h);
  squareLower(h, l, ld);
  updateTriangle(true, h, m, T(1), operand(true, copy, h), l, ld);
  multiply<T>({Part::Whole, m, h, m, T(1), operand(true, rest, ld), operand(false, copy, h), T(0), off, ld});
  squareLower(m, rest, ld);
}

}  // namespace

template <typename T> void potrf(bool lower, int n, T* a, int lda) {
  if (n == 0) return;
  requireFiniteTriangle("a", lower, n, a, lda);
  // With D = diag(2^d), the factor of D·A·D is that of A with its rows (columns of U) times D: exact, and no product leaves the range.
  Workspace scratch;
  int* d = scratch.take<int>(n);
  bool extreme = false;
  for (int64_t i = 0; i < n; ++i) {
    const T diagonal = a[i * lda + i];
    d[i] = diagonal > 0 ? normalization(diagonal) / 2 : 0;
    extreme |= d[i] != 0;
  }
  // Elements beyond 4 there belong to no positive definite matrix; cut off, they are found out as any are.
  const T limit = std::ldexp(T(1), std::numeric_limits<T>::max_exponent / 4);
  if (extreme) overTriangle(lower, n, a, lda, [&](int64_t i, int64_t j, T& x) { x = std::clamp(std::ldexp(x, d[i] + d[j]), -limit, limit); });
  int info = factorize(lower, n, a, lda);
  // OpenBLAS goes on where a pivot is NaN, after an overflow that in a positive definite matrix there is none of.
  for (int64_t i = 0; i < n && info == 0; ++i)
    if (!std::isfinite(a[i * lda + i])) info = static_cast<int>(i) + 1;
  if (info > 0) throw NumericalError("ERR_NOT_POSITIVE_DEFINITE", "leading minor of order " + std::to_string(info) + " is not positive definite");
  if (extreme) overTriangle(lower, n, a, lda, [&](int64_t i, int64_t j, T& x) { x = std::ldexp(x, -d[lower ? i : j]); });
}

template <typename T> void potrs(bool lower, int n, int nrhs, const T* factor, int ldf, T* b, int ldb) {
  if (n == 0 || nrhs == 0) return;
  Workspace scratch;
  int* d = scratch.take<int>(n);
  const bool extreme = moderateFactor(lower, n, factor, ldf, d);
  if (extreme) {
    T* moderate = scratch.take<T>(static_cast<int64_t>(n) * n);
    overTriangle(lower, n, factor, ldf, [&](int64_t i, int64_t j, T x) { moderate[i * n + j] = std::ldexp(x, d[lower ? i : j]); });
    factor = moderate, ldf = n;
  }
  const int* exponents = extreme ? d : nullptr;
  solveModerated("the solution", exponents, exponents, n, nrhs, b, ldb, [=](T* x, int ldx) {
    trsm(lower, !lower, false, n, nrhs, factor, ldf, x, ldx);
    trsm(lower, lower, false, n, nrhs, factor, ldf, x, ldx);
  });
}

template <typename T> void potri(bool lower, int n, T* a, int lda) {
  if (n == 0) return;
  requireFiniteTriangle("a", lower, n, a, lda);
  Workspace scratch;
  int* d = scratch.take<int>(n);
  const bool extreme = moderateFactor(lower, n, a, lda, d);
  for (int64_t i = 0; i < n; ++i)
    if (a[i * lda + i] == 0) throw NumericalError("ERR_SINGULAR", "diagonal element " + std::to_string(i) + " of the factor is zero");
  // From L, or L = Uᵀ.
  T* inverse = scratch.take<T>(static_cast<int64_t>(n) * n);
  std::fill_n(inverse, static_cast<int64_t>(n) * n, T(0));
  overTriangle(lower, n, a, lda, [&](int64_t i, int64_t j, T x) { inverse[std::max(i, j) * n + std::min(i, j)] = extreme ? std::ldexp(x, d[std::max(i, j)]) : x; });
  if (multiplies(n, n, n)) {
    invertLower(n, inverse, n);
    squareLower(n, inverse, n);
  } else {
    int info = 0;
    Lapack<T>::potri("U", &n, inverse, &n, &info, 1);
    valid("potri", info);
  }
  if (extreme) overTriangle(true, n, inverse, n, [&](int64_t i, int64_t j, T& x) { x = std::ldexp(x, d[i] + d[j]); });
  mirrorLower(n, inverse, n);
  requireRepresentable("the inverse", n, n, inverse, n);
  copyMatrix(n, n, inverse, n, a, lda);
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
