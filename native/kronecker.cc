#include "kronecker.h"

#include "blas.h"
#include "lapack.h"
#include "workspace.h"

namespace layerwise {

template <typename T> void factorUpdate(bool rows, bool homogeneous, T alpha, View<T> x, T beta, View<T> f) {
  const int n = rows ? x.rows : x.cols, k = rows ? x.cols : x.rows;
  syrk<T>(!rows, n, k, alpha, x.data, x.ld, beta, f.data, f.ld);
  if (!homogeneous) return;
  Workspace scope;
  T* sums = scope.take<T>(n);
  std::fill_n(sums, n, T(0));
  for (int i = 0; alpha != 0 && i < k; ++i) {  // X is not read when α = 0, here as in syrk
    const T* row = x.row(i);
    for (int j = 0; j < n; ++j) sums[j] += row[j];
  }
  T* last = f.row(n);
  for (int j = 0; j < n; ++j) f.row(j)[n] = last[j] = alpha * sums[j] + (beta == 0 ? T(0) : beta * last[j]);
  last[n] = alpha * static_cast<T>(k) + (beta == 0 ? T(0) : beta * last[n]);
}

template <typename T> void kroneckerApply(bool transL, bool transR, View<T> l, View<T> g, View<T> r, View<T> out) {
  const int m = out.rows, n = out.cols;
  if (out.empty()) return;
  // Sums of nothing; from here on a side without data is an absent one, not an empty one.
  if (g.empty()) return scaleBy(T(0), m, n, out.data, out.ld);
  if (!l.data && !r.data) return copyMatrix(m, n, g.data, g.ld, out.data, out.ld);
  if (!r.data) return gemm<T>(transL, false, m, n, g.rows, T(1), l.data, l.ld, g.data, g.ld, T(0), out.data, out.ld);
  if (!l.data) return gemm<T>(false, transR, m, n, g.cols, T(1), g.data, g.ld, r.data, r.ld, T(0), out.data, out.ld);
  // The cheaper of L(GR) and (LG)R; they differ only for sides that are not square.
  Workspace scope;
  const double leftFirst = static_cast<double>(m) * g.cols * (static_cast<double>(g.rows) + n);
  const double rightFirst = static_cast<double>(n) * g.rows * (static_cast<double>(g.cols) + m);
  if (leftFirst <= rightFirst) {
    T* lg = scope.take<T>(static_cast<int64_t>(m) * g.cols);
    const int ld = std::max(1, g.cols);
    gemm<T>(transL, false, m, g.cols, g.rows, T(1), l.data, l.ld, g.data, g.ld, T(0), lg, ld);
    gemm<T>(false, transR, m, n, g.cols, T(1), lg, ld, r.data, r.ld, T(0), out.data, out.ld);
  } else {
    T* gr = scope.take<T>(static_cast<int64_t>(g.rows) * n);
    gemm<T>(false, transR, g.rows, n, g.cols, T(1), g.data, g.ld, r.data, r.ld, T(0), gr, n);
    gemm<T>(transL, false, m, n, g.rows, T(1), l.data, l.ld, gr, n, T(0), out.data, out.ld);
  }
}

template void factorUpdate(bool, bool, double, View<double>, double, View<double>);
template void factorUpdate(bool, bool, float, View<float>, float, View<float>);
template void kroneckerApply(bool, bool, View<double>, View<double>, View<double>, View<double>);
template void kroneckerApply(bool, bool, View<float>, View<float>, View<float>, View<float>);

namespace {

template <typename T> napi_value factorUpdateExport(Args& in) {
  const bool rows = in.choice("axis", {"columns", "rows"}) == 1, homogeneous = in.boolean("homogeneous");
  const int m = in.dimension("m"), n = in.dimension("n");
  if (rows && homogeneous) in.rangeError("homogeneous", "false when axis is \"rows\"", "true");
  const T alpha = in.scalar<T>("alpha");
  const auto x = in.matrix<T>("x", m, n);
  const T beta = in.scalar<T>("beta");
  const int64_t order = static_cast<int64_t>(rows ? m : n) + homogeneous;
  if (order > std::numeric_limits<int32_t>::max()) in.rangeError("n", "at most 2147483646", std::to_string(n));
  const auto factor = in.matrix<T>("factor", static_cast<int>(order), static_cast<int>(order));
  in.distinct(factor, x);
  factorUpdate(rows, homogeneous, alpha, x, beta, factor);
  return in.undefined();
}

template <typename T> napi_value bothFactorsExport(Args& in) {
  const int m = in.dimension("m"), n = in.dimension("n");
  const T alpha = in.scalar<T>("alpha");
  const auto g = in.matrix<T>("g", m, n);
  const T beta = in.scalar<T>("beta");
  const auto left = in.matrix<T>("left", m, m), right = in.matrix<T>("right", n, n);
  in.distinct(left, g);
  in.distinct(right, g);
  in.distinct(right, left);
  factorUpdate(true, false, alpha, g, beta, left);
  factorUpdate(false, false, alpha, g, beta, right);
  return in.undefined();
}

template <typename T> napi_value kroneckerApplyExport(Args& in) {
  const bool transL = in.boolean("transL"), transR = in.boolean("transR");
  const int m = in.dimension("m"), n = in.dimension("n"), gRows = in.dimension("gRows"), gCols = in.dimension("gCols");
  View<T> left, right;
  if (!in.skipNull(2)) left = in.matrix<T>("left", transL ? gRows : m, transL ? m : gRows);
  else if (m != gRows) in.rangeError("m", "gRows when left is null", std::to_string(m));
  const auto g = in.matrix<T>("g", gRows, gCols);
  if (!in.skipNull(2)) right = in.matrix<T>("right", transR ? n : gCols, transR ? gCols : n);
  else if (n != gCols) in.rangeError("n", "gCols when right is null", std::to_string(n));
  const auto out = in.matrix<T>("out", m, n);
  // With both sides the gradient is consumed before the result is written: in place is allowed.
  if (left.data && right.data && identical(out, g)) {
  } else in.distinct(out, g);
  in.distinct(out, left);
  in.distinct(out, right);
  kroneckerApply(transL, transR, left, g, right, out);
  return in.undefined();
}

}  // namespace

void registerKronecker(napi_env env, napi_value exports) {
  LAYERWISE_EXPORT(env, exports, "dKroneckerFactorUpdate", factorUpdateExport<double>);
  LAYERWISE_EXPORT(env, exports, "sKroneckerFactorUpdate", factorUpdateExport<float>);
  LAYERWISE_EXPORT(env, exports, "dKroneckerFactorsUpdate", bothFactorsExport<double>);
  LAYERWISE_EXPORT(env, exports, "sKroneckerFactorsUpdate", bothFactorsExport<float>);
  LAYERWISE_EXPORT(env, exports, "dKroneckerApply", kroneckerApplyExport<double>);
  LAYERWISE_EXPORT(env, exports, "sKroneckerApply", kroneckerApplyExport<float>);
}

}  // namespace layerwise
