#include "warm_roots.h"

#include <cmath>
#include <limits>

#include "blas.h"
#include "lapack.h"
#include "workspace.h"

namespace layerwise {
namespace {

constexpr int kProbes = 8;
constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

/// C ← A·op(B) where the result is known to be symmetric: block rows of its lower triangle, then mirrored.
template <typename T> void symmetricResult(bool transA, bool transB, int n, const T* a, int lda, const T* b, int ldb, T* c, int ldc) {
  const int block = n < 64 ? n : (n + 3) / 4;  // four rows of blocks: 5/8 of the flops
  for (int i = 0; i < n; i += block) {
    const int rows = std::min(block, n - i);
    const T* ai = transA ? a + i : a + static_cast<int64_t>(i) * lda;
    gemm<T>(transA, transB, rows, i + rows, n, T(1), ai, lda, b, ldb, T(0), c + static_cast<int64_t>(i) * ldc, ldc);
  }
  mirrorLower(n, c, ldc);
}

/// Σ xᵏ y^{p−1−k} = (xᵖ − yᵖ)/(x − y), a sum of positive terms: nothing cancels as x → y.
template <int P> inline double powerSum(int p, double x, double y) {
  if constexpr (P == 1) return 1;
  if constexpr (P == 2) return x + y;
  if constexpr (P == 4) return (x + y) * (x * x + y * y);
  double sum = 1, yk = 1;
  for (int k = 1; k < p; ++k) yk *= y, sum = sum * x + yk;
  return sum;
}

/// r·f[1,r,1] of f(d) = d^{-1/p}.
inline double secondDifference(int p, double r) {
  const double y = std::pow(r, 1.0 / p);
  double single = 1, pair = 1;  // Σ yᵏ and Σ (k+1) y^{p−1−k}, k < p
  for (int k = 1; k < p; ++k) {
    single = single * y + 1;
    pair = pair * y + (k + 1);
  }
  return r * pair / (p * y * single * single);
}

/// R ≈ f(B) with f(d) = d^{-1/p}, B = D + E nearly diagonal, to second order in E:
///   Rᵢⱼ = f[dᵢ,dⱼ]·Eᵢⱼ + Σₖ f[dᵢ,dₖ,dⱼ]·Eᵢₖ·Eₖⱼ.
/// The first term (Daleckii–Krein) is exact. In the second, f[a,x,b] as a function of x is replaced by the multiple of f[a₀,x,a₀]
/// that fits at x = √(ab) (exact for p = 1), so that one symmetric product gives the sum; a₀ is a mean of the eigenvalues that
/// contribute most to the root.
/// With u = d^{1/2p}, S = Σ uᵢᵏ uⱼ^{p−1−k}, Ê = D^{-1/2} E D^{-1/2} the divided differences become quotients of positive sums:
///   f[dᵢ,dⱼ]·√(dᵢdⱼ) = −√(xᵢxⱼ) (uᵢuⱼ)^{p−1} (uᵢ+uⱼ) / (S (uᵢᵖ+uⱼᵖ)),
///   f[dᵢ,√(dᵢdⱼ),dⱼ]·dᵢdⱼ = √(xᵢxⱼ) (uᵢuⱼ)^{p−1} (uᵢS + uⱼᵖ) / (S² (uᵢᵖ+uⱼᵖ)).
template <int P, typename T> void secondOrder(int p, int n, const T* b, const double* d, const T* x, T* product, T* r) {
  Workspace scope;
  double *u = scope.take<double>(n), *up = scope.take<double>(n), *left = scope.take<double>(n), *t = scope.take<double>(n);
  T *e = scope.take<T>(n), *g = scope.take<T>(n);
  const double top = *std::max_element(d, d + n);
  double weight = 0, logarithm = 0;
  for (int i = 0; i < n; ++i) {
    const double xx = static_cast<double>(x[i] / x[0]) * (x[i] / x[0]);
    weight += xx;
    logarithm += xx * std::log(d[i]);
  }
  const double centre = std::exp(logarithm / weight);
  for (int i = 0; i < n; ++i) {
    u[i] = std::pow(d[i] / top, 0.5 / p);
    up[i] = std::sqrt(d[i] / top);
    left[i] = std::sqrt(static_cast<double>(x[i])) * up[i] / u[i];
    t[i] = 1 / std::sqrt(secondDifference(p, d[i] / centre));
    e[i] = static_cast<T>(1 / std::sqrt(d[i]));
    g[i] = static_cast<T>(1 / t[i]);
  }
  for (int i = 0; i < n; ++i) {
    const int64_t row = static_cast<int64_t>(i) * n;
    for (int j = 0; j < n; ++j) r[row + j] = b[row + j] * e[i] * (e[j] * g[j]);
    r[row + i] = 0;
  }
  syrk<T>(false, n, n, T(1), r, n, T(0), product, n);
  for (int i = 0; i < n; ++i) {
    const int64_t row = static_cast<int64_t>(i) * n;
    const double ui = u[i], pi = up[i], li = left[i], ti = t[i], ei = e[i];
    for (int j = 0; j < i; ++j) {
      const double s = powerSum<P>(p, ui, u[j]), scale = li * left[j] / (s * s * (pi + up[j]));
      const double first = b[row + j] * ei * e[j] * (ui + u[j]) * s;
      r[row + j] = static_cast<T>(scale * (product[row + j] * ti * t[j] * (ui * s + up[j]) - first));
    }
    const double s = powerSum<P>(p, ui, ui);
    r[row + i] = x[i] + static_cast<T>(li * li * product[row + i] * ti * ti * (ui * s + pi) / (s * s * 2 * pi));
  }
  mirrorLower(n, r, n);
}

inline uint64_t mix(uint64_t z) {
  z = (z + 1) * 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

/// An estimate, by random signs z, of ‖R − f(B)‖_F / ‖f(B)‖_F from the residual that was to vanish,
///   √x (Rᵃ (B + c) Rᵇ − I) √x z / p,   a + b = p, x = diag R:
/// to first order in the error δ its element (i, j) is δᵢⱼ times a factor that is 1 for xᵢ = xⱼ and larger otherwise.
///
/// The square of the estimate, and its standard error, which is large when the error lies in few directions.
struct Estimate {
  double square, deviation;
};
template <typename T> Estimate residualEstimate(int p, int n, const T* b, double c, const T* r, const T* x, uint64_t first) {
  Workspace scope;
  const int64_t size = static_cast<int64_t>(n) * kProbes;
  T *z = scope.take<T>(size), *u = scope.take<T>(size), *v = scope.take<T>(size), *w = scope.take<T>(n);
  double norm = 0;
  for (int i = 0; i < n; ++i) {
    w[i] = std::sqrt(x[i]);
    norm += static_cast<double>(x[i]) * x[i];
    const uint64_t bits = mix(first + static_cast<uint64_t>(i));
    for (int k = 0; k < kProbes; ++k) z[i * kProbes + k] = u[i * kProbes + k] = (bits >> k & 1) ? w[i] : -w[i];
  }
  const auto times = [&](const T* m) {
    gemm<T>(false, false, n, kProbes, n, T(1), m, n, u, kProbes, T(0), v, kProbes);
    std::swap(u, v);
  };
  for (int k = 0; k < p; ++k) {
    if (k == (p + 1) / 2) {
      times(b);
      for (int64_t i = 0; i < size; ++i) u[i] += static_cast<T>(c) * v[i];
    }
    times(r);
  }
  if (p == 1) {
    times(b);
    for (int64_t i = 0; i < size; ++i) u[i] += static_cast<T>(c) * v[i];
  }
  double squares[kProbes] = {}, mean = 0, variance = 0;
  for (int i = 0; i < n; ++i)
    for (int k = 0; k < kProbes; ++k) {
      const double e = static_cast<double>(w[i]) * (u[i * kProbes + k] - z[i * kProbes + k]);
      squares[k] += e * e;
    }
  const double scale = 1 / (norm * p * p);
  for (double q : squares) mean += q * scale / kProbes;
  for (double q : squares) variance += (q * scale - mean) * (q * scale - mean) / (kProbes - 1);
  return {mean, std::sqrt(variance / kProbes)};
}

/// The update in the old basis. False when it would not be good enough; then nothing is written.
template <typename T> bool update(const RootOptions& o, double tolerance, View<T> a, View<T> basis, WarmState& state, View<T> out, RootInfo& info) {
  const int n = a.rows, p = o.p;
  const int64_t square = static_cast<int64_t>(n) * n;
  Workspace scope;
  T *b = scope.take<T>(square), *r = scope.take<T>(square), *product = scope.take<T>(square), *x = scope.take<T>(n);
  double* d = scope.take<double>(n);
  gemm<T>(false, false, n, n, n, T(1), basis.data, basis.ld, a.data, a.ld, T(0), r, n);
  symmetricResult(false, true, n, r, n, basis.data, basis.ld, b, n);
  double least = b[0], most = b[0];
  for (int i = 1; i < n; ++i) {
    least = std::min<double>(least, b[i * static_cast<int64_t>(n + 1)]);
    most = std::max<double>(most, b[i * static_cast<int64_t>(n + 1)]);
  }
  const double c = absoluteDamping(o, meanDiagonal(a), most);
  if (!(least + c > o.threshold * (most + c)) || !(least + c > 0)) return false;  // also when NaN
  for (int i = 0; i < n; ++i) {
    d[i] = b[i * static_cast<int64_t>(n + 1)] + c;
    x[i] = static_cast<T>(inversePower(d[i], -1.0 / p));
  }
  if (p == 1) secondOrder<1>(p, n, b, d, x, product, r);
  else if (p == 2) secondOrder<2>(p, n, b, d, x, product, r);
  else if (p == 4) secondOrder<4>(p, n, b, d, x, product, r);
  else secondOrder<0>(p, n, b, d, x, product, r);
  const Estimate now = residualEstimate(p, n, b, c, r, x, static_cast<uint64_t>(state.probes));
  state.probes += n;
  // The error grows in proportion to the age, so all estimates in this basis speak about the present one; their mean
  // scatters less. 1.2 and three standard errors: measured, so that the tolerance holds at every one of 1e4 steps.
  const double age = state.age;
  const double rate = (state.rate * (age - 1) + now.square / (age * age)) / age;
  const double estimate = std::sqrt(1.2 * std::max(now.square, rate * age * age) + 3 * now.deviation);
  if (!(estimate <= tolerance)) return false;
  gemm<T>(false, false, n, n, n, T(1), r, n, basis.data, basis.ld, T(0), b, n);
  symmetricResult(true, false, n, basis.data, basis.ld, b, n, out.data, out.ld);
  state.age += 1;
  state.estimate = estimate;
  state.rate = rate;
  info = {least, most, c, RootMethod::FirstOrder, static_cast<int>(state.age), estimate};
  return true;
}

}  // namespace

template <typename T> RootInfo warmInverseRoot(const RootOptions& o, double tolerance, View<T> a, View<T> basis, WarmState& state, View<T> out) {
  const int n = a.rows;
  RootInfo info{kUnknown, kUnknown, 0, RootMethod::Eigh, 0, kUnknown};
  if (n == 0) return info;
  requireFiniteTriangle("a", true, n, a.data, a.ld);
  // The error grows in proportion to the age: an attempt that is bound to fail is not made.
  const bool hopeless = state.age > 1 && state.estimate * state.age > tolerance * (state.age - 1);
  if (state.age > 0 && !hopeless && state.waiting <= 0) {
    if (update(o, tolerance, a, basis, state, out, info)) {
      state.failures = 0;
      return info;
    }
    // A factor that jumps at every step is not worth an attempt at every step.
    if (state.age == 1) state.failures = std::min(state.failures + 1, 5.0);
    state.waiting = state.age == 1 ? std::exp2(state.failures) - 2 : 0;
  } else if (state.waiting > 0)
    state.waiting -= 1;
  info = eighRoot(o, a, out, &basis);
  state.age = 1;
  state.estimate = state.rate = 0;
  info.iterations = 1;
  return info;
}

template RootInfo warmInverseRoot(const RootOptions&, double, View<double>, View<double>, WarmState&, View<double>);
template RootInfo warmInverseRoot(const RootOptions&, double, View<float>, View<float>, WarmState&, View<float>);

namespace {

template <typename T> napi_value warmExport(Args& in) {
  const RootOptions o = readRootOptions(in);
  const double tolerance = in.bounded("tolerance", 0, 1);
  const int n = in.dimension("n");
  const auto a = in.matrix<T>("a", n, n), basis = in.matrix<T>("basis", n, n);
  const auto kept = in.contiguous<double>("state", 6);
  const auto out = in.matrix<T>("out", n, n);
  const auto report = in.contiguous<double>("info", 6);
  in.distinctOrSame(out, a);
  in.distinct(basis, a);
  in.distinct(out, basis);
  for (const auto& matrix : {a, basis, out}) {
    in.distinct(kept, matrix);
    in.distinct(report, matrix);
  }
  in.distinct(report, kept);
  WarmState state{kept.data[0], kept.data[1], kept.data[2], kept.data[3], kept.data[4], kept.data[5]};
  if (!(state.probes >= 0 && state.probes < 9e15)) state.probes = 0;
  const RootInfo info = warmInverseRoot(o, tolerance, a, basis, state, out);
  const double next[] = {state.age, state.estimate, state.probes, state.failures, state.waiting, state.rate};
  std::copy_n(next, 6, kept.data);
  const auto values = reported(info);
  std::copy(values.begin(), values.end(), report.data);
  return in.undefined();
}

}  // namespace

void registerWarmRoots(napi_env env, napi_value exports) {
  LAYERWISE_EXPORT(env, exports, "dWarmInverseRoot", warmExport<double>);
  LAYERWISE_EXPORT(env, exports, "sWarmInverseRoot", warmExport<float>);
}

}  // namespace layerwise
