#include "warm_roots.h"

#include <cmath>
#include <limits>
#include <type_traits>

#include "blas.h"
#include "divided_differences.h"
#include "lapack.h"
#include "range.h"
#include "workspace.h"

namespace layerwise {
namespace {

/// Random vectors that an estimate takes: more where they cost little, and few rows average less. So few rows are all looked at.
constexpr int kFewest = 16;
constexpr int probesFor(int n) { return n <= kFewest ? n : n <= 64 ? 16 : 8; }
constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
/// Below this tolerance the root itself is not rounded to single precision on the way.
constexpr double kSingleTolerance = 1e-5;
/// Rounding to single precision is half of this, relative; so many times that, measured, a rotation in single precision costs.
constexpr double kSingleRounding = 6e-8;
/// p beyond which a root is always exact.
constexpr int kLargestPower = 16;
/// Largest norm of K² in a turn by K, for orthogonality up to 1e-7; how much of the tolerance a basis may have lost; and how many times the mean square of E two eigenvalues'
/// distance squared is for half of the first-order angle (all relative).
constexpr double kLargestTurn = 0.009, kLoss = 0.05, kGap = 4;

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

inline uint64_t mix(uint64_t z) {
  z = (z + 1) * 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

/// A symmetric or orthogonal matrix times `unit`, in either precision; the one it does not come in is made when first asked for.
template <typename T> class EitherPrecision {
  using Other = std::conditional_t<std::is_same_v<T, double>, float, double>;

 public:
  EitherPrecision(Workspace& scope, View<T> own, double unit = 1) : own_(own), unit_(unit), copy_(scope.take<Other>(static_cast<int64_t>(own.rows) * own.cols)) {}
  template <typename P> struct Operand {
    const P* data;
    int ld;
    P factor;
  };
  template <typename P> Operand<P> in() {
    if constexpr (std::is_same_v<P, T>) return {own_.data, own_.ld, static_cast<P>(unit_)};
    else {
      if (!made_) convert();
      return {copy_, own_.cols, P(1)};
    }
  }

 private:
  void convert() {
    for (int i = 0; i < own_.rows; ++i) {
      const T* from = own_.row(i);
      Other* to = copy_ + static_cast<int64_t>(i) * own_.cols;
      for (int j = 0; j < own_.cols; ++j) to[j] = static_cast<Other>(unit_ * from[j]);
    }
    made_ = true;
  }
  View<T> own_;
  double unit_;
  Other* copy_;
  bool made_ = false;
};

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

/// The second-order term Σₖ f[dᵢ,dₖ,dⱼ]·Eᵢₖ·Eₖⱼ of f(D + E), added to R. f[a,x,b] as a function of x is replaced by the multiple
/// of f[a₀,x,a₀] that fits at x = √(ab) (exact for p = 1), so that one symmetric product gives the sum; a₀ is a mean of the
/// eigenvalues that contribute most to the root.
template <typename W> void addSecondOrder(int p, int n, const W* b, const double* d, const double* x, W* r) {
  Workspace scope;
  const int64_t square = static_cast<int64_t>(n) * n;
  W *scaled = scope.take<W>(square), *product = scope.take<W>(square);
  W *u = scope.take<W>(n), *half = scope.take<W>(n), *left = scope.take<W>(n), *t = scope.take<W>(n), *e = scope.take<W>(n), *g = scope.take<W>(n);
  const double top = *std::max_element(d, d + n);
  double weight = 0, logarithm = 0;
  for (int i = 0; i < n; ++i) {
    const double xx = x[i] / x[0] * (x[i] / x[0]);
    weight += xx;
    logarithm += xx * std::log(d[i]);
  }
  const double centre = std::exp(logarithm / weight);
  for (int i = 0; i < n; ++i) {
    const double ui = 1 / inversePower(d[i] / top, -0.5 / p), root = std::sqrt(d[i] / top), difference = std::sqrt(secondDifference(p, d[i] / centre));
    u[i] = static_cast<W>(ui);
    half[i] = static_cast<W>(root);
    left[i] = static_cast<W>(std::sqrt(x[i]) * root / ui);
    t[i] = static_cast<W>(1 / difference);
    g[i] = static_cast<W>(difference);
    e[i] = static_cast<W>(1 / std::sqrt(d[i]));
  }
  const auto& kernels = dividedDifferences<W>();
  kernels.scale(n, b, e, g, scaled);
  syrk<W>(false, n, n, W(1), scaled, n, W(0), product, n);
  kernels.second(p, n, product, {u, half, left, t}, r);
}

/// The square of an estimate, and its standard error, which is large when the error lies in few directions.
struct Estimate {
  double square, deviation;
};

/// An estimate, by random signs z, of ‖R − f(B)‖_F / ‖f(B)‖_F from the residual that was to vanish,
///   √x (Rᵃ (W A Wᵀ + c) Rᵇ − I) √x z / p,   a + b = p, x = diag R:
/// to first order in the error δ its element (i, j) is δᵢⱼ times a factor that is 1 for xᵢ = xⱼ and larger otherwise.
/// With `given`, W A Wᵀ is applied factor by factor in double precision, so that what single precision did to B is seen.
template <typename W, typename T>
Estimate residualEstimate(int p, int n, EitherPrecision<T>& a, EitherPrecision<T>& basis, double c, const W* b, bool given, const W* r, const double* x, uint64_t first) {
  Workspace scope;
  const int probes = probesFor(n);
  const int64_t size = static_cast<int64_t>(n) * probes;
  W *z = scope.take<W>(size), *u = scope.take<W>(size), *v = scope.take<W>(size);
  double* w = scope.take<double>(n);
  double norm = 0;
  for (int i = 0; i < n; ++i) {
    w[i] = std::sqrt(x[i]);
    norm += x[i] * x[i];
    const uint64_t bits = mix(first + static_cast<uint64_t>(i));
    for (int k = 0; k < probes; ++k) {
      const double sign = n <= kFewest ? (i == k ? std::sqrt(n) : 0) : (bits >> k & 1) ? 1 : -1;
      z[i * probes + k] = u[i * probes + k] = static_cast<W>(sign * w[i]);
    }
  }
  const auto timesRoot = [&](int times) {
    for (; times > 0; --times) {
      gemm<W>(false, false, n, probes, n, W(1), r, n, u, probes, W(0), v, probes);
      std::swap(u, v);
    }
  };
  timesRoot((p + 1) / 2);
  if (given) {
    const auto factor = a.template in<double>(), rotation = basis.template in<double>();
    double *s = scope.take<double>(size), *t = scope.take<double>(size);
    for (int64_t i = 0; i < size; ++i) s[i] = u[i];
    gemm<double>(true, false, n, probes, n, 1, rotation.data, rotation.ld, s, probes, 0, t, probes);
    gemm<double>(false, false, n, probes, n, factor.factor, factor.data, factor.ld, t, probes, 0, s, probes);
    gemm<double>(false, false, n, probes, n, 1, rotation.data, rotation.ld, s, probes, 0, t, probes);
    for (int64_t i = 0; i < size; ++i) u[i] = static_cast<W>(t[i] + c * u[i]);
  } else {
    gemm<W>(false, false, n, probes, n, W(1), b, n, u, probes, W(0), v, probes);
    for (int64_t i = 0; i < size; ++i) u[i] = static_cast<W>(v[i] + c * u[i]);
  }
  timesRoot(p / 2);
  double squares[kFewest] = {}, mean = 0, variance = 0;
  for (int i = 0; i < n; ++i)
    for (int k = 0; k < probes; ++k) {
      const double e = w[i] * (static_cast<double>(u[i * probes + k]) - z[i * probes + k]);
      squares[k] += e * e;
    }
  const double scale = 1 / (norm * p * p);
  for (int k = 0; k < probes; ++k) mean += squares[k] * scale / probes;
  for (int k = 0; k < probes; ++k) variance += (squares[k] * scale - mean) * (squares[k] * scale - mean) / (probes - 1);
  return {mean, n <= kFewest ? 0 : std::sqrt(variance / probes)};
}

/// Turns the basis W towards the eigenvectors of A, given B = W A Wᵀ = D + E: W ← P W, P = K + √(I + K²) orthogonal, K from
/// first-order perturbation. Pairs of eigenvalues closer than E is large stay as they are. No LAPACK.
template <typename W, typename T> void turn(int n, const W* b, const double* d, EitherPrecision<T>& basis, View<T> own) {
  Workspace scope;
  const int64_t square = static_cast<int64_t>(n) * n;
  W *k = scope.take<W>(square), *n1 = scope.take<W>(square), *n2 = scope.take<W>(square), *dw = scope.take<W>(n);
  W* e = scope.take<W>(n);
  for (int i = 0; i < n; ++i) dw[i] = static_cast<W>(d[i]), e[i] = static_cast<W>(1 / d[i]);
  const auto& kernels = dividedDifferences<W>();
  kernels.generator(n, b, dw, static_cast<W>(kGap * kernels.relativeSquare(n, b, e) / n), k);
  syrk<W>(false, n, n, W(1), k, n, W(0), n1, n);
  syrk<W>(false, n, n, W(1), n1, n, W(0), n2, n);
  // P is orthogonal up to N³/8.
  const double s = std::sqrt(std::min(1.0, kLargestTurn / std::sqrt(static_cast<double>(Blas<W>::nrm2(static_cast<int>(square), n2, 1)))));
  kernels.rotation(n, static_cast<W>(s), k, n1, n2);
  const auto w = basis.template in<W>();
  gemm<W>(false, false, n, n, n, W(1), k, n, w.data, w.ld, W(0), n1, n);
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < n; ++j) own.row(i)[j] += static_cast<T>(n1[static_cast<int64_t>(i) * n + j]);
}

/// An estimate of ‖W Wᵀ − I‖_F / √n by random signs.
template <typename T> double lostOrthogonality(int n, EitherPrecision<T> basis, uint64_t first) {
  Workspace scope;
  constexpr int probes = 8;
  const int64_t size = static_cast<int64_t>(n) * probes;
  double *z = scope.take<double>(size), *u = scope.take<double>(size), *v = scope.take<double>(size);
  for (int i = 0; i < n; ++i) {
    const uint64_t bits = mix(first + static_cast<uint64_t>(i));
    for (int k = 0; k < probes; ++k) z[i * probes + k] = bits >> k & 1 ? 1 : -1;
  }
  const auto w = basis.template in<double>();
  gemm<double>(true, false, n, probes, n, 1, w.data, w.ld, z, probes, 0, u, probes);
  gemm<double>(false, false, n, probes, n, 1, w.data, w.ld, u, probes, 0, v, probes);
  double sum = 0;
  for (int64_t i = 0; i < size; ++i) sum += (v[i] - z[i]) * (v[i] - z[i]);
  return std::sqrt(sum / static_cast<double>(size));
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

/// The update in the old basis, the rotation of A computed in precision F, the rest in W. False when it would not be good
/// enough; then nothing is written but the probes of the state.
template <typename W, typename F, typename T>
bool update(const RootOptions& o, double tolerance, EitherPrecision<T>& a, EitherPrecision<T>& basis, View<T> own, double meanDiagonal, double unit, WarmState& state, View<T> out,
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
  const double c = absoluteDamping(o, unit * meanDiagonal, most) * (o.relativeTo == RelativeTo::Absolute ? unit : 1);
  if (!(least + c > o.threshold * (most + c)) || !(least + c > 0)) return false;  // also when NaN
  for (int i = 0; i < n; ++i) {
    d[i] = b[i * static_cast<int64_t>(n + 1)] + c;
    root[i] = inversePower(d[i], -1.0 / p);
    x[i] = static_cast<W>(root[i]);
    y[i] = static_cast<W>(1 / root[i]);
  }
  dividedDifferences<W>().first(p, n, b, x, y, r);
  // The error grows in proportion to the age, so all estimates in this basis speak about the present one; their mean scatters
  // less. 1.5 and three standard errors: measured, so that the tolerance holds at every one of 1e4 steps. What a rotation in
  // single precision does is looked at when the age is a power of two.
  const double age = state.age;
  const auto whole = static_cast<int64_t>(age);
  const bool given = !std::is_same_v<F, double> && (whole & (whole - 1)) == 0;
  double rate = 0, estimate = kUnknown;
  const auto good = [&](double before) {
    const Estimate now = residualEstimate(p, n, a, basis, c, b, given, r, root, static_cast<uint64_t>(state.probes));
    state.probes += n;
    rate = (before * (age - 1) + now.square / (age * age)) / age;
    estimate = std::sqrt(1.5 * std::max(now.square, rate * age * age) + 3 * now.deviation);
    return estimate <= tolerance;
  };
  // Where the first order is not enough, or will not be, the second serves once more, and the basis is turned.
  const bool hopeless = age > 1 && state.estimate * age > tolerance * (age - 1);
  const bool second = hopeless || !good(state.rate);
  if (second) {
    addSecondOrder(p, n, b, d, root, r);
    if (!good(0)) return false;
  }
  const auto w = basis.template in<W>();
  gemm<W>(false, false, n, n, n, W(1), r, n, w.data, w.ld, W(0), product, n);
  symmetricResult(true, false, n, w.data, w.ld, product, n, r, n);
  // A root that does not fit is the exact path's to report.
  const double factor = inversePower(unit, 1.0 / p);
  if (!(largestElement(n, n, r, n) * factor <= static_cast<double>(std::numeric_limits<T>::max()))) return false;
  storeSymmetric(n, r, factor, out);
  state.age += 1;
  state.estimate = estimate;
  state.rate = rate;
  state.amplification = amplification(p, n, d, 0, root);
  info = {least / unit, most / unit, c / unit, RootMethod::FirstOrder, static_cast<int>(state.age), estimate};
  if (second) {
    turn(n, b, d, basis, own);
    // A basis that is no longer orthogonal enough is made anew.
    state.age = lostOrthogonality(n, EitherPrecision<T>(scope, own), static_cast<uint64_t>(state.probes)) <= kLoss * tolerance ? 1 : 0;
    state.probes += n;
    state.estimate = state.rate = 0;
  }
  return true;
}

/// The update in the precisions that the tolerance allows. In units of the mean eigenvalue, a power of two: single precision
/// has a narrow range.
template <typename T> bool update(const RootOptions& o, double tolerance, View<T> a, View<T> basis, WarmState& state, View<T> out, RootInfo& info) {
  const double mean = meanDiagonal(a);
  if (!(mean > 0 && mean <= std::numeric_limits<double>::max())) return false;
  constexpr int kRange = std::numeric_limits<T>::max_exponent - 8;
  const double unit = std::ldexp(1.0, std::clamp(-std::ilogb(mean), -kRange, kRange));
  Workspace scope;
  EitherPrecision<T> factor(scope, a, unit), w(scope, basis);
  const auto in = [&](auto work, auto rotation) {
    return update<decltype(work), decltype(rotation)>(o, tolerance, factor, w, basis, mean, unit, state, out, info);
  };
  if constexpr (std::is_same_v<T, double>)
    if (tolerance < kSingleTolerance) return in(0.0, 0.0);
  if (kSingleRounding * state.amplification > tolerance / 8) return in(0.0f, 0.0);
  // Rounding errors are as large in a new basis as in an old one: an update that fails there may be their fault.
  return in(0.0f, 0.0f) || (state.age == 1 && in(0.0f, 0.0));
}

}  // namespace

template <typename T> RootInfo warmInverseRoot(const RootOptions& o, double tolerance, View<T> a, View<T> basis, WarmState& state, View<T> out) {
  const int n = a.rows;
  RootInfo info{kUnknown, kUnknown, 0, RootMethod::Eigh, 0, kUnknown};
  if (n == 0) return info;
  requireFiniteTriangle("a", true, n, a.data, a.ld);
  if (state.age > 0 && state.waiting <= 0 && o.p <= kLargestPower) {
    if (update(o, tolerance, a, basis, state, out, info)) {
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
  rootOfEigenvalues(o, n, values, found.c, -1.0 / o.p, x);
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
