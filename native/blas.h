// BLAS for both precisions, row-major, as overloads; and what it lacks: results symmetric in both triangles.
#pragma once

#include <cblas.h>

#include <algorithm>
#include <cstdint>

#include "operands.h"
#include "product.h"
#include "triangular.h"
#include "workspace.h"

namespace layerwise {

/// cblas routines by precision: Blas<T>::gemm is cblas_dgemm or cblas_sgemm (under AddressSanitizer with a look at the operands).
template <typename T> struct CBlas;

#define LAYERWISE_BLAS_TABLE(T, p)                    \
  template <> struct CBlas<T> {                       \
    static constexpr auto axpy = cblas_##p##axpy;     \
    static constexpr auto dot = cblas_##p##dot;       \
    static constexpr auto nrm2 = cblas_##p##nrm2;     \
    static constexpr auto rot = cblas_##p##rot;       \
    static constexpr auto gemv = cblas_##p##gemv;     \
    static constexpr auto ger = cblas_##p##ger;       \
    static constexpr auto symv = cblas_##p##symv;     \
    static constexpr auto gemm = cblas_##p##gemm;     \
    static constexpr auto symm = cblas_##p##symm;     \
    static constexpr auto syrk = cblas_##p##syrk;     \
    static constexpr auto syr2k = cblas_##p##syr2k;   \
    static constexpr auto trmm = cblas_##p##trmm;     \
    static constexpr auto trsm = cblas_##p##trsm;     \
    static constexpr auto trsv = cblas_##p##trsv;     \
  };
LAYERWISE_BLAS_TABLE(double, d)
LAYERWISE_BLAS_TABLE(float, s)
#undef LAYERWISE_BLAS_TABLE
#if defined(__SANITIZE_ADDRESS__)
template <typename T> using Blas = Looked<CBlas<T>, T>;
#else
template <typename T> using Blas = CBlas<T>;
#endif

inline CBLAS_TRANSPOSE transposition(bool trans) { return trans ? CblasTrans : CblasNoTrans; }
inline CBLAS_UPLO triangle(bool lower) { return lower ? CblasLower : CblasUpper; }
inline CBLAS_SIDE sideOf(bool left) { return left ? CblasLeft : CblasRight; }

/// C ← β·C; C is not read when β = 0.
template <typename T> void scaleBy(T beta, int m, int n, T* c, int ldc) {
  if (beta == 1) return;
  for (int i = 0; i < m; ++i) {
    T* row = c + static_cast<int64_t>(i) * ldc;
    for (int j = 0; j < n; ++j) row[j] = beta == 0 ? T(0) : beta * row[j];
  }
}

/// y ← α·op(A)·x + β·y, A rows×cols; y is not read when β = 0, whatever OpenBLAS's version makes of 0·NaN.
template <typename T> void gemv(bool trans, int rows, int cols, T alpha, const T* a, int lda, const T* x, int incx, T beta, T* y, int incy) {
  const bool empty = rows == 0 || cols == 0;
  if (beta == 0 || empty) scaleBy(beta, trans ? cols : rows, 1, y, incy);
  if (empty) return;
  Blas<T>::gemv(CblasRowMajor, transposition(trans), rows, cols, alpha, a, lda, x, incx, beta == 0 ? T(1) : beta, y, incy);
}

/// C ← α·op(A)·op(B) + β·C; C is not read when β = 0, nor A and B when α = 0 (OpenBLAS's small kernels do read them).
template <typename T>
void gemm(bool transA, bool transB, int m, int n, int k, T alpha, const T* a, int lda, const T* b, int ldb, T beta, T* c, int ldc) {
  if (m == 0 || n == 0) return;
  if (k == 0 || alpha == 0) return scaleBy(beta, m, n, c, ldc);
  const bool small = m <= kSmallest && n <= kSmallest && k <= kSmallest;
  if (n == 1 && !small) return gemv(transA, transA ? k : m, transA ? m : k, alpha, a, lda, b, transB ? 1 : ldb, beta, c, ldc);
  if (m == 1 && !small) return gemv(!transB, transB ? n : k, transB ? k : n, alpha, b, ldb, a, transA ? lda : 1, beta, c, 1);
  if (multiplies(m, n, k)) return multiply<T>({Part::Whole, m, n, k, alpha, operand(transA, a, lda), operand(transB, b, ldb), beta, c, ldc});
  Blas<T>::gemm(CblasRowMajor, transposition(transA), transposition(transB), m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

/// The upper triangle of a square matrix becomes the transpose of its lower one. Large matrices go by tiles of a cache line's
/// width through memory of their own: rows a power of two apart share few places in the caches.
template <typename T> void mirrorLower(int n, T* c, int ldc) {
  constexpr int kTile = 8, kLarge = 128;
  const int64_t ld = ldc;
  const int tiled = n < kLarge ? 0 : n - n % kTile;
  for (int i0 = 0; i0 < tiled; i0 += kTile) {
    for (int j0 = 0; j0 < i0; j0 += kTile) {
      T tile[kTile][kTile];
      for (int i = 0; i < kTile; ++i)
        for (int j = 0; j < kTile; ++j) tile[j][i] = c[(i0 + i) * ld + j0 + j];
      for (int j = 0; j < kTile; ++j)
        for (int i = 0; i < kTile; ++i) c[(j0 + j) * ld + i0 + i] = tile[j][i];
    }
    for (int i = i0; i < i0 + kTile; ++i)
      for (int j = i0; j < i; ++j) c[j * ld + i] = c[i * ld + j];
  }
  for (int i = tiled; i < n; ++i)
    for (int j = 0; j < i; ++j) c[j * ld + i] = c[i * ld + j];
}

/// C ← α·A·B + β·C (left) or α·B·A + β·C, A symmetric and read in one triangle; C is m×n.
template <typename T>
void symm(bool left, bool lower, int m, int n, T alpha, const T* a, int lda, const T* b, int ldb, T beta, T* c, int ldc) {
  if (m == 0 || n == 0) return;
  const int order = left ? m : n, others = left ? n : m;
  // Read from both triangles a symmetric matrix is like any other, which pays once it is used for some columns.
  if (alpha != 0 && (others >= 8 || order <= kSmallest) && multiplies(m, n, order)) {
    Workspace scratch;
    T* full = scratch.take<T>(static_cast<int64_t>(order) * order);
    for (int64_t i = 0; i < order; ++i)
      for (int64_t j = 0; j <= i; ++j) full[i * order + j] = lower ? a[i * lda + j] : a[j * lda + i];
    mirrorLower(order, full, order);
    if (left) multiply<T>({Part::Whole, m, n, m, alpha, operand(false, full, order), operand(false, b, ldb), beta, c, ldc});
    else multiply<T>({Part::Whole, m, n, n, alpha, operand(false, b, ldb), operand(false, full, order), beta, c, ldc});
    return;
  }
  Blas<T>::symm(CblasRowMajor, sideOf(left), triangle(lower), m, n, alpha, a, lda, b, ldb, beta, c, ldc);
}

/// C ← α·op(A)·op(A)ᵀ + β·C, op(A) n×k. Of C the lower triangle is read (when β ≠ 0), both are written.
template <typename T> void syrk(bool trans, int n, int k, T alpha, const T* a, int lda, T beta, T* c, int ldc) {
  if (n == 0) return;
  if (k > 0 && alpha != 0 && multiplies(n, n, k)) multiply<T>({Part::Lower, n, n, k, alpha, operand(trans, a, lda), operand(!trans, a, lda), beta, c, ldc});
  else Blas<T>::syrk(CblasRowMajor, CblasLower, transposition(trans), n, k, alpha, a, lda, beta, c, ldc);
  mirrorLower(n, c, ldc);
}

/// C ← α·(op(A)·op(B)ᵀ + op(B)·op(A)ᵀ) + β·C, op(A), op(B) n×k; triangles as in syrk.
template <typename T> void syr2k(bool trans, int n, int k, T alpha, const T* a, int lda, const T* b, int ldb, T beta, T* c, int ldc) {
  if (n == 0) return;
  if (k > 0 && alpha != 0 && multiplies(n, n, k)) {
    multiply<T>({Part::Lower, n, n, k, alpha, operand(trans, a, lda), operand(!trans, b, ldb), beta, c, ldc});
    multiply<T>({Part::Lower, n, n, k, alpha, operand(trans, b, ldb), operand(!trans, a, lda), T(1), c, ldc});
  } else
    Blas<T>::syr2k(CblasRowMajor, CblasLower, transposition(trans), n, k, alpha, a, lda, b, ldb, beta, c, ldc);
  mirrorLower(n, c, ldc);
}

/// B ← α·op(A)⁻¹·B (left) or α·B·op(A)⁻¹, A triangular; B is m×n.
template <typename T> void trsm(bool left, bool lower, bool trans, bool unit, int m, int n, T alpha, const T* a, int lda, T* b, int ldb) {
  if (m == 0 || n == 0) return;
  const int order = left ? m : n, others = left ? n : m;
  if (alpha != 0 && others >= 4 && multiplies(m, n, order)) {
    scaleBy(alpha, m, n, b, ldb);
    return solveTriangular<T>({left, lower != trans, unit, m, n, operand(trans, a, lda), b, ldb});
  }
  Blas<T>::trsm(CblasRowMajor, sideOf(left), triangle(lower), transposition(trans), unit ? CblasUnit : CblasNonUnit, m, n, alpha, a, lda, b, ldb);
}

}  // namespace layerwise
