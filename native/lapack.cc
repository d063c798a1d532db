// LAPACK's exports: arguments, aliasing, one call.
#include "lapack.h"

#include "args.h"
#include "workspace.h"

namespace layerwise {
namespace {

template <typename T> napi_value syevdExport(Args& in) {
  const bool vectors = in.boolean("vectors");
  const int n = in.dimension("n");
  const auto a = in.matrix<T>("a", n, n);
  const auto w = in.contiguous<T>("w", n);
  in.distinct(w, a);
  if (vectors) {
    syevd(true, n, a.data, a.ld, w.data);
    transposeInPlace(n, a.data, a.ld);
  } else {
    Workspace scratch;
    T* copy = scratch.take<T>(static_cast<int64_t>(n) * n);
    copyMatrix(n, n, a.data, a.ld, copy, n);
    syevd(false, n, copy, n, w.data);
  }
  return in.undefined();
}

template <typename T> napi_value syevrExport(Args& in) {
  const bool vectors = in.boolean("vectors");
  const int n = in.dimension("n");
  EigenRange<T> range;
  range.kind = static_cast<typename EigenRange<T>::Kind>(in.choice("range", {"all", "index", "value"}));
  int most = n;
  if (range.kind == EigenRange<T>::Index) {
    range.first = static_cast<int>(in.integer("first", 0, n));
    range.end = static_cast<int>(in.integer("end", range.first, n));
    most = range.end - range.first;
  } else {
    const double first = in.number("first"), end = in.number("end");
    if (range.kind == EigenRange<T>::Value) {
      if (std::isnan(first)) in.rangeError("first", "a number", "NaN");
      if (std::isnan(end)) in.rangeError("end", "a number", "NaN");
      // An infinite end means the largest number.
      const double largest = static_cast<double>(std::numeric_limits<T>::max());
      range.low = static_cast<T>(std::clamp(first, -largest, largest));
      range.high = static_cast<T>(std::clamp(end, -largest, largest));
    }
  }
  const auto a = in.matrix<T>("a", n, n);
  const auto w = in.contiguous<T>("w", most);
  in.distinct(w, a);
  View<T> z;
  if (vectors) {
    z = in.matrix<T>("z", n, most);
    in.distinct(z, a);
    in.distinct(z, w);
  }
  Workspace scratch;
  T* copy = scratch.take<T>(static_cast<int64_t>(n) * n);
  T* values = scratch.take<T>(n);
  T* rows = vectors ? scratch.take<T>(static_cast<int64_t>(most) * n) : nullptr;
  copyMatrix(n, n, a.data, a.ld, copy, n);
  const int count = syevr(range, n, copy, n, values, rows, n);
  std::copy_n(values, count, w.data);
  if (vectors) transpose(count, n, rows, n, z.data, z.ld);
  return in.result(count);
}

template <typename T> napi_value potrfExport(Args& in) {
  const bool lower = in.boolean("lower"), clear = in.boolean("clear");
  const int n = in.dimension("n");
  const auto a = in.matrix<T>("a", n, n);
  potrf(lower, n, a.data, a.ld);
  if (clear)
    for (int i = 0; i < n; ++i) std::fill(lower ? a.row(i) + i + 1 : a.row(i), lower ? a.row(i) + n : a.row(i) + i, T(0));
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

template <typename T> T positiveNorm(Args& in) {
  return static_cast<T>(in.bounded("norm", 0, static_cast<double>(std::numeric_limits<T>::max())));
}

template <typename T> napi_value poconExport(Args& in) {
  const bool lower = in.boolean("lower");
  const int n = in.dimension("n");
  const auto factor = in.matrix<T>("factor", n, n);
  return in.result(pocon(lower, n, factor.data, factor.ld, positiveNorm<T>(in)));
}

template <typename T> napi_value trtriExport(Args& in) {
  const bool lower = in.boolean("lower"), unit = in.boolean("unit");
  const int n = in.dimension("n");
  const auto a = in.matrix<T>("a", n, n);
  trtri(lower, unit, n, a.data, a.ld);
  return in.undefined();
}

template <typename T> napi_value getrfExport(Args& in) {
  const int m = in.dimension("m"), n = in.dimension("n");
  const auto a = in.matrix<T>("a", m, n);
  const auto pivots = in.contiguous<int32_t>("pivots", std::min(m, n));
  in.distinct(pivots, a);
  return in.result(getrf(m, n, a.data, a.ld, pivots.data));
}

template <typename T> napi_value getrsExport(Args& in) {
  const bool trans = in.boolean("trans");
  const int n = in.dimension("n"), nrhs = in.dimension("nrhs");
  const auto lu = in.matrix<T>("lu", n, n);
  const auto pivots = in.contiguous<int32_t>("pivots", n);
  for (int i = 0; i < n; ++i)
    if (pivots.data[i] < i || pivots.data[i] >= n)
      in.rangeError("pivots", "row numbers, element " + std::to_string(i) + " in [" + std::to_string(i) + ", " + std::to_string(n) + ")", std::to_string(pivots.data[i]));
  const auto b = in.matrix<T>("b", n, nrhs);
  in.distinct(b, lu);
  in.distinct(b, pivots);
  getrs(trans, n, nrhs, lu.data, lu.ld, pivots.data, b.data, b.ld);
  return in.undefined();
}

template <typename T> napi_value gesvExport(Args& in) {
  const int n = in.dimension("n"), nrhs = in.dimension("nrhs");
  const auto a = in.matrix<T>("a", n, n);
  const auto b = in.matrix<T>("b", n, nrhs);
  in.distinct(b, a);
  gesv(n, nrhs, a.data, a.ld, b.data, b.ld);
  return in.undefined();
}

template <typename T> napi_value geconExport(Args& in) {
  const int n = in.dimension("n");
  const auto lu = in.matrix<T>("lu", n, n);
  return in.result(gecon(n, lu.data, lu.ld, positiveNorm<T>(in)));
}

template <typename T> napi_value norm1Export(Args& in) {
  const int m = in.dimension("m"), n = in.dimension("n");
  const auto a = in.matrix<T>("a", m, n);
  return in.result(norm1(m, n, a.data, a.ld));
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

template <typename T> napi_value ormqrExport(Args& in) {
  const bool left = in.boolean("left"), trans = in.boolean("trans");
  const int m = in.dimension("m"), n = in.dimension("n"), order = left ? m : n;
  const int k = static_cast<int>(in.integer("k", 0, order));
  const auto a = in.matrix<T>("a", order, k);
  const auto tau = in.contiguous<T>("tau", k);
  const auto c = in.matrix<T>("c", m, n);
  in.distinct(c, a);
  in.distinct(c, tau);
  in.distinct(tau, a);  // LAPACK puts ones into a for a while
  ormqr(left, trans, m, n, k, a.data, a.ld, tau.data, c.data, c.ld);
  return in.undefined();
}

template <typename T> napi_value qrExport(Args& in) {
  const int m = in.dimension("m"), n = in.dimension("n"), k = std::min(m, n);
  const auto a = in.matrix<T>("a", m, n);
  const auto q = in.matrix<T>("q", m, k);
  const auto r = in.matrix<T>("r", k, n);
  in.distinctOrSame(q, a);
  in.distinctOrSame(r, a);
  in.distinct(q, r);
  qr(m, n, a.data, a.ld, q.data, q.ld, r.data, r.ld);
  return in.undefined();
}

template <typename T> napi_value gesddExport(Args& in) {
  const auto job = static_cast<SvdJob>(in.choice("job", {"values", "thin", "full"}));
  const int m = in.dimension("m"), n = in.dimension("n"), k = std::min(m, n);
  const auto a = in.matrix<T>("a", m, n);
  const auto s = in.contiguous<T>("s", k);
  in.distinct(s, a);
  View<T> u, vt;
  if (job != SvdJob::Values) {
    u = in.matrix<T>("u", m, job == SvdJob::Full ? m : k);
    vt = in.matrix<T>("vt", job == SvdJob::Full ? n : k, n);
    in.distinct(u, a);
    in.distinct(u, s);
    in.distinct(vt, a);
    in.distinct(vt, s);
    in.distinct(vt, u);
  }
  Workspace scratch;
  T* copy = scratch.take<T>(static_cast<int64_t>(m) * n);
  copyMatrix(m, n, a.data, a.ld, copy, n);
  gesdd(job, m, n, copy, n, s.data, u.data, u.ld, vt.data, vt.ld);
  return in.undefined();
}

template <typename T> napi_value gelsdExport(Args& in) {
  const int m = in.dimension("m"), n = in.dimension("n"), nrhs = in.dimension("nrhs");
  const auto a = in.matrix<T>("a", m, n);
  const auto b = in.matrix<T>("b", m, nrhs);
  const auto x = in.matrix<T>("x", n, nrhs);
  const auto s = in.contiguous<T>("s", std::min(m, n));
  const T rcond = static_cast<T>(in.bounded("rcond", -1, 1));
  in.distinct(x, a);
  in.distinct(x, b);
  in.distinct(s, a);
  in.distinct(s, b);
  in.distinct(s, x);
  return in.result(gelsd(m, n, nrhs, a.data, a.ld, b.data, b.ld, x.data, x.ld, s.data, rcond));
}

}  // namespace

#define LAYERWISE_EXPORTS(T, p)                               \
  LAYERWISE_EXPORT(env, exports, p "syevd", syevdExport<T>);  \
  LAYERWISE_EXPORT(env, exports, p "syevr", syevrExport<T>);  \
  LAYERWISE_EXPORT(env, exports, p "potrf", potrfExport<T>);  \
  LAYERWISE_EXPORT(env, exports, p "potrs", potrsExport<T>);  \
  LAYERWISE_EXPORT(env, exports, p "potri", potriExport<T>);  \
  LAYERWISE_EXPORT(env, exports, p "pocon", poconExport<T>);  \
  LAYERWISE_EXPORT(env, exports, p "trtri", trtriExport<T>);  \
  LAYERWISE_EXPORT(env, exports, p "getrf", getrfExport<T>);  \
  LAYERWISE_EXPORT(env, exports, p "getrs", getrsExport<T>);  \
  LAYERWISE_EXPORT(env, exports, p "gesv", gesvExport<T>);    \
  LAYERWISE_EXPORT(env, exports, p "gecon", geconExport<T>);  \
  LAYERWISE_EXPORT(env, exports, p "norm1", norm1Export<T>);  \
  LAYERWISE_EXPORT(env, exports, p "geqrf", geqrfExport<T>);  \
  LAYERWISE_EXPORT(env, exports, p "orgqr", orgqrExport<T>);  \
  LAYERWISE_EXPORT(env, exports, p "ormqr", ormqrExport<T>);  \
  LAYERWISE_EXPORT(env, exports, p "qr", qrExport<T>);        \
  LAYERWISE_EXPORT(env, exports, p "gesdd", gesddExport<T>);  \
  LAYERWISE_EXPORT(env, exports, p "gelsd", gelsdExport<T>);

void registerLapack(napi_env env, napi_value exports) {
  LAYERWISE_EXPORTS(double, "d")
  LAYERWISE_EXPORTS(float, "s")
}

}  // namespace layerwise
