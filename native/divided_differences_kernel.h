// Included once per instruction set; everything is in an unnamed namespace, as in small_kernel.h.
#pragma once

#include "divided_differences.h"

namespace layerwise {
namespace {

/// Σ xᵏ y^{p−1−k} = (xᵖ − yᵖ)/(x − y), a sum of positive terms. P = 0: any p.
template <int P, typename T> inline T powerSum(int p, T x, T y) {
  if constexpr (P == 1) return 1;
  if constexpr (P == 2) return x + y;
  if constexpr (P == 4) return (x + y) * (x * x + y * y);
  T sum = 1, yk = 1;
  for (int k = 1; k < p; ++k) yk *= y, sum = sum * x + yk;
  return sum;
}

/// f[dᵢ,dⱼ] = −xᵢ xⱼ / Σ yᵢᵏ yⱼ^{p−1−k}.
template <int P, typename T> void firstOrder(int p, int n, const T* b, const T* x, const T* y, T* r) {
  for (ptrdiff_t i = 0; i < n; ++i) {
    const T* __restrict from = b + i * n;
    T* __restrict to = r + i * n;
    const T yi = y[i], xi = -x[i];
    for (int j = 0; j < n; ++j) to[j] = from[j] * (xi * x[j]) / powerSum<P>(p, yi, y[j]);
    to[i] = x[i];
  }
}

template <typename T> void scaleOffDiagonal(int n, const T* b, const T* e, const T* g, T* s) {
  for (ptrdiff_t i = 0; i < n; ++i) {
    const T* __restrict from = b + i * n;
    T* __restrict to = s + i * n;
    for (int j = 0; j < n; ++j) to[j] = from[j] * e[i] * (e[j] * g[j]);
    to[i] = 0;
  }
}

/// f[dᵢ,√(dᵢdⱼ),dⱼ]·dᵢdⱼ = √(xᵢxⱼ) (uᵢuⱼ)^{p−1} (uᵢS + uⱼᵖ) / (S² (uᵢᵖ+uⱼᵖ)), S = Σ uᵢᵏ uⱼ^{p−1−k}.
template <int P, typename T> void addSecondOrder(int p, int n, const T* product, const SecondOrder<T>& at, T* r) {
  const T *__restrict u = at.u, *__restrict half = at.half, *__restrict left = at.left, *__restrict t = at.t;
  for (ptrdiff_t i = 0; i < n; ++i) {
    const T* __restrict from = product + i * n;
    T* __restrict to = r + i * n;
    const T ui = u[i], hi = half[i], scale = left[i] * t[i];
    for (int j = 0; j < n; ++j) {
      const T s = powerSum<P>(p, ui, u[j]);
      to[j] += scale * left[j] * t[j] * (ui * s + half[j]) * from[j] / (s * s * (hi + half[j]));
    }
  }
}

template <typename T> void first(int p, int n, const T* b, const T* x, const T* y, T* r) {
  if (p == 1) firstOrder<1>(p, n, b, x, y, r);
  else if (p == 2) firstOrder<2>(p, n, b, x, y, r);
  else if (p == 4) firstOrder<4>(p, n, b, x, y, r);
  else firstOrder<0>(p, n, b, x, y, r);
}

template <typename T> void second(int p, int n, const T* product, const SecondOrder<T>& at, T* r) {
  if (p == 1) addSecondOrder<1>(p, n, product, at, r);
  else if (p == 2) addSecondOrder<2>(p, n, product, at, r);
  else if (p == 4) addSecondOrder<4>(p, n, product, at, r);
  else addSecondOrder<0>(p, n, product, at, r);
}

template <typename T> void generator(int n, const T* b, const T* d, T m, T* k) {
  for (ptrdiff_t i = 0; i < n; ++i) {
    const T* __restrict from = b + i * n;
    T* __restrict to = k + i * n;
    const T di = d[i], mi = m * d[i];
    for (int j = 0; j < n; ++j) {
      const T gap = di - d[j];
      to[j] = from[j] * gap / (gap * gap + mi * d[j]);
    }
    to[i] = 0;
  }
}

/// Σᵢⱼ Bᵢⱼ² eᵢ eⱼ off the diagonal, in as many partial sums as make it quick.
template <typename T> double relativeSquare(int n, const T* b, const T* e) {
  constexpr int kLanes = 16;
  double sum = 0;
  for (ptrdiff_t i = 0; i < n; ++i) {
    const T* row = b + i * n;
    T lanes[kLanes] = {}, rest = 0;
    int j = 0;
    for (; j + kLanes <= n; j += kLanes)
      for (int l = 0; l < kLanes; ++l) lanes[l] += row[j + l] * row[j + l] * e[j + l];
    for (; j < n; ++j) rest += row[j] * row[j] * e[j];
    for (int l = 0; l < kLanes; ++l) rest += lanes[l];
    sum += static_cast<double>((rest - row[i] * row[i] * e[i]) * e[i]);
  }
  return sum > 0 ? sum : 0;
}

template <typename T> void rotation(int n, T s, T* __restrict k, const T* __restrict n1, const T* __restrict n2) {
  const T half = s * s / 2, eighth = s * s * s * s / 8;
  for (ptrdiff_t i = 0; i < static_cast<ptrdiff_t>(n) * n; ++i) k[i] = s * k[i] - half * n1[i] - eighth * n2[i];
}

template <typename T> constexpr DividedDifferences<T> kKernel = {first<T>, scaleOffDiagonal<T>, second<T>, generator<T>, relativeSquare<T>, rotation<T>};

}  // namespace
}  // namespace layerwise
