// Level 2: matrix times vector. Vectors have a stride of at least 1.
#include "args.h"
#include "blas.h"

namespace layerwise {
namespace {

/// β = 0 means that y is not read, whatever OpenBLAS's version makes of 0·NaN.
template <typename T> T cleared(T beta, const View<T>& y) {
  if (beta != 0) return beta;
  for (int i = 0; i < y.rows; ++i) *y.row(i) = 0;
  return 1;
}

template <typename T> napi_value gemvExport(Args& in) {
  const bool trans = in.boolean("trans");
  const int m = in.dimension("m"), n = in.dimension("n");
  const T alpha = in.scalar<T>("alpha");
  const auto a = in.matrix<T>("a", m, n);
  const auto x = in.vector<T>("x", trans ? m : n);
  const T beta = in.scalar<T>("beta");
  const auto y = in.vector<T>("y", trans ? n : m);
  in.distinct(y, a);
  in.distinct(y, x);
  if (y.empty()) return in.undefined();
  const T rest = cleared(beta, y);
  if (a.empty()) {
    for (int i = 0; i < y.rows; ++i) *y.row(i) *= rest;
    return in.undefined();
  }
  Blas<T>::gemv(CblasRowMajor, transposition(trans), m, n, alpha, a.data, a.ld, x.data, x.ld, rest, y.data, y.ld);
  return in.undefined();
}

template <typename T> napi_value symvExport(Args& in) {
  const bool lower = in.boolean("lower");
  const int n = in.dimension("n");
  const T alpha = in.scalar<T>("alpha");
  const auto a = in.matrix<T>("a", n, n);
  const auto x = in.vector<T>("x", n);
  const T beta = in.scalar<T>("beta");
  const auto y = in.vector<T>("y", n);
  in.distinct(y, a);
  in.distinct(y, x);
  if (n == 0) return in.undefined();
  Blas<T>::symv(CblasRowMajor, triangle(lower), n, alpha, a.data, a.ld, x.data, x.ld, cleared(beta, y), y.data, y.ld);
  return in.undefined();
}

template <typename T> napi_value gerExport(Args& in) {
  const int m = in.dimension("m"), n = in.dimension("n");
  const T alpha = in.scalar<T>("alpha");
  const auto x = in.vector<T>("x", m);
  const auto y = in.vector<T>("y", n);
  const auto a = in.matrix<T>("a", m, n);
  in.distinct(a, x);
  in.distinct(a, y);
  if (a.empty()) return in.undefined();
  Blas<T>::ger(CblasRowMajor, m, n, alpha, x.data, x.ld, y.data, y.ld, a.data, a.ld);
  return in.undefined();
}

}  // namespace

void registerBlasLevel2(napi_env env, napi_value exports) {
  LAYERWISE_EXPORT(env, exports, "dgemv", gemvExport<double>);
  LAYERWISE_EXPORT(env, exports, "sgemv", gemvExport<float>);
  LAYERWISE_EXPORT(env, exports, "dsymv", symvExport<double>);
  LAYERWISE_EXPORT(env, exports, "ssymv", symvExport<float>);
  LAYERWISE_EXPORT(env, exports, "dger", gerExport<double>);
  LAYERWISE_EXPORT(env, exports, "sger", gerExport<float>);
}

}  // namespace layerwise
