// The product of two matrices, included once per instruction set. Everything is in an unnamed namespace: the linker
// must not take one translation unit's AVX-512 code for another's portable one.
//
// A tile of C, some rows by up to three vectors of columns, stays in registers while k runs: a column of A's elements times a row of
// B's vectors. A is read where it is, whatever its strides; B is too, if its rows are contiguous and lie well, or else a block of it
// is copied. C is a sum over blocks of k, so that the part of B that a column of tiles needs stays in the first cache.
#pragma once

#include <cstddef>

#include "product.h"

namespace layerwise {
namespace {

template <typename T, int W> struct Vector {
  typedef T type __attribute__((vector_size(W * sizeof(T)), aligned(alignof(T)), may_alias));
};
template <typename T> struct Vector<T, 1> {
  typedef T type;
};

/// R rows from i on by N vectors of W columns: side by side from column j on, but for the last, which begins at column `last`.
/// Adjacent: A's rows are 1 apart.
template <typename T, int W, int N, int R, bool Adjacent> inline void tile(const Product<T>& p, int i, int j, int last) {
  using V = typename Vector<T, W>::type;
  const auto at = [=](int v) { return v < N - 1 ? j + v * W : last; };
  const ptrdiff_t rowStep = Adjacent ? 1 : p.a.row;
  const T* a = p.a.data + i * rowStep;
  const T* b = p.b.data;
  // All loops but that over l are unrolled, early enough for the sums to be registers.
  V sum[R][N];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (int v = 0; v < N; ++v) sum[r][v] = V{};
  for (int l = 0; l < p.k; ++l, a += p.a.col, b += p.b.row) {
    V bl[N];
#pragma GCC unroll 8
    for (int v = 0; v < N; ++v) bl[v] = *reinterpret_cast<const V*>(b + at(v));
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
      for (int v = 0; v < N; ++v) sum[r][v] += a[r * rowStep] * bl[v];
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

/// The rows from i to m of N vectors of columns, R at a time.
template <typename T, int W, int N, int R, bool Adjacent> inline void column(const Product<T>& p, int i, int m, int j, int last) {
  for (; i + R <= m; i += R) tile<T, W, N, R, Adjacent>(p, i, j, last);
  if (R > 4 && i + 4 <= m) tile<T, W, N, 4, Adjacent>(p, i, j, last), i += 4;
  switch (m - i) {
    case 3: return tile<T, W, N, 3, Adjacent>(p, i, j, last);
    case 2: return tile<T, W, N, 2, Adjacent>(p, i, j, last);
    case 1: return tile<T, W, N, 1, Adjacent>(p, i, j, last);
  }
}

/// The rows of N vectors of columns that are wanted. Not inlined, so that its registers are its own.
template <typename T, int W, int N, int R> __attribute__((noinline)) void wanted(const Product<T>& p, int j, int last) {
  constexpr int kRows = N == 1 ? 8 : R;
  int i = 0, m = p.m;
  if (p.part == Part::Lower && p.above + j > 0) i = (p.above + j) / kRows * kRows;
  if (p.part == Part::Upper && m > p.above + last + W) m = p.above + last + W;
  if (p.a.row == 1) column<T, W, N, kRows, true>(p, i, m, j, last);
  else column<T, W, N, kRows, false>(p, i, m, j, last);
}

/// All columns of a product whose B has contiguous rows, two or three vectors at a time. Where they are no multiple of a vector's
/// width the last two vectors overlap and compute the columns they share twice, with the same result: a tile reads C before it writes.
template <typename T, int W, int R> inline void columns(const Product<T>& p) {
  const int n = p.n;
  if constexpr (W > 1) {
    if (n < W) return columns<T, W / 2, R>(p);
  }
  if (n == W) return wanted<T, W, 1, R>(p, 0, 0);
  int j = 0;
  for (; n - j > 4 * W; j += 3 * W) wanted<T, W, 3, R>(p, j, j + 2 * W);
  if (n - j > 3 * W) wanted<T, W, 2, R>(p, j, j + W), j += 2 * W;
  if (n - j > 2 * W) wanted<T, W, 3, R>(p, j, n - W);
  else wanted<T, W, 2, R>(p, j, n - W);
}

/// k×n elements of B with contiguous rows, ld apart.
template <typename T, int W> inline void copy(int k, int n, Strided<T> b, T* to, ptrdiff_t ld) {
  if (b.col == 1) {
    for (int l = 0; l < k; ++l) __builtin_memcpy(to + l * ld, b.data + l * b.row, static_cast<size_t>(n) * sizeof(T));
    return;
  }
  int j = 0;
  for (; j + W <= n; j += W)
    for (int l = 0; l < k; ++l)
#pragma GCC unroll 16
      for (int v = 0; v < W; ++v) to[l * ld + j + v] = b.data[l * b.row + (j + v) * b.col];
  for (int l = 0; l < k; ++l)
    for (int v = j; v < n; ++v) to[l * ld + v] = b.data[l * b.row + v * b.col];
}

/// So many parts of at most `most`, of nearly equal size: a multiple of `unit`.
inline int share(int all, int most, int unit) {
  if (all <= most) return all;
  const int parts = (all - 1) / most + 1;
  return ((all - 1) / parts + unit) / unit * unit;
}

/// Vectors of W elements, tiles of R rows.
template <typename T, int W, int R> void product(const Product<T>& p, T* room) {
  constexpr int kHeight = 256;  // rows of A of which the part that meets a block of B stays in the second cache
  const bool copied = room != nullptr;
  if (!copied && p.k <= kBlockDepth<T> && p.m <= kHeight) return columns<T, W, R>(p);
  const int depth = share(p.k, kBlockDepth<T>, 1), width = copied ? share(p.n, kBlockWidth<T>, W) : p.n;
  const auto least = [](int x, int y) { return x < y ? x : y; };
  // No index goes beyond its end, which may be the largest integer.
  for (int j = 0, n; j < p.n; j += n) {
    n = least(p.n - j, width);
    for (int l = 0, k; l < p.k; l += k) {
      k = least(p.k - l, depth);
      const Strided<T> b{p.b.data + l * p.b.row + j * p.b.col, p.b.row, p.b.col};
      // Rows are whole vectors, and not a multiple of a page apart.
      const ptrdiff_t ld = (n + ptrdiff_t{W} - 1) / W * W;
      if (copied) copy<T, W>(k, n, b, room, ld);
      for (int i = 0, m; i < p.m; i += m) {
        m = least(p.m - i, kHeight);
        columns<T, W, R>({p.part, m, n, k, p.alpha, {p.a.data + i * p.a.row + l * p.a.col, p.a.row, p.a.col},
                          copied ? Strided<T>{room, ld, 1} : b, l == 0 ? p.beta : T(1), p.c + i * p.ldc + j, p.ldc, p.above + j - i});
      }
    }
  }
}

}  // namespace
}  // namespace layerwise
