// Elementwise parts of f(D + E), f(d) = d^{-1/p}, D diagonal and E small: divided differences of f as quotients of sums of
// positive terms, in which nothing cancels. Compiled for several instruction sets.
#pragma once

#include <cstddef>

namespace layerwise {

/// What the second-order term needs beside E, per index: u = d^{1/2p}, half = d^{1/2}, left = √x·u^{p−1}, t = 1/√(second difference).
template <typename T> struct SecondOrder {
  const T *u, *half, *left, *t;
};

template <typename T> struct DividedDifferences {
  /// R ← diag(x) + f[dᵢ,dⱼ]·Eᵢⱼ off the diagonal, B = D + E in full; y = d^{1/p}, x = 1/y.
  void (*first)(int p, int n, const T* b, const T* x, const T* y, T* r);
  /// S ← D^{-1/2} E D^{-1/2} diag(g), zeros on the diagonal; e = d^{-1/2}.
  void (*scale)(int n, const T* b, const T* e, const T* g, T* s);
  /// R ← R + the second-order term, from the product S·Sᵀ (both triangles).
  void (*second)(int p, int n, const T* product, const SecondOrder<T>& at, T* r);
  /// K ← the antisymmetric Eᵢⱼ Δ/(Δ² + m dᵢdⱼ), Δ = dᵢ − dⱼ: to first order exp(K) diagonalises D + E, but for pairs close by.
  void (*generator)(int n, const T* b, const T* d, T m, T* k);
  /// Σ Eᵢⱼ² eᵢ eⱼ.
  double (*relativeSquare)(int n, const T* b, const T* e);
  /// K ← s·K − s²/2·N − s⁴/8·N2.
  void (*rotation)(int n, T s, T* k, const T* n1, const T* n2);
};

/// Those for this processor.
template <typename T> const DividedDifferences<T>& dividedDifferences();

}  // namespace layerwise
