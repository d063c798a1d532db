// Triangular systems, by halves: all but the small triangles on the diagonal is products.
#pragma once

#include "product.h"

namespace layerwise {

/// The largest triangle that is not halved.
constexpr int kTriangle = 32;

/// Where a matrix of order n > kTriangle is halved.
inline int half(int n) { return (n / 2 + 7) / 8 * 8; }

/// B ← A⁻¹·B (left) or B·A⁻¹, B m×n with rows ldb apart; A, of order m or n, is triangular.
template <typename T> struct TriangularSystem {
  bool left, lower, unit;
  int m, n;
  Strided<T> a;
  T* b;
  ptrdiff_t ldb;
};
template <typename T> void solveTriangular(const TriangularSystem<T>& p);

/// The same for an order of at most kTriangle; `room` holds B, its lines padded to vectors, when A is on the right.
template <typename T> using SolveKernel = void (*)(const TriangularSystem<T>& p, T* room);

}  // namespace layerwise
