#include "roots.h"

#include <limits>
#include <string>

#include "blas.h"
#include "lapack.h"
#include "newton.h"
#include "range.h"
#include "workspace.h"

namespace layerwise {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

[[noreturn]] void notPositiveDefinite(double lambdaMin, double c) {
  throw NumericalError("ERR_NOT_POSITIVE_DEFINITE",
                       "a is not positive definite after damping by " + Args::text(c) + ": its smallest eigenvalue is " + Args::text(lambdaMin));
}

template <typename T> double largestEigenvalue(View<T> a) {
  Workspace scope;
  T* copy = scope.take<T>(static_cast<int64_t>(a.rows) * a.rows);
  T* w = scope.take<T>(a.rows);
  copyMatrix(a.rows, a.rows, a.data, a.ld, copy, a.rows);
  syevd(false, a.rows, copy, a.rows, w);
  return w[a.rows - 1];
}

/// The larger of |A|'s and c's exponents; as c's bound, damping·max|A| when it is relative.
template <typename T> int level(const RootOptions& o, View<T> a) {
  constexpr int kZero = std::numeric_limits<int>::min() / 2;
  double peak = 0;
  for (int i = 0; i < a.rows; ++i) peak = std::max<double>(peak, largestElement(1, i + 1, a.row(i), a.ld));
  const int size = peak > 0 ? std::ilogb(peak) : kZero;
  if (!(o.damping > 0)) return size;
  return std::max(size, std::ilogb(o.damping) + (o.relativeTo == RelativeTo::Absolute ? 0 : size));
}

/// The exponent that brings A and cI to ordinary size, or 0 when neither is extreme.
template <typename T> int unitFor(const RootOptions& o, View<T> a) {
  const int exponent = level(o, a);
  return std::abs(exponent) < std::numeric_limits<T>::max_exponent / 4 || exponent < -100000 ? 0 : -exponent;
}

/// 2^unit·A, from the lower triangle.
template <typename T> void inUnits(int unit, View<T> a, T* out) {
  const int n = a.rows;
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = 0; j <= i; ++j) out[i * n + j] = out[j * n + i] = unit == 0 ? a.row(i)[j] : static_cast<T>(std::ldexp(static_cast<double>(a.row(i)[j]), unit));
}

/// c for 2^unit·A, given its mean diagonal and largest eigenvalue.
double dampingInUnits(const RootOptions& o, int unit, double meanDiagonal, double lambdaMax) {
  return o.relativeTo == RelativeTo::Absolute ? std::ldexp(o.damping, unit) : absoluteDamping(o, meanDiagonal, lambdaMax);
}

template <typename T> RootInfo byCholesky(const RootOptions& o, View<T> a, View<T> out) {
  const int n = a.rows;
  // potrf and potri look after extreme sizes themselves, but A + cI has to fit.
  const int unit = o.damping > 0 ? std::min(0, std::numeric_limits<T>::max_exponent - 3 - level(o, a)) : 0;
  // In scratch: a failure leaves out untouched.
  Workspace scope;
  T* l = scope.take<T>(static_cast<int64_t>(n) * n);
  inUnits(unit, a, l);
  const View<T> scaled{l, n, n, n, "a"};
  const double lambdaMax = o.relativeTo == RelativeTo::Max ? largestEigenvalue(scaled) : kUnknown;
  const double c = dampingInUnits(o, unit, meanDiagonal(scaled), lambdaMax), absolute = std::ldexp(c, -unit);
  for (int i = 0; i < n; ++i) l[static_cast<int64_t>(i) * (n + 1)] += static_cast<T>(c);
  try {
    potrf(true, n, l, n);
    potri(true, n, l, n);
  } catch (const NumericalError& error) {
    if (std::string(error.code) == "ERR_OVERFLOW") throw;
    throw NumericalError("ERR_NOT_POSITIVE_DEFINITE", "a is not positive definite after damping by " + Args::text(absolute) + ": " + error.what());
  }
  shift(n, n, l, n, unit);
  copyMatrix(n, n, l, n, out.data, out.ld);
  return {kUnknown, std::ldexp(lambdaMax, -unit), absolute, RootMethod::Cholesky, 0, kUnknown};
}

template <typename T> RootInfo byCoupledNewton(const RootOptions& o, View<T> a, View<T> out) {
  const int n = a.rows, unit = unitFor(o, a);
  const int64_t square = static_cast<int64_t>(n) * n;
  Workspace scope;
  T *scaled = scope.take<T>(square), *root = scope.take<T>(square);
  inUnits(unit, a, scaled);
  const View<T> from{scaled, n, n, n, "a"}, to{root, n, n, n, "out"};
  const double lambdaMax = o.relativeTo == RelativeTo::Max ? largestEigenvalue(from) : kUnknown;
  RootInfo info = coupledNewton(o, dampingInUnits(o, unit, meanDiagonal(from), lambdaMax), lambdaMax, from, to);
  if (unit % o.p != 0) {
    const T factor = static_cast<T>(std::exp2(static_cast<double>(unit % o.p) / o.p));
    for (int64_t i = 0; i < square; ++i) root[i] *= factor;
  }
  shift(n, n, root, n, unit / o.p);
  requireRepresentable("the root", n, n, root, n);
  copyMatrix(n, n, root, n, out.data, out.ld);
  info.lambdaMax = std::ldexp(info.lambdaMax, -unit);
  info.damping = std::ldexp(info.damping, -unit);
  return info;
}

RootMethod choose(const RootOptions& o) {
  if (o.method != RootMethod::Auto) return o.method;
  return o.p == 1 && o.small == SmallEigenvalues::Refuse && o.relativeTo != RelativeTo::Max ? RootMethod::Cholesky : RootMethod::Eigh;
}

}  // namespace

double inversePower(double d, double exponent) {
  if (exponent == -1) return 1 / d;
  if (exponent == -0.5) return 1 / std::sqrt(d);
  if (exponent == -0.25) return 1 / std::sqrt(std::sqrt(d));
  if (exponent == -0.125) return 1 / std::sqrt(std::sqrt(std::sqrt(d)));
  return std::pow(d, exponent);
}

double absoluteDamping(const RootOptions& o, double meanDiagonal, double lambdaMax) {
  switch (o.relativeTo) {
    case RelativeTo::Trace: return o.damping * meanDiagonal;
    case RelativeTo::Max: return o.damping * lambdaMax;
    default: return o.damping;
  }
}

template <typename T> double meanDiagonal(const View<T>& a, int unit) {
  double sum = 0, mean = 0;
  for (int i = 0; i < a.rows; ++i) {
    const double x = std::ldexp(static_cast<double>(a.row(i)[i]), unit);
    sum += x;
    mean += x / a.rows;
  }
  return std::isfinite(sum) ? sum / a.rows : mean;
}

template <typename T> void rootOfEigenvalues(const RootOptions& o, int n, const T* lambda, double c, int64_t order, T* out, int unit) {
  const double exponent = -1.0 / static_cast<double>(order), factor = std::ldexp(std::exp2(static_cast<double>(unit % order) / static_cast<double>(order)), static_cast<int>(unit / order));
  const double cut = o.threshold * (lambda[n - 1] + c);
  for (int i = 0; i < n; ++i) {
    const double x = lambda[i] + c;
    if (o.small == SmallEigenvalues::Refuse ? !(x > 0) : !(cut > 0)) {
      if (o.small == SmallEigenvalues::PseudoInverse && lambda[n - 1] + c <= 0 && lambda[n - 1] + c >= 0 && x >= 0) out[i] = 0;  // A = 0
      else notPositiveDefinite(std::ldexp(lambda[0] + c, -unit), std::ldexp(c, -unit));
    } else if (o.small == SmallEigenvalues::PseudoInverse && x <= cut) out[i] = 0;
    else out[i] = static_cast<T>(inversePower(o.small == SmallEigenvalues::Floor ? std::max(x, cut) : x, exponent) * factor);
  }
}

template <typename T> RootInfo eighRoot(const RootOptions& o, View<T> a, View<T> out, EigenFound<T>* found) {
  const int n = a.rows, unit = unitFor(o, a);
  Workspace scope;
  T* v = scope.take<T>(static_cast<int64_t>(n) * n);
  T *w = scope.take<T>(n), *s = scope.take<T>(n);
  inUnits(unit, a, v);
  const double mean = meanDiagonal(View<T>{v, n, n, n, "a"});
  syevd(true, n, v, n, w);
  const double c = dampingInUnits(o, unit, mean, w[n - 1]);
  // Half the power on each side, so that the root is a symmetric product: V s (V s)ᵀ.
  rootOfEigenvalues(o, n, w, c, 2 * static_cast<int64_t>(o.p), s, unit);
  // Where its largest eigenvalue is near the end of the range, the product is formed below and checked.
  const T largest = largestElement(1, n, s, n);
  const bool extreme = !(std::abs(largest) < std::ldexp(T(1), std::numeric_limits<T>::max_exponent / 2 - 2));
  const int down = extreme ? std::ilogb(largest) : 0;
  if (found) {
    if (!extreme) copyMatrix(n, n, v, n, found->basis.data, found->basis.ld);
    std::copy_n(w, n, found->values);
    found->c = c;
  }
  T* turned = extreme ? scope.take<T>(static_cast<int64_t>(n) * n) : v;
  shift(1, n, s, n, -down);
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = 0; j < n; ++j) turned[i * n + j] = v[i * n + j] * s[i];
  if (extreme) {
    T* root = scope.take<T>(static_cast<int64_t>(n) * n);
    syrk<T>(true, n, n, T(1), turned, n, T(0), root, n);
    shift(n, n, root, n, 2 * down);
    requireRepresentable("the root", n, n, root, n);
    copyMatrix(n, n, root, n, out.data, out.ld);
    if (found) copyMatrix(n, n, v, n, found->basis.data, found->basis.ld);
  } else
    syrk<T>(true, n, n, T(1), turned, n, T(0), out.data, out.ld);
  return {std::ldexp(static_cast<double>(w[0]), -unit), std::ldexp(static_cast<double>(w[n - 1]), -unit), std::ldexp(c, -unit), RootMethod::Eigh, 0, kUnknown};
}

template <typename T> RootInfo inverseRoot(const RootOptions& o, View<T> a, View<T> out) {
  const int n = a.rows;
  if (n == 0) return {kUnknown, kUnknown, 0, choose(o), 0, kUnknown};
  requireFiniteTriangle("a", true, n, a.data, a.ld);
  switch (choose(o)) {
    case RootMethod::Cholesky: return byCholesky(o, a, out);
    case RootMethod::CoupledNewton: return byCoupledNewton(o, a, out);
    default: return eighRoot(o, a, out);
  }
}

template <typename T> void inverseRootBatch(const RootOptions& o, int n, int count, T* a, T* out, double* info) {
  const int64_t each = static_cast<int64_t>(n) * n;
  for (int i = 0; i < count; ++i) {
    const View<T> from{a + i * each, n, n, n > 1 ? n : 1, "a"}, to{out + i * each, n, n, n > 1 ? n : 1, "out"};
    try {
      const auto values = reported(inverseRoot(o, from, to));
      std::copy(values.begin(), values.end(), info + 6 * i);
    } catch (const NumericalError& error) {
      throw NumericalError(error.code, "matrix " + std::to_string(i) + " of " + std::to_string(count) + ": " + error.what());
    }
  }
}

template RootInfo inverseRoot(const RootOptions&, View<double>, View<double>);
template RootInfo inverseRoot(const RootOptions&, View<float>, View<float>);
template void inverseRootBatch(const RootOptions&, int, int, double*, double*, double*);
template void inverseRootBatch(const RootOptions&, int, int, float*, float*, double*);
template RootInfo eighRoot(const RootOptions&, View<double>, View<double>, EigenFound<double>*);
template RootInfo eighRoot(const RootOptions&, View<float>, View<float>, EigenFound<float>*);
template double meanDiagonal(const View<double>&, int);
template double meanDiagonal(const View<float>&, int);
template void rootOfEigenvalues(const RootOptions&, int, const double*, double, int64_t, double*, int);
template void rootOfEigenvalues(const RootOptions&, int, const float*, double, int64_t, float*, int);

RootOptions readRootOptions(Args& in) {
  RootOptions o;
  o.p = static_cast<int>(in.integer("p", 1, std::numeric_limits<int32_t>::max()));
  o.damping = in.bounded("damping", 0, std::numeric_limits<double>::max());
  o.relativeTo = static_cast<RelativeTo>(in.choice("relativeTo", {"absolute", "trace", "max"}));
  o.small = static_cast<SmallEigenvalues>(in.choice("small", {"refuse", "floor", "pseudo-inverse"}));
  o.threshold = in.bounded("threshold", 0, 1);
  if (o.small != SmallEigenvalues::Refuse && o.threshold == 0) in.rangeError("threshold", "positive when small eigenvalues are floored or dropped", "0");
  return o;
}

RootOptions readRootOptionsAndMethod(Args& in) {
  RootOptions o = readRootOptions(in);
  o.method = static_cast<RootMethod>(in.choice("method", {"auto", "eigh", "cholesky", "coupled-newton"}));
  if (o.method == RootMethod::Cholesky && o.p != 1) in.rangeError("method", "\"eigh\" when p > 1", "\"cholesky\"");
  if ((o.method == RootMethod::Cholesky || o.method == RootMethod::CoupledNewton) && o.small != SmallEigenvalues::Refuse) in.rangeError("method", "\"eigh\" when small eigenvalues are floored or dropped", "a method without eigenvalues");
  return o;
}

int readBatchCount(Args& in, int n) {
  const int count = in.dimension("count");
  const int64_t each = static_cast<int64_t>(n) * n;  // below 2⁶²; times count it could overflow
  if (each > 0 && count > std::numeric_limits<int32_t>::max() / each) in.rangeError("count", "such that count·n² is below 2³¹", std::to_string(count));
  return count;
}

std::array<double, 6> reported(const RootInfo& info) {
  return {info.lambdaMin, info.lambdaMax, info.damping, static_cast<double>(info.method), static_cast<double>(info.iterations), info.residual};
}

namespace {

template <typename T> napi_value inverseRootExport(Args& in) {
  const RootOptions o = readRootOptionsAndMethod(in);
  const int n = in.dimension("n");
  const auto a = in.matrix<T>("a", n, n), out = in.matrix<T>("out", n, n);
  const auto report = in.contiguous<double>("info", 6);
  in.distinctOrSame(out, a);
  in.distinct(report, a);
  in.distinct(report, out);
  const auto values = reported(inverseRoot(o, a, out));
  std::copy(values.begin(), values.end(), report.data);
  return in.undefined();
}

template <typename T> napi_value inverseRootBatchExport(Args& in) {
  const RootOptions o = readRootOptionsAndMethod(in);
  const int n = in.dimension("n"), count = readBatchCount(in, n);
  const int64_t each = static_cast<int64_t>(n) * n;
  const auto a = in.contiguous<T>("a", each * count), out = in.contiguous<T>("out", each * count);
  const auto report = in.contiguous<double>("info", 6 * static_cast<int64_t>(count));
  in.distinctOrSame(out, a);
  in.distinct(report, a);
  in.distinct(report, out);
  inverseRootBatch(o, n, count, a.data, out.data, report.data);
  return in.undefined();
}

}  // namespace

void registerRoots(napi_env env, napi_value exports) {
  LAYERWISE_EXPORT(env, exports, "dInverseRoot", inverseRootExport<double>);
  LAYERWISE_EXPORT(env, exports, "sInverseRoot", inverseRootExport<float>);
  LAYERWISE_EXPORT(env, exports, "dInverseRootBatch", inverseRootBatchExport<double>);
  LAYERWISE_EXPORT(env, exports, "sInverseRootBatch", inverseRootBatchExport<float>);
}

}  // namespace layerwise
