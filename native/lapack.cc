// LAPACK's exports: arguments, aliasing, one call.
#include "lapack.h"

#include "args.h"

namespace layerwise {
namespace {

template <typename T> napi_value syevdExport(Args& in) {
  const bool vectors = in.boolean("vectors");
  const int n = in.dimension("n");
  const auto a = in.matrix<T>("a", n, n);
  const auto w = in.contiguous<T>("w", n);
  in.distinct(w, a);
  syevd(vectors, n, a.data, a.ld, w.data);
  if (vectors) transposeInPlace(n, a.data, a.ld);
  return in.undefined();
}

template <typename T> napi_value potrfExport(Args& in) {
  const bool lower = in.boolean("lower");
  const int n = in.dimension("n");
  const auto a = in.matrix<T>("a", n, n);
  potrf(lower, n, a.data, a.ld);
  return in.undefined();
}

template <typename T> napi_value potrsExport(Args& in) {
  const bool lower = in.boolean("lower");
  const int n = in.dimension("n"), nrhs = in.dimension("nrhs");
  const auto factor = in.matrix<T>("factor", n, n);
  const auto b = in.matrix<T>("b", n, nrhs);
  in.distinct(b, factor);
  potrs(lower, n, nrhs, factor.data, factor.ld, b.data, b.ld);
  return in.undefined();
}

template <typename T> napi_value potriExport(Args& in) {
  const bool lower = in.boolean("lower");
  const int n = in.dimension("n");
  const auto a = in.matrix<T>("a", n, n);
  potri(lower, n, a.data, a.ld);
  return in.undefined();
}

template <typename T> napi_value geqrfExport(Args& in) {
  const int m = in.dimension("m"), n = in.dimension("n");
  const auto a = in.matrix<T>("a", m, n);
  const auto tau = in.contiguous<T>("tau", std::min(m, n));
  in.distinct(tau, a);
  geqrf(m, n, a.data, a.ld, tau.data);
  return in.undefined();
}

template <typename T> napi_value orgqrExport(Args& in) {
  const int m = in.dimension("m");
  const int n = static_cast<int>(in.integer("n", 0, m)), k = static_cast<int>(in.integer("k", 0, n));
  const auto a = in.matrix<T>("a", m, n);
  const auto tau = in.contiguous<T>("tau", k);
  in.distinct(a, tau);
  orgqr(m, n, k, a.data, a.ld, tau.data);
  return in.undefined();
}

template <typename T> napi_value gesddExport(Args& in) {
  const auto job = static_cast<SvdJob>(in.choice("job", {"values", "thin", "full"}));
  const int m = in.dimension("m"), n = in.dimension("n"), k = std::min(m, n);
  const auto a = in.matrix<T>("a", m, n);
  const auto s = in.contiguous<T>("s", k);
  in.distinct(s, a);
  if (job == SvdJob::Values) {
    gesdd<T>(job, m, n, a.data, a.ld, s.data, nullptr, 1, nullptr, 1);
    return in.undefined();
  }
  const auto u = in.matrix<T>("u", m, job == SvdJob::Full ? m : k);
  const auto vt = in.matrix<T>("vt", job == SvdJob::Full ? n : k, n);
  in.distinct(u, a);
  in.distinct(u, s);
  in.distinct(vt, a);
  in.distinct(vt, s);
  in.distinct(vt, u);
  gesdd(job, m, n, a.data, a.ld, s.data, u.data, u.ld, vt.data, vt.ld);
  return in.undefined();
}

}  // namespace

void registerLapack(napi_env env, napi_value exports) {
  LAYERWISE_EXPORT(env, exports, "dsyevd", syevdExport<double>);
  LAYERWISE_EXPORT(env, exports, "ssyevd", syevdExport<float>);
  LAYERWISE_EXPORT(env, exports, "dpotrf", potrfExport<double>);
  LAYERWISE_EXPORT(env, exports, "spotrf", potrfExport<float>);
  LAYERWISE_EXPORT(env, exports, "dpotrs", potrsExport<double>);
  LAYERWISE_EXPORT(env, exports, "spotrs", potrsExport<float>);
  LAYERWISE_EXPORT(env, exports, "dpotri", potriExport<double>);
  LAYERWISE_EXPORT(env, exports, "spotri", potriExport<float>);
  LAYERWISE_EXPORT(env, exports, "dgeqrf", geqrfExport<double>);
  LAYERWISE_EXPORT(env, exports, "sgeqrf", geqrfExport<float>);
  LAYERWISE_EXPORT(env, exports, "dorgqr", orgqrExport<double>);
  LAYERWISE_EXPORT(env, exports, "sorgqr", orgqrExport<float>);
  LAYERWISE_EXPORT(env, exports, "dgesdd", gesddExport<double>);
  LAYERWISE_EXPORT(env, exports, "sgesdd", gesddExport<float>);
}

}  // namespace layerwise
