// Finiteness, copies, transposes: everything that touches elements and needs no LAPACK.
#include <cmath>
#include <cstring>
#include <string>

#include "blas.h"
#include "lapack.h"

namespace layerwise {
namespace {

/// Whether every element of a row is finite, in a form that SSE2 vectorises: x − x is 0 or NaN.
bool finiteRow(const double* x, int64_t n) {
  constexpr int kLanes = 8;
  double lanes[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    for (int l = 0; l < kLanes; ++l) lanes[l] += x[i + l] - x[i + l];
  for (; i < n; ++i) lanes[0] += x[i] - x[i];
  double sum = 0;
  for (double lane : lanes) sum += lane;
  return sum == 0;
}

/// The same by the exponent bits, which in single precision is quicker.
bool finiteRow(const float* x, int64_t n) {
  constexpr uint32_t exponent = 0x7f800000u;
  uint32_t bad = 0;
  for (int64_t i = 0; i < n; ++i) {
    uint32_t bits;
    std::memcpy(&bits, x + i, sizeof bits);
    bad |= static_cast<uint32_t>((bits & exponent) == exponent);
  }
  return bad == 0;
}

template <typename T> [[noreturn]] void notFinite(const char* name, int64_t i, int64_t j, const T* row) {
  while (std::isfinite(row[j])) ++j;
  const char* value = std::isnan(row[j]) ? "NaN" : row[j] > 0 ? "Infinity" : "-Infinity";
  throw NumericalError("ERR_NOT_FINITE", std::string(name) + " must be finite, element (" + std::to_string(i) + ", " + std::to_string(j) + ") is " + value);
}

constexpr int64_t kTile = 16;

}  // namespace

template <typename T> void requireFinite(const char* name, int rows, int cols, const T* a, int lda) {
  if (cols == 0 || (cols == lda && finiteRow(a, static_cast<int64_t>(rows) * cols))) return;
  for (int64_t i = 0; i < rows; ++i)
    if (!finiteRow(a + i * lda, cols)) notFinite(name, i, 0, a + i * lda);
}

template <typename T> void requireFiniteTriangle(const char* name, bool lower, int n, const T* a, int lda) {
  for (int64_t i = 0; i < n; ++i) {
    const T* row = a + i * lda;
    const int64_t first = lower ? 0 : i, length = lower ? i + 1 : n - i;
    if (!finiteRow(row + first, length)) notFinite(name, i, first, row);
  }
}

template <typename T> void copyMatrix(int rows, int cols, const T* a, int lda, T* b, int ldb) {
  for (int64_t i = 0; i < rows; ++i) std::copy_n(a + i * lda, cols, b + i * ldb);
}

template <typename T> void transpose(int rows, int cols, const T* a, int lda, T* b, int ldb) {
  for (int64_t i0 = 0; i0 < rows; i0 += kTile)
    for (int64_t j0 = 0; j0 < cols; j0 += kTile)
      for (int64_t j = j0; j < std::min<int64_t>(j0 + kTile, cols); ++j)
        for (int64_t i = i0; i < std::min<int64_t>(i0 + kTile, rows); ++i) b[j * ldb + i] = a[i * lda + j];
}

template <typename T> void transposeInPlace(int n, T* a, int lda) {
  for (int64_t i0 = 0; i0 < n; i0 += kTile)
    for (int64_t j0 = 0; j0 <= i0; j0 += kTile)
      for (int64_t i = i0; i < std::min<int64_t>(i0 + kTile, n); ++i)
        for (int64_t j = j0; j < std::min(j0 + kTile, i); ++j) std::swap(a[i * lda + j], a[j * lda + i]);
}

template <typename T> void mirrorTriangle(bool lower, int n, T* a, int lda) {
  if (lower) return mirrorLower(n, a, lda);
  for (int64_t i0 = 0; i0 < n; i0 += kTile)
    for (int64_t j0 = 0; j0 <= i0; j0 += kTile)
      for (int64_t i = i0; i < std::min<int64_t>(i0 + kTile, n); ++i)
        for (int64_t j = j0; j < std::min(j0 + kTile, i); ++j) a[i * lda + j] = a[j * lda + i];
}

#define LAYERWISE_INSTANTIATE(T)                                                 \
  template void requireFinite<T>(const char*, int, int, const T*, int);          \
  template void requireFiniteTriangle<T>(const char*, bool, int, const T*, int); \
  template void copyMatrix<T>(int, int, const T*, int, T*, int);                 \
  template void transpose<T>(int, int, const T*, int, T*, int);                  \
  template void transposeInPlace<T>(int, T*, int);                               \
  template void mirrorTriangle<T>(bool, int, T*, int);
LAYERWISE_INSTANTIATE(double)
LAYERWISE_INSTANTIATE(float)
#undef LAYERWISE_INSTANTIATE

}  // namespace layerwise
