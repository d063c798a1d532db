// Substitution in a small triangular system, for many right-hand sides: included once per instruction set, as product_kernel.h.
#pragma once

#include "product_kernel.h"
#include "triangular.h"

namespace layerwise {
namespace {

/// Right-hand sides at a time where they have to be transposed: with those of the largest triangle they fill half of the first cache.
template <typename T> constexpr int kSubstituted = 512 / sizeof(T);

/// B ← A⁻¹·B for N vectors of columns; the diagonal's reciprocals are given.
template <typename T, int W, int N> inline void vectors(bool lower, bool unit, int n, Strided<T> a, const T* reciprocal, T* b, ptrdiff_t ldb) {
  using V = typename Vector<T, W>::type;
  for (int step = 0; step < n; ++step) {
    const int i = lower ? step : n - 1 - step, from = lower ? 0 : i + 1, to = lower ? i : n;
    T* row = b + i * ldb;
    V sum[N];
#pragma GCC unroll 8
    for (int v = 0; v < N; ++v) sum[v] = *reinterpret_cast<const V*>(row + v * W);
    for (int j = from; j < to; ++j) {
      const T x = a.data[i * a.row + j * a.col];
#pragma GCC unroll 8
      for (int v = 0; v < N; ++v) sum[v] -= x * *reinterpret_cast<const V*>(b + j * ldb + v * W);
    }
    if (!unit) {
      // The reciprocal of a subnormal number may not exist where the quotient does.
      const T x = a.data[i * (a.row + a.col)];
      const bool exists = reciprocal[i] - reciprocal[i] == 0;
#pragma GCC unroll 8
      for (int v = 0; v < N; ++v) sum[v] = exists ? sum[v] * reciprocal[i] : sum[v] / x;
    }
#pragma GCC unroll 8
    for (int v = 0; v < N; ++v) *reinterpret_cast<V*>(row + v * W) = sum[v];
  }
}

/// The same for m columns.
template <typename T, int W> inline void fromTheLeft(bool lower, bool unit, int n, Strided<T> a, const T* reciprocal, T* b, ptrdiff_t ldb, int m) {
  int j = 0;
  for (; m - j >= 8 * W; j += 8 * W) vectors<T, W, 8>(lower, unit, n, a, reciprocal, b + j, ldb);
  if (m - j >= 4 * W) vectors<T, W, 4>(lower, unit, n, a, reciprocal, b + j, ldb), j += 4 * W;
  for (; m - j >= W; j += W) vectors<T, W, 1>(lower, unit, n, a, reciprocal, b + j, ldb);
  if constexpr (W > 1) {
    if (j < m) fromTheLeft<T, W / 2>(lower, unit, n, a, reciprocal, b + j, ldb, m - j);
  }
}

template <typename T, int W> void substitute(const TriangularSystem<T>& p, T* room) {
  const int n = p.left ? p.m : p.n;
  T reciprocal[kTriangle];
  for (int i = 0; i < n && !p.unit; ++i) reciprocal[i] = 1 / p.a.data[i * (p.a.row + p.a.col)];
  if (p.left) return fromTheLeft<T, W>(p.lower, p.unit, n, p.a, reciprocal, p.b, p.ldb, p.n);
  // X·A = B as Aᵀ·Xᵀ = Bᵀ, some rows at a time.
  constexpr int kRows = kSubstituted<T>;
  for (int i = 0, m; i < p.m; i += m) {
    m = p.m - i < kRows ? p.m - i : kRows;
    const int padded = (m + W - 1) / W * W;
    T* b = p.b + i * p.ldb;
    copy<T, W>(n, m, {b, 1, p.ldb}, room, padded);
    for (int j = 0; j < n; ++j)
      for (int q = m; q < padded; ++q) room[j * padded + q] = 0;
    fromTheLeft<T, W>(!p.lower, p.unit, n, {p.a.data, p.a.col, p.a.row}, reciprocal, room, padded, padded);
    copy<T, W>(m, n, {room, 1, padded}, b, p.ldb);
  }
}

}  // namespace
}  // namespace layerwise
