// Matrix products by kernels of our own: small ones, where OpenBLAS spends more time on deciding than on multiplying, and all others
// where this processor has wider instructions than OpenBLAS's kernels use or packing costs more than it gains.
#pragma once

#include <cstddef>
#include <cstdint>

namespace layerwise {

/// The largest dimension of a product that is small.
constexpr int kSmallest = 32;

/// What is wanted of C. Around the diagonal more than the triangle is written; the caller overwrites it or never looks there.
enum class Part { Whole, Lower, Upper };

/// Element (i, j) is data[i·row + j·col].
template <typename T> struct Strided {
  const T* data;
  ptrdiff_t row, col;
};

/// op(A) of a row-major matrix.
template <typename T> Strided<T> operand(bool trans, const T* a, ptrdiff_t lda) { return trans ? Strided<T>{a, 1, lda} : Strided<T>{a, lda, 1}; }

/// C ← α·A·B + β·C, A m×k, B k×n, C m×n with rows ldc apart; C is not read when β = 0. k, m and n are positive.
template <typename T> struct Product {
  Part part;
  int m, n, k;
  T alpha;
  Strided<T> a, b;
  T beta;
  T* c;
  ptrdiff_t ldc;
  int above = 0;  // rows of the first column above the diagonal that `part` means
};

/// Of B, a block of at most so many rows and columns is copied at a time: half of what a second-level cache holds.
template <typename T> constexpr int kBlockDepth = 1536 / sizeof(T);
template <typename T> constexpr int kBlockWidth = 1920 / sizeof(T);

/// Whether B is copied: when its rows are not contiguous, or when they are used often enough and lie unfavourably for the caches.
template <typename T> bool copies(const Product<T>& p) {
  return p.b.col != 1 || (p.m >= 64 && (p.b.row * static_cast<ptrdiff_t>(sizeof(T)) % 4096 == 0 || p.n > 2 * kBlockWidth<T>));
}

/// Computes a product; `room` is for a block of B, and null unless copies(p).
template <typename T> using ProductKernel = void (*)(const Product<T>& p, T* room);

/// The same by the widest instructions of this CPU, large ones on threadCount() threads: every element is the same sum on any number.
template <typename T> void multiply(const Product<T>& p);

/// Whether multiply is the fastest for these dimensions: without wide instructions it is for small ones only.
bool multiplies(int m, int n, int k);

}  // namespace layerwise
