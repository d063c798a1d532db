// As LAPACK's sytrd and latrd (Dongarra, Hammarling & Sorensen 1989), whose update of what remains is one product here.
#include "tridiagonalize.h"

#include <algorithm>
#include <cstdint>

#include "lapack_detail.h"

namespace layerwise {
namespace {

constexpr int kUnblocked = 32;

/// The reflector that takes (x₀, …) to (β, 0, …): its vector, with 1 first, into v and, but for the 1, x. Returns β.
template <typename T> T reflector(int n, T* x, T* v, T* tau) {
  const int one = 1;
  T beta = x[0];
  Lapack<T>::larfg(&n, &beta, x + 1, &one, tau);
  v[0] = 1;
  std::copy(x + 1, x + n, v + 1);
  return beta;
}

}  // namespace

template <typename T> void tridiagonalize(int n, T* a, int lda, T* d, T* e, T* tau) {
  Workspace scratch;
  if (n <= kUnblocked) {
    int info = 0;
    const int work = kUnblocked * kUnblocked;
    Lapack<T>::sytrd("L", &n, a, &lda, d, e, tau, scratch.take<T>(work), &work, &info, 1);
    return valid("sytrd", info);
  }
  // After k steps of a panel A has lost PᵀQ, P = (v₁, w₁, …, vₖ, wₖ) and Q = (w₁, v₁, …), which begin behind the diagonal.
  const int width = n < 400 ? 16 : 32;
  T *p = scratch.take<T>(2 * static_cast<int64_t>(width) * n), *q = scratch.take<T>(2 * static_cast<int64_t>(width) * n);
  T *inner = scratch.take<T>(2 * width), *column = scratch.take<T>(2 * width);
  const auto at = [=](int i, int j) { return a + static_cast<int64_t>(i) * lda + j; };
  for (int first = 0; first < n - 1; first += width) {
    const int end = std::min(first + width, n - 1);
    for (int j = first; j < end; ++j) {
      const int lost = 2 * (j - first), m = n - 1 - j;
      // Row j of what A is by now.
      for (int i = 0; i < lost; ++i) column[i] = p[static_cast<int64_t>(i) * n + j];
      gemv<T>(true, lost, n - j, -1, q + j, n, column, 1, 1, at(j, j), 1);
      d[j] = *at(j, j);
      T *v = p + static_cast<int64_t>(lost) * n + j + 1, *w = v + n;
      e[j] = reflector(m, at(j, j + 1), v, tau + j);
      // w = τ·A·v − (τ²/2)(vᵀA·v)·v.
      Blas<T>::symv(CblasRowMajor, CblasUpper, m, tau[j], at(j + 1, j + 1), lda, v, 1, T(0), w, 1);
      gemv<T>(false, lost, m, tau[j], p + j + 1, n, v, 1, 0, inner, 1);
      gemv<T>(true, lost, m, -1, q + j + 1, n, inner, 1, 1, w, 1);
      Blas<T>::axpy(m, -tau[j] / 2 * Blas<T>::dot(m, w, 1, v, 1), v, 1, w, 1);
      T* const swapped = q + static_cast<int64_t>(lost) * n + j + 1;
      std::copy_n(w, m, swapped);
      std::copy_n(v, m, swapped + n);
    }
    const int rest = n - end;
    multiply<T>({Part::Upper, rest, rest, 2 * (end - first), T(-1), operand(true, p + end, n), operand(false, q + end, n), T(1), at(end, end), lda});
  }
  d[n - 1] = *at(n - 1, n - 1);
}

template void tridiagonalize(int, double*, int, double*, double*, double*);
template void tridiagonalize(int, float*, int, float*, float*, float*);

}  // namespace layerwise
