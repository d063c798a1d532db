#include "warm_roots.h"

#include <cmath>
#include <limits>
#include <type_traits>

#include "blas.h"
#include "divided_differences.h"
#include "either_precision.h"
#include "lapack.h"
#include "probes.h"
#include "range.h"
#include "root_residual.h"
#include "second_order.h"
#include "turn.h"
#include "workspace.h"

namespace layerwise {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
/// Below this tolerance the root itself is not rounded to single precision on the way.
constexpr double kSingleTolerance = 1e-5;
/// Rounding to single precision is half of this, relative; so many times that, measured, a rotation in single precision costs.
constexpr double kSingleRounding = 6e-8;
/// p beyond which a root is always exact.
constexpr int kLargestPower = 16;
/// How much of the tolerance the orthogonality of a basis may have lost, a root mean square.
constexpr double kLoss = 0.05;

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

/// B ← W A Wᵀ by products in precision F.
template <typename F, typename W, typename T> void rotate(int n, EitherPrecision<T>& a, EitherPrecision<T>& basis, W* b) {
  Workspace scope;
  const auto from = a.template in<F>();
  const auto w = basis.template in<F>();
  F* product = scope.take<F>(static_cast<int64_t>(n) * n);
  gemm<F>(false, false, n, n, n, from.factor, w.data, w.ld, from.data, from.ld, F(0), product, n);
  if constexpr (std::is_same_v<F, W>) symmetricResult(false, true, n, product, n, w.data, w.ld, b, n);
  else {
    F* wide = scope.take<F>(static_cast<int64_t>(n) * n);
    symmetricResult(false, true, n, product, n, w.data, w.ld, wide, n);
    for (int64_t i = 0; i < static_cast<int64_t>(n) * n; ++i) b[i] = static_cast<W>(wide[i]);
  }
}

/// out ← factor·C, C symmetric and read in its lower triangle.
template <typename W, typename T> void storeSymmetric(int n, const W* c, double factor, View<T> out) {
  constexpr int kTile = 8;
  const T scale = static_cast<T>(factor);
  const int tiled = n - n % kTile;
  for (int i0 = 0; i0 < tiled; i0 += kTile) {
    for (int j0 = 0; j0 < i0; j0 += kTile) {
      T tile[kTile][kTile];
      for (int i = 0; i < kTile; ++i) {
        const W* from = c + static_cast<int64_t>(i0 + i) * n + j0;
        T* to = out.row(i0 + i) + j0;
        for (int j = 0; j < kTile; ++j) to[j] = tile[j][i] = scale * static_cast<T>(from[j]);
      }
      for (int j = 0; j < kTile; ++j) std::copy_n(tile[j], kTile, out.row(j0 + j) + i0);
    }
    for (int i = i0; i < i0 + kTile; ++i)
      for (int j = i0; j <= i; ++j) out.row(i)[j] = out.row(j)[i] = scale * static_cast<T>(c[static_cast<int64_t>(i) * n + j]);
  }
  for (int i = tiled; i < n; ++i)
    for (int j = 0; j <= i; ++j) out.row(i)[j] = out.row(j)[i] = scale * static_cast<T>(c[static_cast<int64_t>(i) * n + j]);
}

/// How much a relative error of A, spread evenly over its elements, is larger in the root, both in the Frobenius norm:
/// δᵢⱼ of the rotated factor becomes at most δᵢⱼ √(xᵢxⱼ/dᵢdⱼ)/p.
template <typename T, typename X> double amplification(int p, int n, const T* d, double c, const X* x) {
  double sizes = 0, norm = 0, sum = 0;
  for (int i = 0; i < n; ++i) {
    const double di = d[i] + c, xi = x[i];
    sizes += di * di;
    norm += xi * xi;
    if (xi > 0) sum += xi / di;
  }
  return std::sqrt(sizes / norm) * sum / (static_cast<double>(n) * p);
}

/// Whether rounding errors of a rotation in precision F, so amplified, take a part of the tolerance that matters.
template <typename F> bool tooCoarse(double amplification, double tolerance) {
  return !std::is_same_v<F, double> && !(kSingleRounding * amplification <= tolerance / 8);
}

/// How far the largest eigenvalue of B may lie above its largest diagonal element: by Weyl's theorem and by Gershgorin's.
template <typename W> double largestAbove(int n, const W* b, double most) {
  double square = 0, gershgorin = most;
  for (int i = 0; i < n; ++i) {
    double sum = 0;
    for (int j = 0; j < n; ++j) {
      const double x = i == j ? 0 : std::abs(static_cast<double>(b[static_cast<int64_t>(i) * n + j]));
      sum += x;
      square += x * x;
    }
    gershgorin = std::max(gershgorin, static_cast<double>(b[static_cast<int64_t>(i) * (n + 1)]) + sum);
  }
  return std::min(std::sqrt(square), gershgorin - most);
}

/// How far above the threshold for small eigenvalues the diagonal of B must stay, so that an eigenvalue below it, which the diagonal
/// does not show, would be an error of the second or third order that the estimate cannot overlook. √n: it would be one of the root's n largest.
double margin(const RootOptions& o, double tolerance, int n) {
  const double x = 6 * o.p * tolerance * std::sqrt(static_cast<double>(n));
  return 1 + std::max(std::cbrt(x), std::sqrt(x));
}

enum class Outcome { Good, TooFar, TooCoarse };

/// The update in the old basis, the rotation of A computed in precision F, the rest in W. Unless it is good enough nothing is
/// written but the probes of the state: too coarse where F is the reason, else the factor has moved too far.
template <typename W, typename F, typename T>
Outcome update(const RootOptions& o, double tolerance, EitherPrecision<T>& a, EitherPrecision<T>& basis, View<T> own, double meanDiagonal, double unit, WarmState& state, View<T> out,
               RootInfo& info) {
  const int n = out.rows, p = o.p;
  const int64_t square = static_cast<int64_t>(n) * n;
  Workspace scope;
  W *b = scope.take<W>(square), *r = scope.take<W>(square), *product = scope.take<W>(square);
  W *x = scope.take<W>(n), *y = scope.take<W>(n);
  double *d = scope.take<double>(n), *root = scope.take<double>(n);
  rotate<F>(n, a, basis, b);
  double least = b[0], most = b[0];
  for (int i = 1; i < n; ++i) {
    least = std::min<double>(least, b[i * static_cast<int64_t>(n + 1)]);
    most = std::max<double>(most, b[i * static_cast<int64_t>(n + 1)]);
  }
  const double c = absoluteDamping(o, meanDiagonal, most) * (o.relativeTo == RelativeTo::Absolute ? unit : 1);
  const double cut = o.threshold > 0 ? o.threshold * (most + c) * margin(o, tolerance, n) : 0;
  if (!(least + c > cut)) return Outcome::TooFar;  // also when NaN
  for (int i = 0; i < n; ++i) {
    d[i] = b[i * static_cast<int64_t>(n + 1)] + c;
    root[i] = inversePower(d[i], -1.0 / p);
    x[i] = static_cast<W>(root[i]);
    y[i] = static_cast<W>(1 / root[i]);
  }
  const double amplified = amplification(p, n, d, 0, root);
  if (tooCoarse<F>(amplified, tolerance)) return Outcome::TooCoarse;
  dividedDifferences<W>().first(p, n, b, x, y, r);
  // What is not known of c, where it follows the largest eigenvalue.
  double uncertain = 0;
  if (o.relativeTo == RelativeTo::Max && o.damping > 0) {
    double norm = 0, slope = 0;
    for (int i = 0; i < n; ++i) {
      norm += root[i] * root[i];
      slope += root[i] / d[i] * (root[i] / d[i]);
    }
    uncertain = o.damping * largestAbove(n, b, most) * std::sqrt(slope / norm) / p;
  }
  // The error grows in proportion to the age, so all estimates in this basis speak about the present one; their mean scatters
  // less. 1.5 for what the first order in the error leaves out. Eight standard errors: with them an error that comes at once and
  // has but one direction, so that the probes scatter most, is underestimated once in a thousand times, and twofold never
  // (in 1e5). What a rotation in single precision does is looked at when the age is a power of two.
  const double age = state.age;
  const auto whole = static_cast<int64_t>(age);
  const bool given = !std::is_same_v<F, double> && (whole & (whole - 1)) == 0;
  double rate = 0, estimate = kUnknown;
  const auto good = [&](double before) {
    const Estimate now = residualEstimate(p, n, a, basis, c, b, given, r, root, static_cast<uint64_t>(state.probes));
    state.probes += n;
    rate = (before * (age - 1) + now.square / (age * age)) / age;
    estimate = std::sqrt(1.5 * std::max(now.square, rate * age * age) + 8 * now.deviation) + uncertain;
    return estimate <= tolerance;
  };
  // Where the first order is not enough, or will not be, the second serves once more, and the basis is turned. In a new basis
  // it will not be if it was not in the basis before (once in seven times it is asked all the same; a turn takes two or three estimates).
  const bool hopeless = age > 1 ? state.estimate * age > tolerance * (age - 1) : state.estimate > tolerance && std::fmod(state.probes / n, 7) > 0;
  const bool second = hopeless || !good(state.rate);
  const double first = age > 1 ? 0 : hopeless ? state.estimate : estimate;
  if (second) {
    addSecondOrder(p, n, b, d, root, r);
    // Rounding errors are as large in a new basis as in an old one: an update that fails there may be their fault.
    if (!good(0)) return age == 1 && !std::is_same_v<F, double> ? Outcome::TooCoarse : Outcome::TooFar;
  }
  const auto w = basis.template in<W>();
  gemm<W>(false, false, n, n, n, W(1), r, n, w.data, w.ld, W(0), product, n);
  symmetricResult(true, false, n, w.data, w.ld, product, n, r, n);
  // A root that does not fit is the exact path's to report.
  const double factor = inversePower(unit, 1.0 / p);
  if (!(largestElement(n, n, r, n) * factor <= static_cast<double>(std::numeric_limits<T>::max()))) return Outcome::TooFar;
  storeSymmetric(n, r, factor, out);
  state.age += 1;
  state.estimate = estimate;
  state.rate = rate;
  state.amplification = amplified;
  info = {least / unit, most / unit, c / unit, RootMethod::FirstOrder, static_cast<int>(state.age), estimate};
  if (second) {
    turn(n, b, d, basis, own);
    // A basis that is no longer orthogonal enough is made anew.
    const double loss = orthogonalityDefect(n, own.data, own.ld, static_cast<uint64_t>(state.probes)) / std::sqrt(static_cast<double>(n));
    state.age = loss <= kLoss * tolerance ? 1 : 0;
    state.probes += n;
    state.estimate = first;
    state.rate = 0;
  }
  return Outcome::Good;
}

/// The update in the precisions that the tolerance allows. In units of the mean eigenvalue, a power of two: single precision
/// has a narrow range.
template <typename T> Outcome update(const RootOptions& o, double tolerance, View<T> a, View<T> basis, WarmState& state, View<T> out, RootInfo& info) {
  const double mean = meanDiagonal(a);
  if (!(mean > 0 && mean <= std::numeric_limits<double>::max())) return Outcome::TooFar;
  constexpr int kRange = std::numeric_limits<T>::max_exponent - 8;
  const int exponent = std::clamp(-std::ilogb(mean), -kRange, kRange);
  const double unit = std::ldexp(1.0, exponent), meanInUnits = meanDiagonal(a, exponent);
  Workspace scope;
  EitherPrecision<T> factor(scope, a, unit), w(scope, basis);
  const auto in = [&](auto work, auto rotation) {
    return update<decltype(work), decltype(rotation)>(o, tolerance, factor, w, basis, meanInUnits, unit, state, out, info);
  };
  if constexpr (std::is_same_v<T, double>)
    if (tolerance < kSingleTolerance) return in(0.0, 0.0);
  const Outcome coarse = tooCoarse<float>(state.amplification, tolerance) ? Outcome::TooCoarse : in(0.0f, 0.0f);
  return coarse == Outcome::TooCoarse ? in(0.0f, 0.0) : coarse;
}

}  // namespace

template <typename T> RootInfo warmInverseRoot(const RootOptions& o, double tolerance, View<T> a, View<T> basis, WarmState& state, View<T> out) {
  const int n = a.rows;
  RootInfo info{kUnknown, kUnknown, 0, RootMethod::Eigh, 0, kUnknown};
  if (n == 0) return info;
  requireFiniteTriangle("a", true, n, a.data, a.ld);
  if (state.age > 0 && state.waiting <= 0 && o.p <= kLargestPower) {
    if (update(o, tolerance, a, basis, state, out, info) == Outcome::Good) {
      state.failures = 0;
      return info;
    }
    // A factor that jumps at every step is not worth an attempt at every step.
    if (state.age == 1) state.failures = std::min(state.failures + 1, 5.0);
    state.waiting = state.age == 1 ? std::exp2(state.failures) - 2 : 0;
  } else if (state.waiting > 0)
    state.waiting -= 1;
  Workspace scope;
  T *values = scope.take<T>(n), *x = scope.take<T>(n);
  EigenFound<T> found{basis, values, 0};
  info = eighRoot(o, a, out, &found);
  rootOfEigenvalues(o, n, values, found.c, o.p, x);
  state.age = 1;
  state.estimate = state.rate = 0;
  state.amplification = amplification(o.p, n, values, found.c, x);
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
  const auto kept = in.contiguous<double>("state", 7);
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
  WarmState state{kept.data[0], kept.data[1], kept.data[2], kept.data[3], kept.data[4], kept.data[5], kept.data[6]};
  if (!(state.probes >= 0 && state.probes < 9e15)) state.probes = 0;
  const RootInfo info = warmInverseRoot(o, tolerance, a, basis, state, out);
  const double next[] = {state.age, state.estimate, state.probes, state.failures, state.waiting, state.rate, state.amplification};
  std::copy_n(next, 7, kept.data);
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
