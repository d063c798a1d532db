// Level 1, on matrices: a vector of stride s is n×1 with leading dimension s.
#include <cmath>
#include <limits>

#include "args.h"
#include "blas.h"

namespace layerwise {
namespace {

/// Calls f(n, offsets…) on runs of equal steps: the whole matrix when it lies without gaps, its only column, or row by row.
template <typename T, typename F> void overRuns(const View<T>& x, const F& f) {
  if (x.empty()) return;
  if (x.cols == 1) return f(x.rows, 0, x.ld);
  const int64_t all = static_cast<int64_t>(x.rows) * x.cols;
  if (x.rows == 1 || (x.ld == x.cols && all <= std::numeric_limits<int>::max())) return f(static_cast<int>(all), 0, 1);
  for (int i = 0; i < x.rows; ++i) f(x.cols, i, 1);
}

template <typename T, typename F> void overRuns(const View<T>& x, const View<T>& y, const F& f) {
  if (x.empty()) return;
  if (x.cols == 1) return f(x.rows, 0, x.ld, y.ld);
  const int64_t all = static_cast<int64_t>(x.rows) * x.cols;
  if (x.rows == 1 || (x.ld == x.cols && y.ld == y.cols && all <= std::numeric_limits<int>::max())) return f(static_cast<int>(all), 0, 1, 1);
  for (int i = 0; i < x.rows; ++i) f(x.cols, i, 1, 1);
}

template <typename T> napi_value axpyExport(Args& in) {
  const int rows = in.dimension("rows"), cols = in.dimension("cols");
  const T alpha = in.scalar<T>("alpha");
  const auto x = in.matrix<T>("x", rows, cols);
  const auto y = in.matrix<T>("y", rows, cols);
  in.distinctOrSame(y, x);
  overRuns(x, y, [&](int n, int i, int incx, int incy) { Blas<T>::axpy(n, alpha, x.row(i), incx, y.row(i), incy); });
  return in.undefined();
}

template <typename T> napi_value dotExport(Args& in) {
  const int rows = in.dimension("rows"), cols = in.dimension("cols");
  const auto x = in.matrix<T>("x", rows, cols);
  const auto y = in.matrix<T>("y", rows, cols);
  double sum = 0;
  overRuns(x, y, [&](int n, int i, int incx, int incy) { sum += Blas<T>::dot(n, x.row(i), incx, y.row(i), incy); });
  return in.result(sum);
}

/// √Σx²: directly where no square can have over- or underflowed, else with LAPACK's scaled sum of squares.
template <typename T> double norm(const View<T>& x) {
  double sum = 0;
  overRuns(x, [&](int n, int i, int inc) { sum += Blas<T>::dot(n, x.row(i), inc, x.row(i), inc); });
  const double least = static_cast<double>(std::numeric_limits<T>::min()) * 0x1p60;
  if (sum > least && sum < static_cast<double>(std::numeric_limits<T>::max())) return std::sqrt(sum);
  double scale = 0, ratio = 1;
  bool infinite = false;
  for (int i = 0; i < x.rows; ++i) {
    for (int j = 0; j < x.cols; ++j) {
      const double value = std::fabs(static_cast<double>(x.row(i)[j]));
      if (std::isnan(value)) return value;
      if (std::isinf(value)) infinite = true;
      else if (value > scale) {
        ratio = 1 + ratio * (scale / value) * (scale / value);
        scale = value;
      } else if (value > 0) {
        ratio += (value / scale) * (value / scale);
      }
    }
  }
  return infinite ? std::numeric_limits<double>::infinity() : scale * std::sqrt(ratio);
}

template <typename T> napi_value nrm2Export(Args& in) {
  const int rows = in.dimension("rows"), cols = in.dimension("cols");
  return in.result(norm(in.matrix<T>("x", rows, cols)));
}

template <typename T> napi_value scalExport(Args& in) {
  const int rows = in.dimension("rows"), cols = in.dimension("cols");
  const T alpha = in.scalar<T>("alpha");
  const auto x = in.matrix<T>("x", rows, cols);
  // Not cblas_scal: whether it multiplies by 0 or stores 0 depends on OpenBLAS's version.
  overRuns(x, [&](int n, int i, int inc) {
    T* p = x.row(i);
    if (inc == 1) for (int64_t j = 0; j < n; ++j) p[j] *= alpha;
    else for (int64_t j = 0; j < n; ++j) p[j * inc] *= alpha;
  });
  return in.undefined();
}

}  // namespace

void registerBlasLevel1(napi_env env, napi_value exports) {
  LAYERWISE_EXPORT(env, exports, "daxpy", axpyExport<double>);
  LAYERWISE_EXPORT(env, exports, "saxpy", axpyExport<float>);
  LAYERWISE_EXPORT(env, exports, "ddot", dotExport<double>);
  LAYERWISE_EXPORT(env, exports, "sdot", dotExport<float>);
  LAYERWISE_EXPORT(env, exports, "dnrm2", nrm2Export<double>);
  LAYERWISE_EXPORT(env, exports, "snrm2", nrm2Export<float>);
  LAYERWISE_EXPORT(env, exports, "dscal", scalExport<double>);
  LAYERWISE_EXPORT(env, exports, "sscal", scalExport<float>);
}

}  // namespace layerwise
