// The eigenbasis that SOAP and its kin keep: one step of orthogonal iteration per refresh.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "args.h"
#include "blas.h"
#include "lapack.h"
#include "probes.h"
#include "range.h"
#include "workspace.h"

namespace layerwise {
namespace {

/// Z ← the orthogonal factor of Z with positive diagonal of R, by Cholesky: Z L⁻ᵀ, LLᵀ = ZᵀZ of normalised columns. Its error
/// grows with the square of their condition; where once is not enough, the second time is, as the columns are nearly orthogonal
/// then (Yamamoto et al. 2015, CholeskyQR2). False when their dependence is too close for that; Z is lost then.
template <typename T> bool choleskyQr(int n, T* z) {
  Workspace scope;
  T *gram = scope.take<T>(static_cast<int64_t>(n) * n), *inverse = scope.take<T>(n);
  double* square = scope.take<double>(n);
  const double enough = 4.0 * n * std::numeric_limits<T>::epsilon();
  for (int pass = 0; pass < 2; ++pass) {
    std::fill_n(square, n, 0.0);
    for (int i = 0; i < n; ++i)
      for (int j = 0; j < n; ++j) {
        const double x = z[static_cast<int64_t>(i) * n + j];
        square[j] += x * x;
      }
    for (int j = 0; j < n; ++j) {
      inverse[j] = static_cast<T>(1 / std::sqrt(square[j]));
      if (!std::isfinite(inverse[j])) return false;
    }
    for (int i = 0; i < n; ++i)
      for (int j = 0; j < n; ++j) z[static_cast<int64_t>(i) * n + j] *= inverse[j];
    syrk<T>(true, n, n, T(1), z, n, T(0), gram, n);
    try {
      potrf(true, n, gram, n);
    } catch (const NumericalError&) {
      return false;
    }
    trsm<T>(false, true, true, false, n, n, T(1), gram, n, z, n);
    const double defect = orthogonalityDefect(n, z, n, 0);
    if (defect <= enough) return true;
    if (!(defect <= 0.1)) return false;
  }
  return false;
}

/// Q ← the orthogonal factor of A·Q. `sorted`: the factorisation takes the columns by descending Rayleigh quotient and
/// puts them back where they were. Each column keeps its direction: qᵀ A q_old ≥ 0. rayleigh: qᵀAq of the old columns.
/// overlap, where given, becomes the squares of Q_oldᵀ·Q_new.
template <typename T> void refresh(bool sorted, View<T> a, View<T> q, View<T> rayleigh, View<T> overlap) {
  const int n = a.rows;
  if (n == 0) return;
  requireFinite("a", n, n, a.data, a.ld);
  requireFinite("q", n, n, q.data, q.ld);
  const int64_t square = static_cast<int64_t>(n) * n;
  Workspace scope;
  T *aq = scope.take<T>(square), *next = scope.take<T>(square), *tau = scope.take<T>(n), *values = scope.take<T>(n), *sign = scope.take<T>(n);
  int* column = scope.take<int>(n);
  // The factor of A·Q is that of 2^e·A·Q.
  const int exponent = moderation(n, n, a.data, a.ld);
  if (exponent != 0) {
    T* scaled = scope.take<T>(square);
    copyMatrix(n, n, a.data, a.ld, scaled, n);
    shift(n, n, scaled, n, exponent);
    a = View<T>{scaled, n, n, n, "a"};
  }
  gemm<T>(false, false, n, n, n, T(1), a.data, a.ld, q.data, q.ld, T(0), aq, n);
  std::fill_n(values, n, T(0));
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < n; ++j) values[j] += q.row(i)[j] * aq[static_cast<int64_t>(i) * n + j];
  std::iota(column, column + n, 0);
  T* restored = scope.take<T>(n);
  std::copy_n(values, n, restored);
  shift(1, n, restored, n, -exponent);
  requireRepresentable("a Rayleigh quotient", n, 1, restored, 1);
  if (sorted) std::stable_sort(column, column + n, [&](int i, int j) { return values[i] > values[j]; });
  const auto inOrder = [&] {
    for (int i = 0; i < n; ++i)
      for (int j = 0; j < n; ++j) next[static_cast<int64_t>(i) * n + j] = aq[static_cast<int64_t>(i) * n + column[j]];
  };
  inOrder();
  std::fill_n(sign, n, T(1));
  if (!choleskyQr(n, next)) {
    inOrder();
    geqrf(n, n, next, n, tau);
    for (int j = 0; j < n; ++j) sign[j] = next[static_cast<int64_t>(j) * n + j] < 0 ? T(-1) : T(1);
    orgqr(n, n, n, next, n, tau);
  }
  for (int i = 0; i < n; ++i) {
    T* row = overlap.data ? aq + static_cast<int64_t>(i) * n : q.row(i);
    for (int j = 0; j < n; ++j) row[column[j]] = sign[j] * next[static_cast<int64_t>(i) * n + j];
  }
  if (overlap.data) {
    gemm<T>(true, false, n, n, n, T(1), q.data, q.ld, aq, n, T(0), overlap.data, overlap.ld);
    for (int i = 0; i < n; ++i)
      for (int j = 0; j < n; ++j) overlap.row(i)[j] *= overlap.row(i)[j];
    copyMatrix(n, n, aq, n, q.data, q.ld);
  }
  std::copy_n(restored, n, rayleigh.data);
}

template <typename T> napi_value refreshExport(Args& in) {
  const bool sorted = in.boolean("sorted");
  const int n = in.dimension("n");
  const auto a = in.matrix<T>("a", n, n), q = in.matrix<T>("q", n, n);
  const auto rayleigh = in.contiguous<T>("rayleigh", n);
  View<T> overlap;
  if (!in.skipNull(2)) overlap = in.matrix<T>("overlap", n, n);
  in.distinct(q, a);
  in.distinct(rayleigh, a);
  in.distinct(rayleigh, q);
  in.distinct(overlap, a);
  in.distinct(overlap, q);
  in.distinct(overlap, rayleigh);
  refresh(sorted, a, q, rayleigh, overlap);
  return in.undefined();
}

}  // namespace

void registerEigenbasis(napi_env env, napi_value exports) {
  LAYERWISE_EXPORT(env, exports, "dEigenbasisRefresh", refreshExport<double>);
  LAYERWISE_EXPORT(env, exports, "sEigenbasisRefresh", refreshExport<float>);
}

}  // namespace layerwise
