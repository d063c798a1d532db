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

/// C ← α·op(A)·B + β·C; element (i, l) of op(A) is a[i·rowStep + l·colStep].
template <typename T> struct Product {
  int k;
  T alpha;
  const T* a;
  ptrdiff_t rowStep, colStep;
  const T* b;
  ptrdiff_t ldb;
  T beta;
  T* c;
  ptrdiff_t ldc;
};

/// R rows from i on by N vectors of W columns: side by side from column j on, but for the last, which begins at column `last`.
template <typename T, int W, int N, int R> inline void block(const Product<T>& p, int i, int j, int last) {
  using V = typename Vector<T, W>::type;
  const auto at = [=](int v) { return v < N - 1 ? j + v * W : last; };
  const T* a = p.a + i * p.rowStep;
  const T* b = p.b;
  // All loops but that over l are unrolled, early enough for the sums to be registers.
  V sum[R][N];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (int v = 0; v < N; ++v) sum[r][v] = V{};
  for (int l = 0; l < p.k; ++l, a += p.colStep, b += p.ldb) {
    V bl[N];
#pragma GCC unroll 8
    for (int v = 0; v < N; ++v) bl[v] = *reinterpret_cast<const V*>(b + at(v));
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
      for (int v = 0; v < N; ++v) sum[r][v] += a[r * p.rowStep] * bl[v];
  }
  T* c = p.c + i * p.ldc;
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r, c += p.ldc) {
#pragma GCC unroll 8
    for (int v = 0; v < N; ++v) sum[r][v] = p.alpha * sum[r][v];
    if (p.beta != 0) {
#pragma GCC unroll 8
      for (int v = 0; v < N; ++v) sum[r][v] += p.beta * *reinterpret_cast<const V*>(c + at(v));
    }
#pragma GCC unroll 8
    for (int v = 0; v < N; ++v) *reinterpret_cast<V*>(c + at(v)) = sum[r][v];
  }
}

/// All rows of N vectors of columns. Not inlined, so that its registers are its own.
template <typename T, int W, int N> __attribute__((noinline)) void panel(const Product<T>& p, int m, int j, int last) {
  constexpr int kRows = N == 1 ? 8 : 4;
  int i = 0;
  for (; i + kRows <= m; i += kRows) block<T, W, N, kRows>(p, i, j, last);
  if (kRows > 4 && i + 4 <= m) block<T, W, N, 4>(p, i, j, last), i += 4;
  switch (m - i) {
    case 3: return block<T, W, N, 3>(p, i, j, last);
    case 2: return block<T, W, N, 2>(p, i, j, last);
    case 1: return block<T, W, N, 1>(p, i, j, last);
  }
}

/// All columns, two or three vectors at a time. Where they are no multiple of a vector's width the last two vectors overlap
/// and compute the columns they share twice, with the same result: a block reads C before it writes.
template <typename T, int W> inline void columns(const Product<T>& p, int m, int n) {
  if constexpr (W > 1) {
    if (n < W) return columns<T, W / 2>(p, m, n);
  }
  // Where 64-byte instructions take twice as long as 32-byte ones, three of those are less than two of these.
  if constexpr (W * sizeof(T) == 64) {
    if (n > W && n <= W + W / 2) return columns<T, W / 2>(p, m, n);
  }
  if (n == W) return panel<T, W, 1>(p, m, 0, 0);
  int j = 0;
  for (; n - j > 4 * W; j += 3 * W) panel<T, W, 3>(p, m, j, j + 2 * W);
  if (n - j > 3 * W) panel<T, W, 2>(p, m, j, j + W), j += 2 * W;
  if (n - j > 2 * W) panel<T, W, 3>(p, m, j, n - W);
  else panel<T, W, 2>(p, m, j, n - W);
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
  columns<T, W>({k, alpha, a, transA ? 1 : lda, transA ? lda : 1, b, ldb, beta, c, ldc}, m, n);
}

}  // namespace
}  // namespace layerwise
