// Level 2: matrix times vector. Vectors have a stride of at least 1.
#include "blas.h"
#include "operation.h"

namespace layerwise {
namespace {

/// β = 0 means that y is not read, whatever OpenBLAS's version makes of 0·NaN.
template <typename T> T cleared(T beta, const View<T>& y) {
  if (beta != 0) return beta;
  for (int i = 0; i < y.rows; ++i) *y.row(i) = 0;
  return 1;
}

template <typename T> struct Gemv {
  explicit Gemv(Args& in) {
    trans = in.boolean("trans");
    const int m = in.dimension("m"), n = in.dimension("n");
    alpha = in.scalar<T>("alpha");
    a = in.matrix<T>("a", m, n);
    x = in.vector<T>("x", trans ? m : n);
    beta = in.scalar<T>("beta");
    y = in.vector<T>("y", trans ? n : m);
    in.distinct(y, a);
    in.distinct(y, x);
  }
  void run() const {
    gemv(trans, a.rows, a.cols, alpha, a.data, a.ld, x.data, x.ld, beta, y.data, y.ld);
  }
  bool trans;
  T alpha, beta;
  View<T> a, x, y;
};

template <typename T> struct Symv {
  explicit Symv(Args& in) {
    lower = in.boolean("lower");
    const int n = in.dimension("n");
    alpha = in.scalar<T>("alpha");
    a = in.matrix<T>("a", n, n);
    x = in.vector<T>("x", n);
    beta = in.scalar<T>("beta");
    y = in.vector<T>("y", n);
    in.distinct(y, a);
    in.distinct(y, x);
  }
  void run() const {
    if (!y.empty()) Blas<T>::symv(CblasRowMajor, triangle(lower), a.rows, alpha, a.data, a.ld, x.data, x.ld, cleared(beta, y), y.data, y.ld);
  }
  bool lower;
  T alpha, beta;
  View<T> a, x, y;
};

template <typename T> struct Ger {
  explicit Ger(Args& in) {
    const int m = in.dimension("m"), n = in.dimension("n");
    alpha = in.scalar<T>("alpha");
    x = in.vector<T>("x", m);
    y = in.vector<T>("y", n);
    a = in.matrix<T>("a", m, n);
    in.distinct(a, x);
    in.distinct(a, y);
  }
  void run() const {
    if (!a.empty()) Blas<T>::ger(CblasRowMajor, a.rows, a.cols, alpha, x.data, x.ld, y.data, y.ld, a.data, a.ld);
  }
  T alpha;
  View<T> x, y, a;
};

const Operation kOperations[] = {
    LAYERWISE_OPERATION(Gemv, "gemv"),
    LAYERWISE_OPERATION(Symv, "symv"),
    LAYERWISE_OPERATION(Ger, "ger"),
};

}  // namespace

Operations blasLevel2() { return listed(kOperations); }

}  // namespace layerwise
