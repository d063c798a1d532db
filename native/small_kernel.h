// The product of small matrices, included once per instruction set. Everything is in an unnamed namespace: the linker
// must not take one translation unit's AVX-512 code for another's portable one.
#pragma once

#include <cstddef>

#include "small.h"

namespace layerwise {
namespace {

template <typename T, int W> struct Vector {
  typedef T type __attribute__((vector_size(W * sizeof(T)), aligned(alignof(T)), may_alias));
};
template <typename T> struct Vector<T, 1> {
  typedef T type;
};

/// R rows by N vectors of W columns of C; element (r, l) of op(A) is a[r·rowStep + l·colStep].
template <typename T, int W, int N, int R>
inline void block(int k, T alpha, const T* a, ptrdiff_t rowStep, ptrdiff_t colStep, const T* b, ptrdiff_t ldb, T beta, T* c, ptrdiff_t ldc) {
  using V = typename Vector<T, W>::type;
  V sum[R][N] = {};
  for (int l = 0; l < k; ++l, a += colStep, b += ldb) {
    V bl[N];
    for (int j = 0; j < N; ++j) bl[j] = *reinterpret_cast<const V*>(b + j * W);
    for (int r = 0; r < R; ++r)
      for (int j = 0; j < N; ++j) sum[r][j] += a[r * rowStep] * bl[j];
  }
  for (int r = 0; r < R; ++r)
    for (int j = 0; j < N; ++j) {
      V* out = reinterpret_cast<V*>(c + r * ldc + j * W);
      *out = beta == 0 ? V(alpha * sum[r][j]) : V(alpha * sum[r][j] + beta * *out);
    }
}

/// N·W columns of C, all rows.
template <typename T, int W, int N, int R>
inline void panel(int m, int k, T alpha, const T* a, ptrdiff_t rowStep, ptrdiff_t colStep, const T* b, ptrdiff_t ldb, T beta, T* c, ptrdiff_t ldc) {
  int i = 0;
  for (; i + R <= m; i += R) block<T, W, N, R>(k, alpha, a + i * rowStep, rowStep, colStep, b, ldb, beta, c + i * ldc, ldc);
  if constexpr (R > 1) {
    if (i < m) panel<T, W, N, R / 2>(m - i, k, alpha, a + i * rowStep, rowStep, colStep, b, ldb, beta, c + i * ldc, ldc);
  }
}

/// Columns in chunks of two vectors, one, a half, … one element.
template <typename T, int W>
inline void columns(int m, int n, int k, T alpha, const T* a, ptrdiff_t rowStep, ptrdiff_t colStep, const T* b, ptrdiff_t ldb, T beta, T* c, ptrdiff_t ldc) {
  int j = 0;
  for (; j + 2 * W <= n; j += 2 * W) panel<T, W, 2, 4>(m, k, alpha, a, rowStep, colStep, b + j, ldb, beta, c + j, ldc);
  for (; j + W <= n; j += W) panel<T, W, 1, 8>(m, k, alpha, a, rowStep, colStep, b + j, ldb, beta, c + j, ldc);
  if constexpr (W > 1) {
    if (j < n) columns<T, W / 2>(m, n - j, k, alpha, a, rowStep, colStep, b + j, ldb, beta, c + j, ldc);
  }
}

template <typename T, int W>
void multiplySmall(bool transA, bool transB, int m, int n, int k, T alpha, const T* a, ptrdiff_t lda, const T* b, ptrdiff_t ldb, T beta, T* c, ptrdiff_t ldc) {
  T packed[kSmallest * kSmallest];
  if (transB) {
    for (int l = 0; l < k; ++l)
      for (int j = 0; j < n; ++j) packed[l * n + j] = b[j * ldb + l];
    b = packed;
    ldb = n;
  }
  columns<T, W>(m, n, k, alpha, a, transA ? 1 : lda, transA ? lda : 1, b, ldb, beta, c, ldc);
}

}  // namespace
}  // namespace layerwise
