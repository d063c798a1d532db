// Level 1, on matrices: a vector of stride s is n×1 with leading dimension s.
#include <cmath>
#include <limits>

#include "blas.h"
#include "operation.h"

namespace layerwise {
namespace {

/// Calls f(n, row, increments…) on runs of equal steps: the only column, the whole matrix when it has no gaps, or row by row.
template <typename F, typename T, typename... Others> void overRuns(const F& f, const View<T>& x, const Others&... others) {
  if (x.empty()) return;
  if (x.cols == 1) return f(x.rows, 0, x.ld, others.ld...);
  const int64_t all = static_cast<int64_t>(x.rows) * x.cols;
  const bool gapless = x.ld == x.cols && ((others.ld == x.cols) && ...) && all <= std::numeric_limits<int>::max();
  if (x.rows == 1 || gapless) return f(static_cast<int>(all), 0, 1, (static_cast<void>(others), 1)...);
  for (int i = 0; i < x.rows; ++i) f(x.cols, i, 1, (static_cast<void>(others), 1)...);
}

template <typename T> struct Axpy {
  explicit Axpy(Args& in) {
    const int rows = in.dimension("rows"), cols = in.dimension("cols");
    alpha = in.scalar<T>("alpha");
    x = in.matrix<T>("x", rows, cols);
    y = in.matrix<T>("y", rows, cols);
    in.distinctOrSame(y, x);
  }
  void run() const {
    overRuns([this](int n, int i, int incx, int incy) { Blas<T>::axpy(n, alpha, x.row(i), incx, y.row(i), incy); }, x, y);
  }
  T alpha;
  View<T> x, y;
};

template <typename T> struct Dot {
  explicit Dot(Args& in) {
    const int rows = in.dimension("rows"), cols = in.dimension("cols");
    x = in.matrix<T>("x", rows, cols);
    y = in.matrix<T>("y", rows, cols);
  }
  double run() const {
    double sum = 0;
    overRuns([&](int n, int i, int incx, int incy) { sum += Blas<T>::dot(n, x.row(i), incx, y.row(i), incy); }, x, y);
    return sum;
  }
  View<T> x, y;
};

template <typename T> struct Nrm2 {
  explicit Nrm2(Args& in) {
    const int rows = in.dimension("rows"), cols = in.dimension("cols");
    x = in.matrix<T>("x", rows, cols);
  }
  /// √Σx²: directly where no square can have over- or underflowed, else as LAPACK's scaled sum of squares.
  double run() const {
    if (x.empty()) return 0;
    double sum = 0;
    overRuns([&](int n, int i, int inc) { sum += Blas<T>::dot(n, x.row(i), inc, x.row(i), inc); }, x);
    const double least = static_cast<double>(std::numeric_limits<T>::min()) * 0x1p60;
    return sum > least && sum < static_cast<double>(std::numeric_limits<T>::max()) ? std::sqrt(sum) : scaled();
  }
  double scaled() const {
    double scale = 0, ratio = 1;
    bool infinite = false;
    for (int i = 0; i < x.rows; ++i) {
      for (int j = 0; j < x.cols; ++j) {
        const double value = std::fabs(static_cast<double>(x.row(i)[j]));
        if (std::isnan(value)) return value;
        if (std::isinf(value)) {
          infinite = true;
        } else if (value > scale) {
          ratio = 1 + ratio * (scale / value) * (scale / value);
          scale = value;
        } else if (value > 0) {
          ratio += (value / scale) * (value / scale);
        }
      }
    }
    return infinite ? std::numeric_limits<double>::infinity() : scale * std::sqrt(ratio);
  }
  View<T> x;
};

template <typename T> struct Scal {
  explicit Scal(Args& in) {
    const int rows = in.dimension("rows"), cols = in.dimension("cols");
    alpha = in.scalar<T>("alpha");
    x = in.matrix<T>("x", rows, cols);
  }
  /// Not cblas_scal: whether that multiplies by 0 or stores 0 depends on OpenBLAS's version.
  void run() const {
    overRuns(
        [this](int n, int i, int64_t inc) {
          T* p = x.row(i);
          if (inc == 1) {
            for (int64_t j = 0; j < n; ++j) p[j] *= alpha;
          } else {
            for (int64_t j = 0; j < n; ++j) p[j * inc] *= alpha;
          }
        },
        x);
  }
  T alpha;
  View<T> x;
};

const Operation kOperations[] = {
    LAYERWISE_OPERATION(Axpy, "axpy"),
    LAYERWISE_OPERATION(Dot, "dot"),
    LAYERWISE_OPERATION(Nrm2, "nrm2"),
    LAYERWISE_OPERATION(Scal, "scal"),
};

}  // namespace

Operations blasLevel1() { return listed(kOperations); }

}  // namespace layerwise
