// Level 3: each export reads its arguments, refuses aliasing, and makes one call.
#include "args.h"
#include "blas.h"

namespace layerwise {
namespace {

template <typename T> napi_value gemmExport(Args& in) {
  const bool ta = in.boolean("transA"), tb = in.boolean("transB");
  const int m = in.dimension("m"), n = in.dimension("n"), k = in.dimension("k");
  const T alpha = in.scalar<T>("alpha");
  const auto a = in.matrix<T>("a", ta ? k : m, ta ? m : k);
  const auto b = in.matrix<T>("b", tb ? n : k, tb ? k : n);
  const T beta = in.scalar<T>("beta");
  const auto c = in.matrix<T>("c", m, n);
  in.distinct(c, a);
  in.distinct(c, b);
  gemm(ta, tb, m, n, k, alpha, a.data, a.ld, b.data, b.ld, beta, c.data, c.ld);
  return in.undefined();
}

template <typename T> napi_value symmExport(Args& in) {
  const bool left = in.boolean("left"), lower = in.boolean("lower");
  const int m = in.dimension("m"), n = in.dimension("n"), order = left ? m : n;
  const T alpha = in.scalar<T>("alpha");
  const auto a = in.matrix<T>("a", order, order);
  const auto b = in.matrix<T>("b", m, n);
  const T beta = in.scalar<T>("beta");
  const auto c = in.matrix<T>("c", m, n);
  in.distinct(c, a);
  in.distinct(c, b);
  if (c.empty()) return in.undefined();
  Blas<T>::symm(CblasRowMajor, sideOf(left), triangle(lower), m, n, alpha, a.data, a.ld, b.data, b.ld, beta, c.data, c.ld);
  return in.undefined();
}

template <typename T> napi_value syrkExport(Args& in) {
  const bool trans = in.boolean("trans");
  const int n = in.dimension("n"), k = in.dimension("k");
  const T alpha = in.scalar<T>("alpha");
  const auto a = in.matrix<T>("a", trans ? k : n, trans ? n : k);
  const T beta = in.scalar<T>("beta");
  const auto c = in.matrix<T>("c", n, n);
  in.distinct(c, a);
  syrk(trans, n, k, alpha, a.data, a.ld, beta, c.data, c.ld);
  return in.undefined();
}

template <typename T> napi_value syr2kExport(Args& in) {
  const bool trans = in.boolean("trans");
  const int n = in.dimension("n"), k = in.dimension("k");
  const T alpha = in.scalar<T>("alpha");
  const auto a = in.matrix<T>("a", trans ? k : n, trans ? n : k);
  const auto b = in.matrix<T>("b", trans ? k : n, trans ? n : k);
  const T beta = in.scalar<T>("beta");
  const auto c = in.matrix<T>("c", n, n);
  in.distinct(c, a);
  in.distinct(c, b);
  syr2k(trans, n, k, alpha, a.data, a.ld, b.data, b.ld, beta, c.data, c.ld);
  return in.undefined();
}

/// trmm and trsm differ in the routine only.
template <typename T, typename Routine> napi_value triangular(Args& in, Routine routine) {
  const bool left = in.boolean("left"), lower = in.boolean("lower"), trans = in.boolean("trans"), unit = in.boolean("unit");
  const int m = in.dimension("m"), n = in.dimension("n"), order = left ? m : n;
  const T alpha = in.scalar<T>("alpha");
  const auto a = in.matrix<T>("a", order, order);
  const auto b = in.matrix<T>("b", m, n);
  in.distinct(b, a);
  if (b.empty()) return in.undefined();
  routine(CblasRowMajor, sideOf(left), triangle(lower), transposition(trans), unit ? CblasUnit : CblasNonUnit, m, n, alpha, a.data, a.ld, b.data, b.ld);
  return in.undefined();
}
template <typename T> napi_value trmmExport(Args& in) { return triangular<T>(in, Blas<T>::trmm); }
template <typename T> napi_value trsmExport(Args& in) { return triangular<T>(in, Blas<T>::trsm); }

}  // namespace

void registerBlasLevel3(napi_env env, napi_value exports) {
  LAYERWISE_EXPORT(env, exports, "dgemm", gemmExport<double>);
  LAYERWISE_EXPORT(env, exports, "sgemm", gemmExport<float>);
  LAYERWISE_EXPORT(env, exports, "dsymm", symmExport<double>);
  LAYERWISE_EXPORT(env, exports, "ssymm", symmExport<float>);
  LAYERWISE_EXPORT(env, exports, "dsyrk", syrkExport<double>);
  LAYERWISE_EXPORT(env, exports, "ssyrk", syrkExport<float>);
  LAYERWISE_EXPORT(env, exports, "dsyr2k", syr2kExport<double>);
  LAYERWISE_EXPORT(env, exports, "ssyr2k", syr2kExport<float>);
  LAYERWISE_EXPORT(env, exports, "dtrmm", trmmExport<double>);
  LAYERWISE_EXPORT(env, exports, "strmm", trmmExport<float>);
  LAYERWISE_EXPORT(env, exports, "dtrsm", trsmExport<double>);
  LAYERWISE_EXPORT(env, exports, "strsm", trsmExport<float>);
}

}  // namespace layerwise
