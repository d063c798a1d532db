#include "orthogonalize.h"

#include <limits>
#include <string>

#include "blas.h"
#include "lapack.h"
#include "workspace.h"

namespace layerwise {
namespace {

/// ‖A‖ / peak; by division, as 1/peak may overflow.
template <typename T> double relativeNorm(View<T> a, double peak) {
  double sum = 0;
  for (int i = 0; i < a.rows; ++i)
    for (int j = 0; j < a.cols; ++j) {
      const double x = a.row(i)[j] / peak;
      sum += x * x;
    }
  return std::sqrt(sum);
}

template <typename T> double largest(View<T> a) {
  double largest = 0;
  for (int i = 0; i < a.rows; ++i)
    for (int j = 0; j < a.cols; ++j) largest = std::max(largest, std::abs(static_cast<double>(a.row(i)[j])));
  return largest;
}

/// By the SVD of a (m×n, contiguous, destroyed).
void polarBySvd(int m, int n, double* a, double* out) {
  const int k = std::min(m, n);
  Workspace scope;
  double *s = scope.take<double>(k), *u = scope.take<double>(static_cast<int64_t>(m) * k), *vt = scope.take<double>(static_cast<int64_t>(k) * n);
  gesdd(SvdJob::Thin, m, n, a, n, s, u, k, vt, n);
  int rank = 0;
  const double cut = std::max(m, n) * std::numeric_limits<double>::epsilon() * s[0];
  while (rank < k && s[rank] > cut) ++rank;
  gemm(false, false, m, n, rank, 1.0, u, k, vt, n, 0.0, out, n);
}

}  // namespace

template <typename T> void newtonSchulz(int steps, const double* coefficients, double safety, double epsilon, View<T> a, View<T> out) {
  requireFinite("a", a.rows, a.cols, a.data, a.ld);
  if (a.empty()) return;
  const int m = a.rows, n = a.cols, k = std::min(m, n);
  const bool tall = m > n;
  Workspace scope;
  const int64_t size = static_cast<int64_t>(m) * n, square = static_cast<int64_t>(k) * k;
  T *x = scope.take<T>(size), *y = scope.take<T>(size), *gram = scope.take<T>(square), *p = scope.take<T>(square);
  // Scaled by the largest entry first: the squares of tiny or huge entries leave the range.
  const double peak = largest(a);
  if (peak == 0) {
    for (int i = 0; i < m; ++i) std::fill_n(out.row(i), n, T(0));
    return;
  }
  // A/(safety·‖A‖_F + ε), by division of both by the peak, unless that takes ε out of the range.
  const double norm = safety * relativeNorm(a, peak), relativeEpsilon = epsilon / peak;
  const bool relative = std::isfinite(relativeEpsilon);
  const double divisor = relative ? norm + relativeEpsilon : peak * norm + epsilon;
  for (int i = 0; i < m; ++i)
    for (int j = 0; j < n; ++j) x[static_cast<int64_t>(i) * n + j] = static_cast<T>((relative ? a.row(i)[j] / peak : a.row(i)[j]) / divisor);
  for (int step = 0; step < steps; ++step) {
    const T ca = static_cast<T>(coefficients[3 * step]), cb = static_cast<T>(coefficients[3 * step + 1]), cc = static_cast<T>(coefficients[3 * step + 2]);
    syrk<T>(tall, k, tall ? m : n, T(1), x, n, T(0), gram, k);
    // P = aI + bA + cA², then X ← P X; A symmetric, so A² = AAᵀ costs half.
    if (cc != 0) {
      std::copy_n(gram, square, p);
      syrk<T>(false, k, k, cc, gram, k, cb, p, k);
    } else
      for (int64_t i = 0; i < square; ++i) p[i] = cb * gram[i];
    for (int i = 0; i < k; ++i) p[static_cast<int64_t>(i) * (k + 1)] += ca;
    if (tall) gemm<T>(false, false, m, n, n, T(1), x, n, p, k, T(0), y, n);
    else gemm<T>(false, false, m, n, m, T(1), p, k, x, n, T(0), y, n);
    std::swap(x, y);
  }
  copyMatrix(m, n, x, n, out.data, out.ld);
}

template <typename T> void polarFactor(View<T> a, View<T> out) {
  requireFinite("a", a.rows, a.cols, a.data, a.ld);
  if (a.empty()) return;
  const int m = a.rows, n = a.cols, k = std::min(m, n);
  const bool tall = m > n;
  Workspace scope;
  const int64_t size = static_cast<int64_t>(m) * n, square = static_cast<int64_t>(k) * k;
  double *x = scope.take<double>(size), *y = scope.take<double>(size);
  const double peak = largest(a);
  for (int i = 0; i < m; ++i)
    for (int j = 0; j < n; ++j) x[static_cast<int64_t>(i) * n + j] = peak > 0 ? a.row(i)[j] / peak : 0;
  double *v = scope.take<double>(square), *root = scope.take<double>(square), *w = scope.take<double>(k);
  syrk(tall, k, tall ? m : n, 1.0, x, n, 0.0, v, k);
  syevd(true, k, v, k, w);
  // The Gram matrix knows σ with a relative error of about ε (σmax/σ)².
  if (w[0] > 1e-5 * w[k - 1]) {
    for (int i = 0; i < k; ++i) {
      const double s = 1 / std::sqrt(std::sqrt(w[i]));
      for (int j = 0; j < k; ++j) v[static_cast<int64_t>(i) * k + j] *= s;
    }
    syrk(true, k, k, 1.0, v, k, 0.0, root, k);
    if (tall) gemm(false, false, m, n, n, 1.0, x, n, root, k, 0.0, y, n);
    else gemm(false, false, m, n, m, 1.0, root, k, x, n, 0.0, y, n);
  } else
    polarBySvd(m, n, x, y);
  for (int i = 0; i < m; ++i)
    for (int j = 0; j < n; ++j) out.row(i)[j] = static_cast<T>(y[static_cast<int64_t>(i) * n + j]);
}

template void newtonSchulz(int, const double*, double, double, View<double>, View<double>);
template void newtonSchulz(int, const double*, double, double, View<float>, View<float>);
template void polarFactor(View<double>, View<double>);
template void polarFactor(View<float>, View<float>);

namespace {

template <typename T> napi_value newtonSchulzExport(Args& in) {
  const int steps = static_cast<int>(in.integer("steps", 0, 1000));
  const auto coefficients = in.contiguous<double>("coefficients", 3 * static_cast<int64_t>(steps));
  const double safety = in.bounded("safety", 1e-3, 1e3), epsilon = in.bounded("epsilon", 0, 1);
  const int m = in.dimension("m"), n = in.dimension("n");
  const auto a = in.matrix<T>("a", m, n), out = in.matrix<T>("out", m, n);
  in.distinctOrSame(out, a);
  in.distinct(out, coefficients);
  newtonSchulz(steps, coefficients.data, safety, epsilon, a, out);
  return in.undefined();
}

template <typename T> napi_value polarFactorExport(Args& in) {
  const int m = in.dimension("m"), n = in.dimension("n");
  const auto a = in.matrix<T>("a", m, n), out = in.matrix<T>("out", m, n);
  in.distinctOrSame(out, a);
  polarFactor(a, out);
  return in.undefined();
}

/// A stack of `count` m×n matrices, one after another, and what becomes of each.
template <typename T, typename Routine> napi_value batch(Args& in, Routine routine, const View<double>& coefficients = {}) {
  const int m = in.dimension("m"), n = in.dimension("n"), count = in.dimension("count");
  const int64_t each = static_cast<int64_t>(m) * n;
  if (each > 0 && count > std::numeric_limits<int32_t>::max() / each) in.rangeError("count", "such that count·m·n is below 2³¹", std::to_string(count));
  const auto a = in.contiguous<T>("a", each * count), out = in.contiguous<T>("out", each * count);
  in.distinctOrSame(out, a);
  in.distinct(out, coefficients);
  const auto forEach = [&](auto&& body) {
    for (int i = 0; each > 0 && i < count; ++i) {
      try {
        body(View<T>{a.data + i * each, m, n, n, "a"}, View<T>{out.data + i * each, m, n, n, "out"});
      } catch (const NumericalError& error) {
        throw NumericalError(error.code, "matrix " + std::to_string(i) + " of " + std::to_string(count) + ": " + error.what());
      }
    }
  };
  // Nothing is written before all are known to be finite.
  forEach([](View<T> from, View<T>) { requireFinite("a", from.rows, from.cols, from.data, from.ld); });
  forEach(routine);
  return in.undefined();
}

template <typename T> napi_value newtonSchulzBatchExport(Args& in) {
  const int steps = static_cast<int>(in.integer("steps", 0, 1000));
  const auto coefficients = in.contiguous<double>("coefficients", 3 * static_cast<int64_t>(steps));
  const double safety = in.bounded("safety", 1e-3, 1e3), epsilon = in.bounded("epsilon", 0, 1);
  return batch<T>(in, [&](View<T> a, View<T> out) { newtonSchulz(steps, coefficients.data, safety, epsilon, a, out); }, coefficients);
}

template <typename T> napi_value polarFactorBatchExport(Args& in) {
  return batch<T>(in, [](View<T> a, View<T> out) { polarFactor(a, out); });
}

}  // namespace

void registerOrthogonalize(napi_env env, napi_value exports) {
  LAYERWISE_EXPORT(env, exports, "dNewtonSchulz", newtonSchulzExport<double>);
  LAYERWISE_EXPORT(env, exports, "sNewtonSchulz", newtonSchulzExport<float>);
  LAYERWISE_EXPORT(env, exports, "dPolarFactor", polarFactorExport<double>);
  LAYERWISE_EXPORT(env, exports, "sPolarFactor", polarFactorExport<float>);
  LAYERWISE_EXPORT(env, exports, "dNewtonSchulzBatch", newtonSchulzBatchExport<double>);
  LAYERWISE_EXPORT(env, exports, "sNewtonSchulzBatch", newtonSchulzBatchExport<float>);
  LAYERWISE_EXPORT(env, exports, "dPolarFactorBatch", polarFactorBatchExport<double>);
  LAYERWISE_EXPORT(env, exports, "sPolarFactorBatch", polarFactorBatchExport<float>);
}

}  // namespace layerwise
