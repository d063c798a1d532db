// The eigenbasis that SOAP and its kin keep: one step of orthogonal iteration per refresh.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "args.h"
#include "blas.h"
#include "lapack.h"
#include "workspace.h"

namespace layerwise {
namespace {

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
  gemm<T>(false, false, n, n, n, T(1), a.data, a.ld, q.data, q.ld, T(0), aq, n);
  std::fill_n(values, n, T(0));
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < n; ++j) values[j] += q.row(i)[j] * aq[static_cast<int64_t>(i) * n + j];
  std::iota(column, column + n, 0);
  if (sorted) std::stable_sort(column, column + n, [&](int i, int j) { return values[i] > values[j]; });
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < n; ++j) next[static_cast<int64_t>(i) * n + j] = aq[static_cast<int64_t>(i) * n + column[j]];
  geqrf(n, n, next, n, tau);
  for (int j = 0; j < n; ++j) sign[j] = next[static_cast<int64_t>(j) * n + j] < 0 ? T(-1) : T(1);
  orgqr(n, n, n, next, n, tau);
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < n; ++j) aq[static_cast<int64_t>(i) * n + column[j]] = sign[j] * next[static_cast<int64_t>(i) * n + j];
  if (overlap.data) {
    gemm<T>(true, false, n, n, n, T(1), q.data, q.ld, aq, n, T(0), overlap.data, overlap.ld);
    for (int i = 0; i < n; ++i)
      for (int j = 0; j < n; ++j) overlap.row(i)[j] *= overlap.row(i)[j];
  }
  copyMatrix(n, n, aq, n, q.data, q.ld);
  std::copy_n(values, n, rayleigh.data);
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
