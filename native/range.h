// The ends of the number range: matrices of extreme size are brought to ordinary size by powers of two, which costs no digit, and a
// result that does not fit the format is an error.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "errors.h"
#include "workspace.h"

namespace layerwise {

/// The exponent e that brings 2^e·x to ordinary size, whose square, reciprocal and products with its like stay far from the ends of
/// the range: no further than needed, so that smaller elements beside it lose nothing; 0 for an x that is of that size, and for
/// infinities and NaN, which no shift moves.
template <typename T> int moderation(T x) {
  if (x == 0 || !std::isfinite(x)) return 0;
  constexpr int kOrdinary = std::numeric_limits<T>::max_exponent / 4;
  const int exponent = std::ilogb(x);
  return std::min(std::max(exponent, -kOrdinary), kOrdinary) - exponent;
}

/// The exponent that brings an extreme x all the way near 1, or 0.
template <typename T> int normalization(T x) { return moderation(x) == 0 ? 0 : -std::ilogb(x); }

template <typename T> T largestElement(int rows, int cols, const T* a, int lda) {
  constexpr int kLanes = 8;
  T lanes[kLanes] = {};
  for (int64_t i = 0; i < rows; ++i) {
    const T* row = a + i * lda;
    int j = 0;
    for (; j + kLanes <= cols; j += kLanes)
      for (int l = 0; l < kLanes; ++l) lanes[l] = std::max(lanes[l], std::abs(row[j + l]));
    for (; j < cols; ++j) lanes[0] = std::max(lanes[0], std::abs(row[j]));
  }
  return *std::max_element(lanes, lanes + kLanes);
}

/// The exponent that brings a matrix to ordinary size, by its largest element.
template <typename T> int moderation(int rows, int cols, const T* a, int lda) { return moderation(largestElement(rows, cols, a, lda)); }

/// A ← 2^exponent·A.
template <typename T> void shift(int rows, int cols, T* a, int lda, int exponent) {
  if (exponent == 0) return;
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < cols; ++j) a[i * lda + j] = std::ldexp(a[i * lda + j], exponent);
}

/// Throws ERR_OVERFLOW where the elements of a result, computed from finite numbers, are not finite themselves.
template <typename T> void requireRepresentable(const char* what, int rows, int cols, const T* a, int lda) {
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < cols; ++j)
      if (!std::isfinite(a[i * lda + j]))
        throw NumericalError("ERR_OVERFLOW", std::string(what) + " does not fit in " + (sizeof(T) == 8 ? "double" : "single") + " precision: element (" + std::to_string(i) + ", " + std::to_string(j) + ") overflows");
}

/// B ← 2^cols·S(2^rows·B), S linear in place on n×nrhs matrices, which it gets with columns of ordinary size. Rows and cols may be
/// null: zeros. B is as it was when S or the result fails.
template <typename T, typename Solve> void solveModerated(const char* what, const int* rows, const int* cols, int n, int nrhs, T* b, int ldb, const Solve& solve) {
  if (n == 0 || nrhs == 0) return;
  constexpr int kZero = std::numeric_limits<int>::min();
  Workspace scratch;
  T* x = scratch.take<T>(static_cast<int64_t>(n) * nrhs);
  int* level = scratch.take<int>(nrhs);
  const auto rowOf = [rows](int64_t i) { return rows ? rows[i] : 0; };
  if (rows) {
    std::fill_n(level, nrhs, kZero);
    for (int64_t i = 0; i < n; ++i)
      for (int64_t j = 0; j < nrhs; ++j)
        if (b[i * ldb + j] != 0 && std::isfinite(b[i * ldb + j])) level[j] = std::max(level[j], std::ilogb(b[i * ldb + j]) + rows[i]);
    for (int j = 0; j < nrhs; ++j) level[j] = level[j] == kZero ? 0 : -level[j];
  } else {
    T* largest = scratch.take<T>(nrhs);
    std::fill_n(largest, nrhs, T(0));
    for (int64_t i = 0; i < n; ++i)
      for (int64_t j = 0; j < nrhs; ++j) largest[j] = std::max(largest[j], std::abs(b[i * ldb + j]));
    // Small columns go up to 1, which costs nothing; large ones no further down than needed.
    for (int j = 0; j < nrhs; ++j) level[j] = largest[j] < 1 ? normalization(largest[j]) : moderation(largest[j]);
  }
  const bool ordinary = !rows && !cols && std::all_of(level, level + nrhs, [](int e) { return e == 0; });
  for (int64_t i = 0; i < n; ++i) std::copy_n(b + i * ldb, nrhs, x + i * nrhs);
  if (!ordinary)
    for (int64_t i = 0; i < n; ++i)
      for (int64_t j = 0; j < nrhs; ++j) x[i * nrhs + j] = std::ldexp(x[i * nrhs + j], rowOf(i) + level[j]);
  solve(x, nrhs);
  if (!ordinary)
    for (int64_t i = 0; i < n; ++i)
      for (int64_t j = 0; j < nrhs; ++j) x[i * nrhs + j] = std::ldexp(x[i * nrhs + j], (cols ? cols[i] : 0) - level[j]);
  requireRepresentable(what, n, nrhs, x, nrhs);
  for (int64_t i = 0; i < n; ++i) std::copy_n(x + i * nrhs, nrhs, b + i * ldb);
}

}  // namespace layerwise
